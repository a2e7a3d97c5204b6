/** A stand-in for the sidecar that makes quotes in a Nitro enclave, on the loopback. @module */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** How it answers. */
export type SidecarAnswer = "right" | "500" | "404" | "hang" | "other data" | "other nonce" | "large";

/** Bytes in the shape of an attestation document, which no verifier takes: CBOR with both fields. */
export function shapedDocument({ data, nonce }: { data: Uint8Array; nonce: Uint8Array }): Uint8Array<ArrayBuffer> {
  const text = (name: string) => [0x60 | name.length, ...new TextEncoder().encode(name)];
  const bytes = (value: Uint8Array) =>
    value.length === 0 ? [0xf6] : value.length < 24 ? [0x40 | value.length, ...value] : [0x58, value.length, ...value];
  return new Uint8Array([0xa2, ...text("user_data"), ...bytes(data), ...text("nonce"), ...bytes(nonce)]);
}

export interface QuoteSidecar extends AsyncDisposable {
  readonly url: URL;
  /** Queries of the requests, in order. */
  readonly asked: Record<string, string>[];
}

/** Start one; it answers every request in the same way. */
export async function startSidecar(answer: SidecarAnswer = "right"): Promise<QuoteSidecar> {
  const asked: Record<string, string>[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://sidecar");
    const query = Object.fromEntries(url.searchParams);
    asked.push(query);
    if (url.pathname !== "/attestation/raw") return void response.writeHead(404).end("no such path");
    const other = new Uint8Array(64).fill(0xff);
    switch (answer) {
      case "hang":
        return;
      case "404":
      case "500":
        return void response.writeHead(Number(answer)).end(`the device\nsays no`);
      case "large":
        return void response.end(new Uint8Array(40_000));
    }
    const nonce = Uint8Array.fromHex(query.nonce ?? "");
    response.end(shapedDocument({
      data: answer === "other data" ? other : Uint8Array.fromHex(query.user_data ?? ""),
      nonce: answer === "other nonce" ? other : nonce,
    }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/attestation/raw`),
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
