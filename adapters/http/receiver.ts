import type { Logger } from "@beat/beat/message";
import type { Host, Lane, Source, SourceSpec, Traits } from "@beat/beat/transport";
import { Refusal, refuse, succeed, unavailable } from "./answer.ts";
import { hashOf } from "./batch_id.ts";
import { type BodyLimits, checkLength, readBody } from "./body.ts";
import { DeliveryCounts } from "./delivery_counts.ts";
import { SignatureError } from "./errors.ts";
import { type AllowedOrigins, shakeHands } from "./handshake.ts";
import { type Incoming, readIncoming, type ReadingRules } from "./incoming.ts";
import { checkType, type TypeRules } from "./media_types.ts";
import type { Receipt, Receiving } from "./receipt.ts";
import { guard, type ReplayRules } from "./replay_guard.ts";
import type { StandardWebhook } from "./standard_webhooks.ts";
import { TopicMemory } from "./topic_memory.ts";
import { TopicSource } from "./topic_source.ts";

/** What a receiver is made of; checked already. */
export interface ReceiverPlan extends BodyLimits, TypeRules, ReadingRules {
  /** `undefined`: nothing is verified. */
  readonly verifier: StandardWebhook | undefined;
  /** Names this receiver in the store. */
  readonly endpoint: string;
  readonly replay: ReplayRules;
  /** Milliseconds that a request waits for its handler. */
  readonly ackTimeout: number;
  /** Whether a request is answered when a handler has it, or when it is acked. */
  readonly respond: "acked" | "accepted";
  /** Requests that are read or handled at the same time. */
  readonly maxRequests: number;
  readonly origins: AllowedOrigins;
  /** It throws nothing: the sender gets the same answer whatever becomes of a log. */
  readonly logger: Logger;
}

/** Who has been told that a webhook was taken cannot be told that it was not. */
const ACCEPTED: Partial<Traits> = { settle: "none", requeue: "engine", counts: false, lease: 0 };

/** Characters of a path that a log shows. */
const LONGEST_PATH = 200;

/** An id that a log shows: anybody may send one, so it must be short and printable. */
const ID = /^[\x21-\x7e]{1,100}$/;

const NOT_TAKEN: Receiving = { kind: "returned", wait: 0, unstarted: true };

/**
 * Takes webhooks from requests to the handlers of their topics. The order of its checks is part of the
 * contract: nothing that it says before the signature is verified depends on a secret or a topic.
 */
export class Receiver {
  readonly #plan: ReceiverPlan;
  readonly #sources = new Map<string, TopicSource>();
  /** Topics that have had a subscription: as many as there are in the program, not as senders name. */
  readonly #known = new Set<string>();
  readonly #counts = new DeliveryCounts();
  readonly #handled = new TopicMemory();
  #open = 0;
  #isClosed = false;

  constructor(plan: ReceiverPlan) {
    this.#plan = plan;
  }

  /** Lets the webhooks of a topic in. */
  subscribe({ topic, from }: SourceSpec, host: Host): Source {
    const action = `Cannot subscribe to the webhooks of '${topic}' as`;
    if (from !== "latest") {
      throw new RangeError(`${action} 'from' must be 'latest': nothing is kept`);
    }
    if (this.#sources.has(topic)) {
      throw new RangeError(`${action} they have a subscription already`);
    }
    const traits = this.#plan.respond === "accepted" ? ACCEPTED : {};
    const source = new TopicSource(traits, host, () => {
      if (this.#sources.get(topic) === source) this.#sources.delete(topic);
    });
    this.#sources.set(topic, source);
    this.#known.add(topic);
    return source;
  }

  /** Answers a request; never rejects. */
  async handle(request: Request): Promise<Response> {
    const { origins, maxRequests } = this.#plan;
    if (request.method === "OPTIONS" && origins.length > 0) return shakeHands(request, origins);
    this.#open++;
    let isSigned = false;
    try {
      if (this.#isClosed) throw unavailable("Receiver is closed");
      if (this.#open > maxRequests) throw unavailable("Receiver is busy");
      const body = await this.#read(request);
      const signedId = await this.#verify(request.headers, body);
      isSigned = signedId !== undefined;
      return await this.#receive(request, body, signedId);
    } catch (error) {
      if (error instanceof Refusal) {
        this.#logRefusal(request, error, isSigned);
        return refuse(error);
      }
      this.#plan.logger.error("A webhook could not be received", { error });
      return refuse(new Refusal(500, "Webhook could not be received"));
    } finally {
      this.#open--;
    }
  }

  /** What no sender of webhooks asks for is no reason to warn: scanners ask for it all day, and sign nothing. */
  #logRefusal(request: Request, { status, message, fault }: Refusal, isSigned: boolean): void {
    const isNoise = status < 500 && fault === undefined && !isSigned;
    this.#plan.logger[isNoise ? "debug" : "warn"]("A webhook was refused", {
      ...describe(request),
      status,
      // What is said of a body may quote it.
      ...(status === 400 ? {} : { reason: message }),
      ...(fault === undefined ? {} : { fault }),
    });
  }

  /** Lets nothing in any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** What is checked before the signature, which covers the body. */
  async #read(request: Request): Promise<Uint8Array> {
    const plan = this.#plan;
    if (request.method !== "POST") {
      throw new Refusal(405, "Method must be POST", { allow: "POST" });
    }
    checkLength(request.headers, plan);
    checkType(request.headers, plan);
    return await readBody(request, plan);
  }

  async #receive(
    request: Request,
    body: Uint8Array,
    signedId: string | undefined,
  ): Promise<Response> {
    const incoming = readIncoming(request, body, signedId, this.#plan);
    if (incoming.length === 0) return succeed(204);
    return await this.#deliver(incoming, await this.#keyOf(incoming, signedId));
  }

  /** The id that the signature covers. */
  async #verify(headers: Headers, body: Uint8Array): Promise<string | undefined> {
    const { verifier } = this.#plan;
    if (verifier === undefined) return undefined;
    try {
      await verifier.verify(headers, body);
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      throw new Refusal(401, "Signature is missing or invalid", {}, error.fault);
    }
    return headers.get("webhook-id")!;
  }

  /**
   * By what a webhook is known again. Where there is a signature it is what that covers: a topic comes
   * from the path, and who captured a webhook may send it to any.
   */
  async #keyOf(incoming: readonly Incoming[], signedId: string | undefined): Promise<string> {
    const ids = signedId === undefined ? incoming.map(({ identity }) => identity) : [signedId];
    return `${this.#plan.endpoint}/${await hashOf(ids)}`;
  }

  async #deliver(incoming: readonly Incoming[], key: string): Promise<Response> {
    const [{ topic }] = incoming as [Incoming];
    const guarded = await guard(key, this.#plan.replay);
    if (guarded === "done") {
      if (!this.#handled.isOther(key, topic)) return succeed(204);
      throw new Refusal(403, "Webhook was handled under another topic", {}, "other-topic");
    }
    try {
      const receivings = await this.#handOver(incoming);
      this.#count(incoming, receivings);
      refuseUnlessTaken(receivings);
      this.#handled.remember(key, topic);
      await guarded.done();
      return succeed(this.#plan.respond === "accepted" ? 202 : 204);
    } catch (error) {
      await guarded.release();
      throw error;
    }
  }

  /** Gives all to handlers; resolves when each is settled, or the time is over. */
  async #handOver(incoming: readonly Incoming[]): Promise<Receiving[]> {
    const lane: Lane = { name: "", fenced: false };
    const places = incoming.map((one) => ({ ...one, source: this.#sourceOf(one.topic) }));
    const receipts = places.map(({ source, rec, identity }) =>
      source.receive({ rec, lane, count: this.#counts.of(identity) })
    );
    const [first, ...others] = receipts as [Receipt, ...Receipt[]];
    if (!first.offer()) {
      for (const receipt of receipts) receipt.settle(NOT_TAKEN);
      throw unavailable("Handlers are busy");
    }
    const timer = setTimeout(() => {
      for (const receipt of receipts) receipt.expire();
    }, this.#plan.ackTimeout);
    try {
      // The rest of a batch waits for room, or a batch larger than that could never come in.
      for (const receipt of others) await receipt.admit();
      if (this.#plan.respond === "accepted") { for (const receipt of receipts) receipt.accept(); }
      return await Promise.all(receipts.map(({ settled }) => settled));
    } finally {
      clearTimeout(timer);
    }
  }

  /** A sender gives up after a 404: only who runs, and has never had the topic, may say it. */
  #sourceOf(topic: string): TopicSource {
    const source = this.#sources.get(topic);
    if (source !== undefined) return source;
    if (this.#sources.size === 0 || this.#known.has(topic)) {
      throw unavailable("Topic has no subscription now");
    }
    throw new Refusal(404, "Topic has no subscription");
  }

  #count(incoming: readonly Incoming[], receivings: readonly Receiving[]): void {
    for (const [at, { identity }] of incoming.entries()) {
      const receiving = receivings[at]!;
      if (receiving.kind === "taken") this.#counts.done(identity);
      else if (receiving.kind === "expired" || !receiving.unstarted) this.#counts.failed(identity);
    }
  }
}

/** What a log says of a request: a path that is cut, without its query, and the id if it is like one. */
function describe({ url, headers }: Request): Record<string, unknown> {
  const { pathname } = new URL(url);
  const path = pathname.length > LONGEST_PATH ? `${pathname.slice(0, LONGEST_PATH)}...` : pathname;
  const id = headers.get("webhook-id") ?? "";
  return ID.test(id) ? { path, id } : { path };
}

/** One that failed fails its batch: the sender can only send all of it again. */
function refuseUnlessTaken(receivings: readonly Receiving[]): void {
  const waits = receivings.map((receiving) => receiving.kind === "returned" ? receiving.wait : 0);
  if (receivings.some(({ kind }) => kind === "expired")) {
    throw unavailable("Webhook was not handled in time", Math.max(...waits, 1_000));
  }
  if (receivings.some(({ kind }) => kind === "returned")) {
    throw unavailable("Webhook was not handled", Math.max(...waits));
  }
}
