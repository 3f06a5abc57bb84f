import { type Message, silent } from "@beat/beat/message";
import { replay } from "@beat/beat/router";
import { StandardWebhook, webhookPublisher, webhookSubscriber } from "@beat/http";
import type { Terminal } from "../terminal.ts";
import { openBroker } from "./brokers.ts";
import { createFlow } from "./flow.ts";
import type { Guards } from "./guards.ts";
import { makeInvalid, makePosts, type Post, redelivery } from "./posts.ts";
import { stageOf } from "./stages.ts";
import { printFlow } from "./table.ts";
import { RECEIVED } from "./topics.ts";
import { checkFlow, type Facts } from "./verdict.ts";

/** A secret like any other; a real one stands in no source. */
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/** Every so many webhooks are posted twice, as senders do whose answer got lost. */
const REPEATED = 25;
/** Every so many are delivered again by hand, as people do who look for a bug. */
const REDELIVERED = 40;
const WINDOW = 16;

/** Posts real webhooks to a receiver, takes them through the flow, and returns how many checks failed. */
export async function runWebhooks(
  terminal: Terminal,
  brokerName: string,
  guards?: Guards,
): Promise<{ checks: number; faults: string[] }> {
  const { paint, print } = terminal;
  const hooks = webhookSubscriber({ secrets: SECRET, topicOf: () => RECEIVED });
  const broker = await openBroker(brokerName);
  const flow = createFlow(hooks, broker, silent, guards);
  const done = flow.router.run();
  await flow.router.running;
  const server = await hooks.listen();
  const posts = makePosts();
  const way = `signed and posted to ${server.url}, then through ${broker.name}`;
  print(`${paint("bold", `${posts.length} webhooks`)}, ${way}`);
  print();

  const started = performance.now();
  const facts = await postAll(server.url, posts, terminal.progress("webhooks  "));
  terminal.endProgress();
  const { stages } = flow;
  const events = posts.filter(({ urgent }) => !urgent);
  const poison = posts.filter((post) => post.poison).length;
  await stages.archive.reaches(events.length);
  await stages.urgent.reaches(posts.length - events.length);
  await stages.index.reaches(events.length - poison);
  const time = performance.now() - started;

  flow.bug = false;
  const report = await replay(flow.broked, broker.topics.dead, {
    publisher: flow.out,
    to: ({ metadata }) => {
      stageOf(stages, metadata.get("dlq_handler")!).replayed++;
      return broker.topics.again;
    },
    idle: broker.idle,
    // No fix makes a payload of what is none.
    filter: ({ metadata }) => !metadata.get("dlq_reason")?.startsWith("ValidationError"),
  });
  await stages.again.reaches(poison);

  await server.close();
  const handlers = flow.router.handlers();
  await flow.router.close();
  await done;
  for (const handler of handlers) {
    stageOf(stages, handler.name).dead = handler.stats()!.deadLettered;
  }
  const all: Facts = { ...facts, posts, dead: poison, report, flow };
  printFlow(terminal, all, time);
  const verdict = await checkFlow(all);
  await flow.out.close();
  await broker.close();
  return verdict;
}

/** Posts in windows, so that the flow works while the rest is on its way. */
async function postAll(url: string, posts: readonly Post[], onProgress: (done: number) => void) {
  const out = webhookPublisher({
    url,
    secrets: SECRET,
    insecureHttp: true,
    allow: ["127.0.0.1/32"],
    concurrency: WINDOW,
  });
  let repeated = 0;
  let redelivered = 0;
  for (let at = 0; at < posts.length; at += WINDOW) {
    const window = posts.slice(at, at + WINDOW).map(({ message }) => message);
    for (const message of window) {
      message.metadata.set("posted_at", String(performance.timeOrigin + performance.now()));
    }
    await out.publish(RECEIVED, window);
    const again = every(REPEATED, window);
    const anew = every(REDELIVERED, window).map(redelivery);
    repeated += again.length;
    redelivered += anew.length;
    await out.publish(RECEIVED, [...again, ...anew]);
    onProgress((at + window.length) / posts.length);
  }
  const invalid = makeInvalid();
  await out.publish(RECEIVED, invalid);
  await out.close();
  const refused = await postForged(url);
  return { repeated, redelivered, invalid: invalid.length, refused };
}

function every(step: number, window: readonly Message[]): Message[] {
  return window.filter(({ metadata }) => Number(metadata.get("sequence")) % step === 0);
}

/** Posts what nobody signed, and what was signed an hour ago; returns the answers. */
async function postForged(url: string): Promise<number[]> {
  const body = new TextEncoder().encode('{"action":"opened"}');
  const webhook = new StandardWebhook(SECRET);
  const old = await webhook.sign("msg_old", body, new Date(Date.now() - 3_600_000));
  const unsigned = {
    "webhook-id": "msg_x",
    "webhook-timestamp": "1",
    "webhook-signature": "v1,eA==",
  };
  const statuses: number[] = [];
  for (const headers of [{ ...old }, unsigned]) {
    const answer = await fetch(`${url}/${RECEIVED}`, { method: "POST", headers, body });
    await answer.body?.cancel();
    statuses.push(answer.status);
  }
  return statuses;
}
