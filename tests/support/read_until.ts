/** Reading from a connection until there is enough. @module */

/** @throws {Error} If the connection ends before. */
export async function readUntil(
  connection: Deno.Conn,
  isEnough: (bytes: Uint8Array) => boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  let read = new Uint8Array();
  const piece = new Uint8Array(4_096);
  while (!isEnough(read)) {
    const size = await connection.read(piece);
    if (size === null) throw new Error("the connection ended too early");
    read = new Uint8Array([...read, ...piece.subarray(0, size)]);
  }
  return read;
}
