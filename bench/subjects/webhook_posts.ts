/**
 * What sends webhooks, and the server that gets them, loaded by the process that measures one.
 *
 * @module
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { webhookPublisher } from "../../adapters/http/mod.ts";
import { Message } from "../../src/message/mod.ts";
import type { Work } from "../harness/types.ts";
import { note } from "./handlers.ts";
import { BODY, SECRET } from "./webhook_body.ts";
import { signedHeaders } from "./webhooks.ts";

type Post = () => Promise<unknown>;

/** Answers everything, and counts it. */
async function startServer(): Promise<string> {
  const server = createServer((request, response) => {
    request.on("end", () => {
      note(1);
      response.writeHead(204).end();
    });
    request.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function beat(url: string): Post {
  const allow = ["127.0.0.1/32"];
  const options = { url, secrets: SECRET, insecureHttp: true, allow, concurrency: 64 };
  const out = webhookPublisher(options);
  return () => out.publish("orders", new Message(BODY));
}

/** By hand: a signature, a request, its answer read. */
function bareFetch(url: string): Post {
  return async () => {
    const headers = signedHeaders(BODY);
    const response = await fetch(`${url}/orders`, { method: "POST", headers, body: BODY.slice() });
    await response.arrayBuffer();
  };
}

const POSTERS = { beat, bareFetch };

/** Sends `concurrency` webhooks at a time. */
export async function posting(by: keyof typeof POSTERS, concurrency: number): Promise<Work> {
  const post = POSTERS[by](await startServer());
  return {
    opsPerRound: concurrency,
    async run(rounds) {
      for (let i = 0; i < rounds; i++) await Promise.all(Array.from({ length: concurrency }, post));
    },
  };
}
