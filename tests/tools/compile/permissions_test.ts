/** The permissions that are compiled into the executable. @module */

import { assert, assertEquals } from "@std/assert";
import { permissionFlags } from "../../../src/tools/compile/permissions.ts";

function valueOf(flags: readonly string[], name: string): string[] | undefined {
  return flags.find((flag) => flag.startsWith(`${name}=`))?.slice(name.length + 1).split(",");
}

Deno.test("the sockets and the report directory of a TEE may be read and written, whatever hosts are allowed", () => {
  for (const hosts of ["every", ["example.org:443"], []] as const) {
    const flags = permissionFlags(hosts);
    for (const path of ["/var/run/dstack.sock", "/run/dstack.sock", "/run/tsm-report"]) {
      assert(valueOf(flags, "--allow-read")?.includes(path), path);
      assert(valueOf(flags, "--allow-write")?.includes(path), path);
    }
  }
});

Deno.test("where hosts are named, the sockets count among them, and nothing else is added", () => {
  const added = (hosts: readonly string[]) =>
    (valueOf(permissionFlags(hosts), "--allow-net") ?? []).filter((host) => !hosts.includes(host));
  const expected = Deno.version.deno.startsWith("2.7.") ? [] : [
    "unix:/var/run/dstack.sock",
    "unix:/run/dstack.sock",
    "unix:/var/run/dstack/dstack.sock",
    "unix:/run/dstack/dstack.sock",
  ];
  assertEquals(added(["example.org:443"]), expected);
  assertEquals(added([]), expected);
  assert(permissionFlags("every").includes("--allow-net"));
  // Deno 2.7.11 asks for no permission but to read and to write the socket, and takes no empty list.
  const flags = permissionFlags([]).filter((flag) => flag.startsWith("--allow-net"));
  assertEquals(flags, expected.length > 0 ? [`--allow-net=${expected.join(",")}`] : []);
});
