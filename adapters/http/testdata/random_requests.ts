import type { Message } from "@beat/beat/message";
import { memoryStore } from "@beat/beat/middleware";
import fc from "fast-check";
import { webhookSubscriber } from "../webhook_subscriber.ts";
import { consume, type RequestChanges, SECRET, webhook } from "./requests.ts";

/** A request, and what is known of it beforehand. */
export interface RandomRequest {
  readonly changes: RequestChanges;
  /** Sizes of the pieces that the body comes in; none is one piece. */
  readonly pieces: readonly number[];
  /** Whether its signature is right: only then may a handler see it. */
  readonly isSigned: boolean;
}

const EVENT = '{"specversion":"1.0","id":"e","source":"/s","type":"t","data":{"a":[1]}}';
const MAX_BODY = 1_024;

const bytes = fc.uint8Array({ maxLength: 64 });
const text = fc.string({ maxLength: 20 });
const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
const visible = fc.stringMatching(/^[!-~]{0,30}$/);

/** JSON of an event that somebody has damaged. */
const damaged = fc.tuple(fc.nat(EVENT.length), fc.nat(5), text).map(([at, length, put]) =>
  new TextEncoder().encode(EVENT.slice(0, at) + put + EVENT.slice(at + length))
);

const body = fc.oneof(
  { weight: 6, arbitrary: bytes },
  { weight: 1, arbitrary: fc.constant(new TextEncoder().encode(EVENT)) },
  { weight: 2, arbitrary: damaged },
  { weight: 1, arbitrary: damaged.map((event) => Uint8Array.of(0x5b, ...event, 0x5d)) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 300 }).map((depth) => new Uint8Array(depth).fill(0x5b)),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: MAX_BODY - 2, max: MAX_BODY * 2 }).map((size) =>
      new Uint8Array(size)
    ),
  },
);

const contentType = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("application/json", "text/plain", "APPLICATION/JSON; charset=x"),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "application/cloudevents+json",
      "application/cloudevents-batch+json",
    ),
  },
  { weight: 1, arbitrary: visible },
);

const path = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("/orders", "/a/orders?b=c") },
  { weight: 1, arbitrary: visible.map((value) => `/${value.replace(/[?#]/g, "")}`) },
);

/** Signatures and what is wrong with most of them. */
const signing: fc.Arbitrary<{ changes: RequestChanges; isSigned: boolean }> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: -250_000, max: 250_000 }).map((ahead) => right({ ahead })),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 302_000, max: 1e12 }).map((ahead) => wrong({ ahead })),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: -1e12, max: -302_000 }).map((ahead) => wrong({ ahead })),
  },
  { weight: 1, arbitrary: fc.constant(wrong({ secret: undefined })) },
  {
    weight: 1,
    arbitrary: fc.constant(wrong({ secret: "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=" })),
  },
  {
    weight: 1,
    arbitrary: visible.map((value) => wrong({ headers: { "webhook-signature": value } })),
  },
  {
    weight: 1,
    arbitrary: visible.map((value) => wrong({ headers: { "webhook-timestamp": `${value}.` } })),
  },
  {
    weight: 1,
    arbitrary: visible.map((value) => wrong({ headers: { "webhook-id": `${value}~` } })),
  },
);

function right(changes: RequestChanges) {
  return { changes, isSigned: true };
}

function wrong(changes: RequestChanges) {
  return { changes, isSigned: false };
}

const headers = fc.dictionary(
  fc.oneof(
    fc.constantFrom(
      "beat-uuid",
      "beat-key",
      "beat-timestamp",
      "ce-id",
      "ce-specversion",
      "ce-source",
      "ce-type",
    ),
    token.map((name) => `beat-meta-${name}`),
    token.map((name) => `ce-${name}`),
    token.map((name) => `x-${name}`),
  ),
  fc.oneof(visible, fc.constant("1.0")),
  { maxKeys: 4 },
);

/** Requests, most of them with one thing wrong. */
export const randomRequest: fc.Arbitrary<RandomRequest> = fc.record({
  method: fc.constantFrom("POST", "POST", "POST", "POST", "POST", "POST", "PUT", "GET", "OPTIONS"),
  path,
  body,
  contentType,
  signing,
  headers,
  pieces: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 8 }),
}).map(({ method, path, body, contentType, signing: { changes, isSigned }, headers, pieces }) => ({
  changes: {
    method,
    path,
    body,
    ...changes,
    headers: { ...headers, "content-type": contentType, ...changes.headers },
  },
  pieces,
  isSigned,
}));

const STATUSES = [204, 400, 401, 404, 405, 413, 415, 503];

/** A receiver that is to survive everything. */
export class RandomReceiver {
  /** Answers by status. */
  readonly answers: Map<number, number> = new Map();
  readonly #hooks = webhookSubscriber({
    secrets: SECRET,
    maxBody: MAX_BODY,
    batch: true,
    store: memoryStore({ capacity: 1_000 }),
  });
  #intruders = 0;

  async open(): Promise<void> {
    await consume(this.#hooks, "orders", settle);
    await consume(this.#hooks, "unsigned", (message) => {
      this.#intruders++;
      message.ack();
    });
  }

  /** Sends a request, and throws if it is not treated as it must be. */
  async send({ changes, pieces, isSigned }: RandomRequest): Promise<void> {
    const content = changes.body as Uint8Array;
    // What must not come in has a topic of its own, where it would be seen.
    const path = isSigned ? changes.path : changes.path!.replace("orders", "unsigned");
    const request = await webhook({ ...changes, path: path! });
    const whole = pieces.length === 0 || request.body === null
      ? request
      : new Request(request, { body: inPieces(content, pieces), duplex: "half" } as RequestInit);
    const { status } = await this.#hooks.fetch(whole);
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    if (!STATUSES.includes(status)) throw new Error(`The answer must not be ${status}`);
    if (isSigned && status === 401) throw new Error("A right signature was refused");
    if (!isSigned && [204, 400, 404, 503].includes(status)) {
      throw new Error(`A wrong signature was answered with ${status}`);
    }
    if (this.#intruders > 0) throw new Error("A wrong signature was delivered");
  }

  close(): Promise<void> {
    return this.#hooks.close();
  }
}

function settle(message: Message): void {
  if (message.payload.length % 7 === 3) message.nack();
  else message.ack();
}

function inPieces(content: Uint8Array, pieces: readonly number[]): ReadableStream<Uint8Array> {
  let at = 0;
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const size = pieces[next++] ?? content.length;
      if (at < content.length) controller.enqueue(content.slice(at, at + Math.max(size, 1)));
      at += Math.max(size, 1);
      if (at >= content.length) controller.close();
    },
  });
}
