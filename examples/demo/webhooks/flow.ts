import { type Logger, Message, type Publisher, type Subscriber } from "@beat/beat/message";
import { ValidationError } from "@beat/beat/middleware";
import { Router } from "@beat/beat/router";
import { publisher, subscriber } from "@beat/beat/transport";
import type { OpenBroker } from "./brokers.ts";
import { type Guards, newGuards } from "./guards.ts";
import { isUrgent, type Payload, repositoryOf } from "./payload.ts";
import { newStages, type Stages } from "./stages.ts";
import { RECEIVED } from "./topics.ts";

/** The whole flow of webhooks, ready to run. */
export interface Flow {
  readonly router: Router;
  readonly stages: Stages;
  readonly broker: OpenBroker;
  readonly out: Publisher;
  readonly broked: Subscriber;
  /** Numbers of the events of each repository, in the order in which they were indexed. */
  readonly indexed: Map<string, { first: string[]; afterFix: string[] }>;
  /** The bug that makes some events poison; `false` after the fix. */
  bug: boolean;
}

/** Every so many events the index fails once, as databases do. */
const FLAKY = 10;

/**
 * From the receiver through the router: the intake checks and routes, the index keeps the order of each
 * repository, the archive takes batches, what is urgent goes its own way, and what cannot be handled
 * goes to the dead letters.
 */
export function createFlow(
  hooks: Subscriber,
  broker: OpenBroker,
  logger: Logger,
  guards: Guards = newGuards(),
): Flow {
  const { transport, topics } = broker;
  const out = publisher(transport);
  const broked = subscriber(transport);
  const router = new Router({ logger });
  const stages = newStages();
  const flow: Flow = { router, stages, broker, out, broked, indexed: new Map(), bug: true };
  const dlq = { topic: topics.dead, publisher: out };

  router.use(guards.correlation);

  router.handle("intake", RECEIVED, hooks, undefined, out, (message) => forward(message))
    .addMiddleware(guards.deduplicate, stages.intake.counting, guards.validate)
    .workers(16)
    .route((message) => isUrgent(eventOf(message)) ? topics.urgent : topics.events)
    .dlq(dlq);

  router.on("index", topics.events, broked, (message) => index(flow, message))
    .addMiddleware(stages.index.counting)
    .workers(4)
    .keyed()
    .retry({ maxRetries: 2, initialDelay: 5, shouldRetry: (error) => !isPoison(error) })
    .dlq(dlq);

  router.onBatch("archive", topics.events, broked, () => {})
    .addMiddleware(stages.archive.counting)
    .batch({ size: 50, maxWait: 20 });

  router.on("urgent", topics.urgent, broked, () => {}).addMiddleware(stages.urgent.counting);

  router.on("again", topics.again, broked, (message) => index(flow, message))
    .addMiddleware(stages.again.counting);

  return flow;
}

/** What GitHub calls the event of a message. */
export function eventOf(message: Message): string {
  const { metadata } = message;
  return metadata.get("event") ?? metadata.get("x-github-event") ?? "unknown";
}

/** The same message for the broker, keyed by its repository. */
function forward(message: Message): Message {
  const { uuid, payload, metadata, timestamp } = message;
  return new Message(payload, { uuid, metadata, timestamp, key: repositoryOf(message) });
}

function index(flow: Flow, message: Message): void {
  const { sender } = message.json<Payload>();
  if (flow.bug && eventOf(message).startsWith("check_")) {
    throw new SyntaxError(`Cannot index '${eventOf(message)}' of ${sender?.login}`);
  }
  const sequence = Number(message.metadata.get("sequence"));
  if (sequence % FLAKY === 0 && message.attempt === 1 && flow.bug) {
    throw new Error("The index is busy");
  }
  const orders = flow.indexed.get(message.key) ?? { first: [], afterFix: [] };
  orders[flow.bug ? "first" : "afterFix"].push(message.metadata.get("sequence") ?? message.uuid);
  flow.indexed.set(message.key, orders);
}

/** Another attempt would find the same. */
function isPoison(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof ValidationError;
}
