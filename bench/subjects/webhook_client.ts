/**
 * The sender of webhooks, in a process of its own: signs a supply of them first, then sends as many as
 * each line of its input asks for, over 32 connections, and answers with how many were taken.
 *
 * @module
 */
import { StandardWebhook } from "@beat/http";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { BODY, SECRET } from "./webhook_body.ts";

const CONNECTIONS = 32;
/** More than the receiver remembers, so that each is new to it when its turn comes again. */
const SUPPLY = 30_000;

const webhook = new StandardWebhook(SECRET);
const supply: Uint8Array[] = [];
for (let i = 0; i < SUPPLY; i++) {
  const headers = { ...await webhook.sign(`msg_${i}`, BODY), "content-type": "application/json" };
  const lines = Object.entries({ host: "x", ...headers, "content-length": BODY.length });
  const head = `POST /orders HTTP/1.1\r\n${
    lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")
  }\r\n`;
  supply.push(Uint8Array.from([...new TextEncoder().encode(head), ...BODY]));
}

const sockets: Socket[] = await Promise.all(
  Array.from({ length: CONNECTIONS }, () =>
    new Promise<Socket>((resolve) => {
      const socket: Socket = connect(Number(process.argv[2]), "127.0.0.1", () => resolve(socket));
      socket.setNoDelay(true);
    })),
);

let next = 0;

async function send(count: number): Promise<number> {
  let left = count;
  let taken = 0;
  await Promise.all(sockets.map((socket) =>
    new Promise<void>((resolve) => {
      const step = () => {
        if (left === 0) {
          socket.off("data", receive);
          return resolve();
        }
        left--;
        socket.write(supply[next++ % SUPPLY]!);
      };
      const receive = (data: Uint8Array) => {
        // "HTTP/1.1 2…": answers without a body come in one piece.
        if (data[9] === 0x32) taken++;
        step();
      };
      socket.on("data", receive);
      step();
    })
  ));
  return taken;
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  console.log(await send(Number(line)));
}
process.exit(0);
