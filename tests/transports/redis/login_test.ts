/** What a Redis server says of a login, as far as it may be told. @module */

import { assertEquals, assertRejects } from "@std/assert";
import { connectRedis } from "../../../src/transports/redis/connection.ts";

Deno.test("a server that quotes a login which it does not know is told of without the password", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(1024));
    // As Redis does where `AUTH` was renamed, and as a sentinel that has no `AUTH`.
    const said = "-ERR unknown command 'AUTH', with args beginning with: 'agent' 'CANARY'\r\n";
    await connection.write(new TextEncoder().encode(said));
    while (await connection.read(new Uint8Array(1024)).catch(() => null) !== null);
  })();
  const url = new URL(`redis://agent:CANARY@127.0.0.1:${listener.addr.port}`);
  const { message } = await assertRejects(() => connectRedis({ url }, { silenceMs: 10_000 }), Error);
  assertEquals(message, "ERR unknown command 'AUTH', with args beginning with: '[…]' '[…]'");
  await served;
});
