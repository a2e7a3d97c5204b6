// The baseline: a client as the guide designs it, for Node and `ws`. It keeps every answer in an array and writes the
// whole of it to responses.json for each one, with no journal and no fsync. Its model answers at once, too.
// Arguments: the server's URL, a folder for the output, the file URL of `ws`, how many answers are there from before.

import { writeFileSync } from "node:fs";

const ANSWER = "iExec is a marketplace for computing power, data sets and applications that run in enclaves.";
const [url, folder, wsPackage, before] = process.argv.slice(2);
const { default: WebSocket } = await import(wsPackage);
const agentId = "550e8400-e29b-41d4-a716-446655440000";
const answerTo = (queryId) => ({ queryId, response: ANSWER, timestamp: Date.now(), agentId });
const responses = Array.from({ length: Number(before) }, (_, index) => answerTo(`before${index}`));
const seen = new Set();

const socket = new WebSocket(url);
const send = (message) => socket.send(JSON.stringify({ ...message, timestamp: Date.now() }));

socket.on("open", () => send({ type: "auth", agentId }));
socket.on("message", async (data) => {
  const { type, id } = JSON.parse(data.toString());
  if (type !== undefined || seen.has(id)) return;
  seen.add(id);
  console.log(`📥 Processing new event: ${id}`);
  const response = await Promise.resolve(ANSWER);
  console.log(`✅ Generated AI response for event ${id}`);
  responses.push({ ...answerTo(id), response });
  writeFileSync(`${folder}/responses.json`, JSON.stringify(responses, null, 2));
  send({ type: "response", queryId: id, response, agentId });
  send({ type: "ack", eventId: id, status: "processed" });
});
socket.on("close", () => process.exit(0));
process.on("SIGTERM", () => socket.close(1000));
