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
import { producedBy } from "./_produced.ts";
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
 * success. A duplicate of what is done is acked; one of what is being handled is nacked until the
 * claim's lease is over, and counts as an attempt. When the handler fails, the key is given free.
 *
 * What produced messages is marked when these are confirmed, which is when its message is acked.
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
  const awaiting = new WeakMap<Message, Held>();

  /** The claim with which to handle a message, `undefined` to handle it without one, or `"skip"`. */
  const admit = async (work: Work, message: Message): Promise<Held | undefined | "skip"> => {
    const full = `${work.handler}:${keyOf(message, key)}`;
    const earlier = awaiting.get(message);
    try {
      if (earlier !== undefined && await store.extend(full, earlier.claim, lease)) return earlier;
      const result = await store.claim(full, lease);
      if (result.kind === "claimed") return { key: full, claim: result.claim };
      if (result.kind === "done") message.ack();
      else message.nack({ delay: result.retryAfter, reason: new Error(IN_FLIGHT) });
      return "skip";
    } catch (error) {
      if (onStoreError === "pass") return report(work, error);
      throw error;
    }
  };
  const settle = (work: Work, held: Held, kind: Settlement["kind"]): Promise<unknown> => {
    const hear = (error: unknown) => report(work, error);
    return kind === "acked" ? markDone(store, held, ttl, hear) : giveFree(store, held, hear);
  };
  const run = async (next: Handle, work: Work, claims: ReadonlyMap<Message, Held>) => {
    const stop = keepAlive(store, [...claims.values()], lease, (error) => report(work, error));
    let produced: Produced;
    try {
      produced = await next(work);
    } catch (error) {
      stop();
      await Promise.all([...claims].map(([message, held]) => {
        awaiting.delete(message);
        return settle(work, held, message.state === "acked" ? "acked" : "nacked");
      }));
      throw error;
    }
    stop();
    const isSilent = producedBy(produced).length === 0;
    await Promise.all([...claims].map(([message, held]) => {
      if (message.state !== "pending") return settle(work, held, message.state);
      if (isSilent) return settle(work, held, "acked");
      if (awaiting.get(message) === held) return;
      awaiting.set(message, held);
      message.settled().then(({ kind }) => {
        if (awaiting.get(message) === held) return settle(work, held, kind);
      });
    }));
    return produced;
  };

  return (next) => async (work) => {
    const verdicts = await Promise.allSettled(work.messages.map((one) => admit(work, one)));
    const claims = new Map<Message, Held>();
    const admitted = work.messages.filter((message, at) => {
      const verdict = verdicts[at]!;
      if (verdict.status === "rejected") {
        refuseMessage(work, message, verdict.reason);
        return false;
      }
      if (verdict.value === "skip") return false;
      if (verdict.value !== undefined) claims.set(message, verdict.value);
      return true;
    });
    if (admitted.length > 0) return await run(next, narrow(work, admitted), claims);
  };
}

const IN_FLIGHT = "The same message is being handled";

function keyOf(message: Message, key: (message: Message) => string): string {
  const value = key(message);
  if (typeof value !== "string" || value === "") {
    refuse("deduplicate a message", "key", "a text that is not empty", value);
  }
  return value;
}

function report({ handler, topic, logger }: Work, error: unknown): undefined {
  logger.error("store failed", { handler, topic, error });
}
