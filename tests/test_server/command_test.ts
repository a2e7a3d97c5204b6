/** The command line of the test server, as a process. @module */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connect } from "../support/client.ts";
import { startServer } from "../support/server.ts";
import { startServerProcess } from "../support/server_process.ts";

const AGENT = "550e8400-e29b-41d4-a716-446655440000";
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} closes every client with 1000 and ends the command with 0`, async () => {
    await using server = startServerProcess({ args: ["--port", "0"], env: { WEBSOCKET_AUTH_TOKEN: "secret" } });
    const url = (await server.printed("🌐 WebSocket Server listening on ")).replace(/^.* /, "");
    assertMatch(url, /^ws:\/\/localhost:\d+$/);
    await using agent = await connect(url);
    await using bystander = await connect(url);
    agent.authenticate({ agentId: AGENT, token: "secret" });
    assertEquals((await agent.received(4)).length, 4);
    server.kill(signal);
    for (const client of [agent, bystander]) {
      const { code, wasClean } = await client.closed();
      assertEquals({ code, wasClean }, { code: 1000, wasClean: true });
    }
    assertEquals(await server.ended, { code: 0, errors: "" });
  });
}

for (
  const [host, token, isWarned] of [["0.0.0.0", "", true], ["0.0.0.0", "secret", false], [
    "127.0.0.1",
    "",
    false,
  ]] as const
) {
  Deno.test(`at ${host} with ${token === "" ? "no" : "a"} token, ${isWarned ? "a" : "no"} warning says that everybody may in`, async () => {
    await using server = startServerProcess({
      args: ["--port", "0", "--host", host],
      env: { WEBSOCKET_AUTH_TOKEN: token },
    });
    await server.printed("⏳ Waiting for connections...");
    assertEquals(server.lines.some((line) => line.startsWith("⚠️ WEBSOCKET_AUTH_TOKEN is not set")), isWarned);
  });
}

Deno.test("a port in use ends the command with 69 and says what to do", async () => {
  await using taken = await startServer();
  await using server = startServerProcess({ args: ["--host", "127.0.0.1", "--port", String(taken.port)] });
  assertEquals(await server.ended, {
    code: 69,
    errors: `Cannot listen on 127.0.0.1, port ${taken.port}: the port is in use. ` +
      "Stop the program that has it, or choose another port with --port.\n",
  });
});

for (
  const [args, complaint] of [
    [["--prot", "8080"], "Unknown option '--prot'"],
    [["8080"], "Unexpected argument '8080'"],
    [["--port", "http"], "--port must be a number from 0 to 65535, got http."],
    [["--port", "65536"], "--port must be a number from 0 to 65535, got 65536."],
    [["--events", "0"], "--events must be a whole number from 1 to 100000, got 0."],
    [["--events", "1.5"], "--events must be a whole number from 1 to 100000, got 1.5."],
    [["--events", "9", "--rate", "0"], "--rate must be a number above 0, got 0."],
    [["--events", "9", "--rate", "fast"], "--rate must be a number above 0, got fast."],
    [["--require-attestation"], "--require-attestation needs to know which system"],
    [
      ["--require-attestation", "--measurement", "mrtd=00", "--measurement", "pcr4=00"],
      "name mrtd, rtmr1 and rtmr2 (TDX)",
    ],
    [["--rate", "9"], "--rate goes with --events."],
    [["--port", "0", "--port", "1"], "--port is given twice: give it once, and call again."],
  ] as const
) {
  Deno.test(`arguments ${args.join(" ")}: the command ends with 64 and says what is wrong`, async () => {
    await using server = startServerProcess({ args });
    const { code, errors } = await server.ended;
    assertEquals(code, 64);
    assertStringIncludes(errors, complaint);
    assertStringIncludes(errors, "Try --help.");
  });
}

for (
  const [wrong, env, complaint] of [
    [
      "a certificate without its key",
      { TLS_CERT: "cert.pem" },
      "TLS_CERT is set and TLS_KEY is not. Set both, or none.",
    ],
    ["a file it may not read", { TLS_CERT: "cert.pem", TLS_KEY: "key.pem" }, "Run it with --allow-read=cert.pem."],
  ] as const
) {
  Deno.test(`${wrong}: the command ends with 78 and says so`, async () => {
    await using server = startServerProcess({ args: ["--port", "0"], env, withoutRead: true });
    const { code, errors } = await server.ended;
    assertEquals(code, 78);
    assertStringIncludes(errors, complaint);
  });
}

Deno.test("--help names every option and variable", async () => {
  await using server = startServerProcess({ args: ["--help"] });
  assertEquals(await server.ended, { code: 0, errors: "" });
  const help = server.lines.join("\n");
  const options = ["--port", "--host", "--broadcast", "--events", "--rate", "--help"];
  for (const name of [...options, "WEBSOCKET_AUTH_TOKEN", "TLS_CERT", "TLS_KEY"]) {
    assertStringIncludes(help, name);
  }
});
