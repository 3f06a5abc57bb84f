import { type Codec, fields } from "../message/codec.ts";
import type { OrderOptions, ReconnectOptions, Stall, StartPosition } from "../message/contracts.ts";
import type { Message } from "../message/message.ts";
import { checkTopic } from "../message/names.ts";
import {
  check,
  checkNames,
  checkOptions,
  choice,
  DURATION,
  FUNCTION,
  integer,
  OBJECT,
  type Rule,
  type Rules,
  SIGNAL,
} from "../options/options.ts";
import { show } from "../options/refusal.ts";
import type { ConnectionEvent } from "./capabilities.ts";
import type { BatchOptions } from "./collector.ts";
import type { DeadLetterTarget } from "./dead_letter.ts";
import { GROUP } from "./group_rule.ts";
import { guard } from "./guard.ts";
import { checkPauseOptions, type PauseOptions } from "./kill_switch.ts";
import type { SourceSpec, Traits } from "./port.ts";
import { type Reconnect, resolveReconnect } from "./reconnect.ts";
import { resolveRetry, type Retry, type RetryPolicy } from "./retry_policy.ts";
import type { OnExhausted, Verdict } from "./verdict.ts";

/** An attempt that failed, and what becomes of the message. */
export interface FailedAttempt {
  /** The message. */
  readonly message: Message;
  /** What the handler threw, or the reason of its nack. */
  readonly error: unknown;
  /** Number of the attempt, 1 first. */
  readonly attempt: number;
  /**
   * What happens next, and after how many milliseconds; nothing, if the handler failed after it had
   * acked the message.
   */
  readonly verdict: Verdict | { readonly kind: "acked" };
}

/** How a topic is consumed. */
export interface ConsumeOptions {
  /** The topic. */
  topic: string;
  /** Members of a group compete. @default {none: a reader} */
  group?: string;
  /** Where a reader, or a group without a position, begins. @default {"latest"} */
  from?: StartPosition;
  /** Handlers that run at once. @default {1} */
  workers?: number;
  /** Messages taken and not settled at most. @default {max(2 × workers, 2 × batch size, 16)} */
  prefetch?: number;
  /** Keeps the order of messages with the same key. @default {no order} */
  ordered?: "key" | OrderOptions;
  /** Collects messages for the handler. @default {one by one} */
  batch?: BatchOptions;
  /** Turns records into messages. @default {`fields`} */
  codec?: Codec;
  /** Repeats of a message that failed. @default {0} */
  retry?: RetryPolicy;
  /** What happens when they are used up. @default {"dead-letter" with `deadLetter`, else "redeliver"} */
  onExhausted?: OnExhausted;
  /** Where messages go whose repeats are used up. @default {none} */
  deadLetter?: DeadLetterTarget;
  /** Pauses when too many fail. @default {never} */
  pauseOn?: PauseOptions;
  /** How a lost connection is made anew. @default {without end} */
  reconnect?: ReconnectOptions;
  /** Closes the consumption. @default {none} */
  signal?: AbortSignal;
  /** Hears of each failed attempt. */
  onFailure?: (failure: FailedAttempt) => void;
  /** Hears of a message that holds up others. */
  onStall?: (stall: Stall) => void;
  /** Hears of an ack or nack that the broker did not take. */
  onSettleError?: (error: unknown) => void;
  /** Hears of connections lost and made. */
  onConnection?: (event: ConnectionEvent) => void;
  /** Hears when the kill switch trips and when it lets go. */
  onPause?: (paused: boolean) => void;
}

/** Options that were checked, with their defaults. */
export interface ConsumePlan
  extends Omit<ConsumeOptions, "retry" | "reconnect" | "ordered" | Hook> {
  readonly spec: SourceSpec;
  readonly workers: number;
  readonly codec: Codec;
  readonly retry: Retry;
  readonly onExhausted: OnExhausted;
  readonly reconnect: Reconnect;
  /** What keeps its order, if anything does. */
  readonly keyOf: ((message: Message) => string) | undefined;
  /** The hooks, so that none can do harm. */
  readonly hooks: Required<Pick<ConsumeOptions, Hook>>;
}

type Hook = "onFailure" | "onStall" | "onSettleError" | "onConnection" | "onPause";

/** The rule of `onExhausted`. */
export const ON_EXHAUSTED: Rule = choice("dead-letter", "redeliver", "discard");

const KEY_ORDER: OrderOptions = { by: "key" };
const ORDER: Rule = ["'key' or an object", "object", (value: unknown) => value !== null];
const BY: Rule = ["'key' or a function", "string", (value: string) => value === "key"];

/** The rules of {@linkcode BatchOptions}. */
export const BATCH_RULES = { size: integer(1), maxWait: DURATION };
const LETTER_RULES = {
  topic: ["a string", "string"],
  handler: ["a string", "string"],
  publish: FUNCTION,
} as const satisfies Rules;

const RULES: Rules = {
  topic: ["a string", "string"],
  group: GROUP,
  workers: integer(1),
  prefetch: integer(1),
  codec: OBJECT,
  onExhausted: ON_EXHAUSTED,
  signal: SIGNAL,
  onFailure: FUNCTION,
  onStall: FUNCTION,
  onSettleError: FUNCTION,
  onConnection: FUNCTION,
  onPause: FUNCTION,
};

/** Checked by rules of their own. */
const ELSEWHERE = ["from", "ordered", "batch", "retry", "deadLetter", "pauseOn", "reconnect"];

/**
 * Checks how a topic is to be consumed against what the transport can.
 *
 * @throws {TypeError | RangeError} Naming the option, its value and its rule.
 */
export function planConsumption(options: ConsumeOptions, traits: Traits): ConsumePlan {
  const action = `consume '${String(options?.topic)}'`;
  checkNames(action, options, [...Object.keys(RULES), ...ELSEWHERE]);
  const plain = Object.fromEntries(
    Object.entries(options).filter(([name]) => !ELSEWHERE.includes(name)),
  );
  checkOptions(action, plain, RULES);
  checkTopic("subscribe", options.topic);
  if (options.pauseOn !== undefined) checkPauseOptions(action, options.pauseOn);
  const { topic, group, workers = 1, batch, deadLetter, codec = fields, from = "latest" } = options;
  if (group !== undefined && !traits.groups) {
    throw new RangeError(
      `Cannot ${action} as 'group' must be left out where there are no groups: current value is '${group}'`,
    );
  }
  checkStart(action, from, traits);
  const order = resolveOrder(action, options.ordered);
  if (order !== undefined) checkOrder(action, order.scope, traits);
  if (batch !== undefined) checkBatch(action, batch);
  const prefetch = options.prefetch ?? Math.max(2 * workers, 2 * (batch?.size ?? 0), 16);
  if (batch !== undefined && prefetch < batch.size) {
    throw new RangeError(
      `Cannot ${action} as 'prefetch' must be at least the size of a batch, ${batch.size}: current value is ${prefetch}`,
    );
  }
  const onExhausted = options.onExhausted ?? (deadLetter ? "dead-letter" : "redeliver");
  checkLetters(action, deadLetter, onExhausted);
  const spec = { topic, from, prefetch, ordered: order?.scope === "group" };
  return {
    ...options,
    spec: group === undefined ? spec : { ...spec, group },
    workers,
    codec,
    retry: resolveRetry(action, options.retry ?? 0),
    onExhausted,
    reconnect: resolveReconnect(action, options.reconnect),
    keyOf: order?.keyOf,
    hooks: {
      onFailure: guard(options.onFailure),
      onStall: guard(options.onStall),
      onSettleError: guard(options.onSettleError),
      onConnection: guard(options.onConnection),
      onPause: guard(options.onPause),
    },
  };
}

/** Both fields are to be given. */
function checkBatch(action: string, batch: BatchOptions): void {
  checkOptions(action, batch, BATCH_RULES);
  check(action, "size", batch.size, BATCH_RULES.size);
  check(action, "maxWait", batch.maxWait, BATCH_RULES.maxWait);
}

/** @throws {TypeError} If it is no position to begin at. */
export function checkPosition(action: string, from: unknown): void {
  const fits = from === "latest" || from === "earliest" ||
    (from instanceof Date && !Number.isNaN(from.getTime()));
  if (!fits) check(action, "from", from, ["'latest', 'earliest' or a Date", "never"]);
}

function checkStart(action: string, from: unknown, { retained }: Traits): void {
  checkPosition(action, from);
  if (from !== "latest" && !retained) {
    throw new RangeError(
      `Cannot ${action} as 'from' must be 'latest' where nothing is retained: current value is ${
        show(from)
      }`,
    );
  }
}

function checkLetters(
  action: string,
  deadLetter: DeadLetterTarget | undefined,
  onExhausted: OnExhausted,
): void {
  if (onExhausted === "dead-letter" && deadLetter === undefined) {
    throw new TypeError(
      `Cannot ${action} as 'onExhausted: "dead-letter"' must come with 'deadLetter'`,
    );
  }
  if (deadLetter === undefined) return;
  if (onExhausted !== "dead-letter") {
    throw new TypeError(
      `Cannot ${action} as 'deadLetter' must be left out with 'onExhausted: "${onExhausted}"'`,
    );
  }
  check(action, "deadLetter", deadLetter, OBJECT);
  for (const [name, rule] of Object.entries(LETTER_RULES)) {
    check(action, name, deadLetter[name as keyof typeof LETTER_RULES], rule);
  }
  if (deadLetter.encode !== undefined) check(action, "encode", deadLetter.encode, FUNCTION);
  checkTopic("publish dead letters", deadLetter.topic);
}

/** @throws {TypeError | RangeError} Naming the option, its value and its rule. */
export function resolveOrder(
  action: string,
  ordered: ConsumeOptions["ordered"],
): { keyOf: (message: Message) => string; scope: "group" | "member" } | undefined {
  if (ordered === undefined) return undefined;
  const order = ordered === "key" ? KEY_ORDER : ordered;
  check(action, "ordered", order, ORDER);
  const { by, scope = "group" } = order;
  const byRule = typeof by === "function" ? FUNCTION : BY;
  checkOptions(action, order, { by: byRule, scope: choice("group", "member") });
  check(action, "by", by, byRule);
  return { keyOf: by === "key" ? (message) => message.key : by, scope };
}

/** What cannot be kept is refused, not promised. */
function checkOrder(action: string, scope: "group" | "member", { keyOrder }: Traits): void {
  if (keyOrder === "group" || (keyOrder === "member" && scope === "member")) return;
  throw new RangeError(
    keyOrder === "none"
      ? `Cannot ${action} as 'ordered' must be left out where the transport keeps no order of keys`
      : `Cannot ${action} as 'scope' of 'ordered' must be 'member' where the transport keeps order within a member only: current value is '${scope}'`,
  );
}
