import type { Handle, Middleware, Produced, Work } from "../message/handler.ts";
import type { Message } from "../message/message.ts";
import type { Settlement } from "../message/reception.ts";
import type { Store } from "../message/store.ts";
import { check, checkOptions, choice, FUNCTION, type Rules } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import {
  giveFree,
  type Held,
  keepAlive,
  LEASE_DEFAULTS,
  LEASE_RULES,
  type LeaseOptions,
  markDone,
  STORE,
} from "./_lease.ts";
import { pause } from "./_pause.ts";
import { joinProduced, producedBy } from "./_produced.ts";
import { narrow, refuseMessage } from "./_work.ts";

/** What {@linkcode deduplicate} takes. */
export interface DeduplicateOptions extends LeaseOptions {
  /** Remembers what was done. */
  store: Store;
  /**
   * What makes messages the same; the name of the handler is put before it, so that handlers do not
   * take each other's messages for done. @default {their uuid}
   */
  key?: (message: Message) => string;
  /**
   * What happens while the store does not answer: `"fail"` lets the message fail, `"pass"` handles it
   * without knowing. It is never acked unhandled. @default {"fail"}
   */
  onStoreError?: "fail" | "pass";
}

const ACTION = "create a deduplicating middleware";

const RULES: Rules = {
  ...LEASE_RULES,
  store: STORE,
  key: FUNCTION,
  onStoreError: choice("fail", "pass"),
};

/**
 * Handles equal messages once: claims a message's key, has it handled, and marks it as done after
 * success. A duplicate of what is done is acked; one of what is being handled waits for the end of
 * that, without using up an attempt. When the handler fails, the key is given free.
 *
 * What produced messages is marked when these are confirmed, which is when its message is acked: until
 * then the claim is held. A batch waits no longer than a lease for what others handle, and nacks then.
 *
 * **At least once**: a crash between the effect and its mark lets a message be handled again.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 *
 * @example A message that comes twice
 * ```ts
 * import { deduplicate, memoryStore } from "@beat/beat/middleware";
 * import { Message, silent } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * let calls = 0;
 * const handle = deduplicate({ store: memoryStore() })(() => void calls++);
 * for (let i = 0; i < 2; i++) {
 *   const message = new Message("paid", { uuid: "3f1c" });
 *   await handle({ messages: [message], batch: false, handler: "bill", topic: "orders", logger: silent });
 * }
 * assertEquals(calls, 1);
 * ```
 */
export function deduplicate(options: DeduplicateOptions): Middleware {
  checkOptions(ACTION, options, RULES);
  check(ACTION, "store", options.store, STORE);
  const { lease = LEASE_DEFAULTS.lease, ttl = LEASE_DEFAULTS.ttl, onStoreError = "fail" } = options;
  const { store, key = (message) => message.uuid } = options;
  /** Claims of messages whose handler has ended well, and whose settlement is awaited. */
  const awaiting = new WeakMap<Message, Kept>();

  const admit = async (work: Work, message: Message): Promise<Admission> => {
    const full = fullKey(work.handler, keyOf(message, key));
    const earlier = awaiting.get(message);
    earlier?.drop();
    try {
      if (earlier !== undefined && await store.extend(full, earlier.held.claim, lease)) {
        return { kind: "claimed", held: earlier.held };
      }
      const result = await store.claim(full, lease);
      if (result.kind === "done") return result;
      if (result.kind === "in-flight") return { ...result, key: full };
      return { kind: "claimed", held: { key: full, claim: result.claim } };
    } catch (error) {
      if (onStoreError === "fail") throw error;
      report(work, error);
      return { kind: "unknown" };
    }
  };
  const settle = (work: Work, held: Held, kind: Settlement["kind"]): Promise<unknown> => {
    const hear = (error: unknown) => report(work, error);
    return kind === "acked" ? markDone(store, held, ttl, hear) : giveFree(store, held, hear);
  };
  const run = async (next: Handle, work: Work, claims: ReadonlyMap<Message, Held>) => {
    const drop = keepAlive(store, claims.values(), lease, (error) => report(work, error));
    const end = (message: Message, held: Held, kind: Settlement["kind"]) => {
      drop(held);
      if (awaiting.get(message)?.held === held) awaiting.delete(message);
      return settle(work, held, kind);
    };
    let produced: Produced;
    try {
      produced = await next(work);
    } catch (error) {
      await Promise.all([...claims].map(([message, held]) => {
        return end(message, held, message.state === "acked" ? "acked" : "nacked");
      }));
      throw error;
    }
    const isSilent = producedBy(produced).length === 0;
    await Promise.all([...claims].map(([message, held]) => {
      if (message.state !== "pending") return end(message, held, message.state);
      if (isSilent) return end(message, held, "acked");
      const kept: Kept = { held, drop: () => drop(held) };
      awaiting.set(message, kept);
      const settled = message.settled().then(({ kind }) => {
        if (awaiting.get(message) === kept) return end(message, held, kind);
      });
      work.waitUntil?.(settled);
    }));
    return produced;
  };
  /** Asks for each message whether it may be handled; what is done is acked. */
  const sort = async (work: Work, messages: readonly Message[]): Promise<Sorted> => {
    const verdicts = await Promise.allSettled(messages.map((one) => admit(work, one)));
    const sorted: Sorted = { admitted: [], claims: new Map(), waiting: [] };
    for (const [at, message] of messages.entries()) {
      const verdict = verdicts[at]!;
      if (verdict.status === "rejected") refuseMessage(work, message, verdict.reason);
      else if (verdict.value.kind === "done") message.ack();
      else if (verdict.value.kind === "in-flight") {
        sorted.waiting.push({ ...verdict.value, message });
      } else {
        sorted.admitted.push(message);
        if (verdict.value.kind === "claimed") sorted.claims.set(message, verdict.value.held);
      }
    }
    return sorted;
  };

  return (next) => async (work) => {
    const begunAt = performance.now();
    /** Keys that are marked when this call is over: who waited for them would wait for itself. */
    const ours = new Set<string>();
    let produced: Produced;
    let rest = work.messages;
    for (let step = FIRST_STEP;; step = Math.min(2 * step, LAST_STEP)) {
      const { admitted, claims, waiting } = await sort(work, rest);
      if (admitted.length > 0) {
        produced = joinProduced(produced, await run(next, narrow(work, admitted), claims));
        for (const [message, { key }] of claims) if (awaiting.has(message)) ours.add(key);
      }
      const others = waiting.filter(({ key }) => !ours.has(key));
      if (others.length === 0) return produced;
      rest = others.map(({ message }) => message);
      // Two batches that wait for what the other has handled would do so for ever.
      const isOver = work.batch && performance.now() - begunAt >= lease;
      const delay = Math.min(...others.map(({ retryAfter }) => retryAfter));
      if (!isOver && await pause(Math.max(Math.min(step, delay), 1), rest)) continue;
      for (const { message, retryAfter } of others) {
        // A store that is asked when a claim ends may say that it has just ended.
        const delay = Math.min(Math.max(retryAfter, 0), lease);
        message.nack({ delay, reason: new Error(IN_FLIGHT) });
      }
      return produced;
    }
  };
}

/** A claim that is prolonged until it is dropped. */
interface Kept {
  readonly held: Held;
  drop(): void;
}

/** Whether a message may be handled: with a claim, or without knowing because the store fails. */
type Admission =
  | { readonly kind: "claimed"; readonly held: Held }
  | { readonly kind: "unknown" | "done" }
  | { readonly kind: "in-flight"; readonly key: string; readonly retryAfter: number };

/** Messages by what may be done with them. */
interface Sorted {
  readonly admitted: Message[];
  readonly claims: Map<Message, Held>;
  readonly waiting: { message: Message; key: string; retryAfter: number }[];
}

/** Milliseconds until a key is asked for again that somebody else handles; each time twice as many. */
const FIRST_STEP = 10;
const LAST_STEP = 1_000;

const IN_FLIGHT = "The same message is being handled";

/** No handler and key make the same text as another handler and key. */
function fullKey(handler: string, key: string): string {
  return `${handler.replace(/[%:]/g, encodeURIComponent)}:${key}`;
}

function keyOf(message: Message, key: (message: Message) => string): string {
  const value = key(message);
  if (typeof value !== "string" || value === "") {
    refuse("deduplicate a message", "key", "a text that is not empty", value);
  }
  return value;
}

function report({ handler, topic, logger }: Work, error: unknown): void {
  logger.error("store failed", { handler, topic, error });
}
