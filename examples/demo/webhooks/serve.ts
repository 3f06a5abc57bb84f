import process from "node:process";
import { type Logger, newUuid } from "@beat/beat/message";
import { signals } from "@beat/beat/router";
import { StandardWebhook, webhookSubscriber } from "@beat/http";
import type { Terminal } from "../terminal.ts";
import { openBroker } from "./brokers.ts";
import { createFlow, eventOf } from "./flow.ts";
import { RECEIVED } from "./topics.ts";

/** Keeps the receiver running until the process is asked to end, and tells of each webhook. */
export async function serveWebhooks(
  terminal: Terminal,
  port: number,
  brokerName: string,
): Promise<number> {
  const { paint, print } = terminal;
  const secret = process.env["WEBHOOK_SECRET"];
  // GitHub signs in a way of its own; without a secret anybody may post, from this machine only.
  const signing = secret === undefined ? { unsigned: true as const } : { secrets: secret };
  const headers = ["x-github-event", "x-github-delivery"];
  const hooks = webhookSubscriber({ ...signing, headers, topicOf: () => RECEIVED });
  const broker = await openBroker(brokerName);
  const flow = createFlow(hooks, broker, toTerminal(terminal));
  flow.bug = false;
  flow.router.plugin(signals()).use((next) => (work) => {
    for (const message of work.messages) {
      print(`${paint("cyan", work.handler.padEnd(8))} ${eventOf(message)} ${message.uuid}`);
    }
    return next(work);
  });
  const done = flow.router.run();
  await flow.router.running;
  const server = await hooks.listen({ port });
  print(`Listening at ${paint("bold", `${server.url}/${RECEIVED}`)}; Ctrl-C ends it. Try:`);
  print(await curl(`${server.url}/${RECEIVED}`, secret));
  await done;
  await server.close();
  await flow.out.close();
  await broker.close();
  print("Closed: nothing is left undone.");
  return 0;
}

/** A command that posts a webhook, signed if there is a secret; it is good for five minutes. */
async function curl(url: string, secret: string | undefined): Promise<string> {
  const body = '{"action":"opened","repository":{"full_name":"a/b"}}';
  const headers: Record<string, string> = secret === undefined
    ? {}
    : { ...await new StandardWebhook(secret).sign(newUuid(), new TextEncoder().encode(body)) };
  headers["content-type"] = "application/json";
  const options = Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}'`);
  return `curl -i ${options.join(" ")} -d '${body}' ${url}`;
}

function toTerminal({ paint, print }: Terminal): Logger {
  const write = (colour: "dim" | "red") => (text: string, facts: object = {}) =>
    print(paint(colour, `${text} ${JSON.stringify(facts, errorsAsText)}`));
  return { debug: () => {}, info: write("dim"), warn: write("red"), error: write("red") };
}

function errorsAsText(_name: string, value: unknown): unknown {
  return value instanceof Error ? String(value) : value;
}
