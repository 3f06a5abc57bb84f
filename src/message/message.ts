import { ANYTHING, checkOptions, type Rules } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import { AbortScope } from "./abort_scope.ts";
import type { Origin, Reception, Settlement } from "./reception.ts";
import type { Rec } from "./rec.ts";
import { newUuid } from "./uuid.ts";

/** Texts by name that travel with a message: names of `[A-Za-z0-9_.-]`, values without CR, LF, NUL. */
export type Metadata = Map<string, string>;

/** What {@linkcode Message.nack} takes. */
export interface NackOptions {
  /** Milliseconds until the message may be delivered again. @default {the back-off of the subscription} */
  delay?: number;
  /** Why; a dead letter carries it. */
  reason?: unknown;
}

/** What a new message has beside its payload. */
export interface MessageOptions {
  /** Identifies the message. @default {a new UUID} */
  uuid?: string | undefined;
  /** Messages with the same key keep their order. @default {"" (none)} */
  key?: string | undefined;
  /** Copied. @default {none} */
  metadata?: Iterable<readonly [string, string]> | Readonly<Record<string, string>> | undefined;
  /** When it was made. @default {now} */
  timestamp?: Date | undefined;
}

const TEXT = new TextDecoder();
const BYTES = new TextEncoder();

const ACTION = "create a message";

const NEW_RULES: Rules = {
  uuid: ["a text that is not empty", "string", (value: string) => value !== ""],
  key: ["a string", "string"],
  metadata: ["an object or an iterable of pairs", "object", (value: unknown) => value !== null],
  timestamp: ["a valid Date", "object", isValidDate],
};

const NACK_RULES: Rules = {
  // For ever is no delay: brokers cannot carry it, and the message would keep its slot.
  delay: [
    "a finite number of at least 0 ms",
    "number",
    (value: number) => value >= 0 && value < Infinity,
  ],
  reason: ANYTHING,
};

const ACKED = { kind: "acked" } as const;
const PENDING = { kind: "pending" } as const;

/** Options of a message whose fields come from a record: nothing to check, nothing to make. */
const FROM_RECORD: MessageOptions = {};

const NO_HEADERS: Rec["headers"] = [];

let open: (rec: Rec) => Message;
let write: (message: Message) => Rec;
let receive: (message: Message, reception: Reception) => void;
let enter: (message: Message) => AbortScope;
let leave: (message: Message, scope: AbortScope) => void;
let lose: (message: Message, cause: unknown) => void;

/**
 * Bytes with a name, a key and metadata, on their way through a broker.
 *
 * One that was received must be settled: {@linkcode Message.ack} it when it is done, or
 * {@linkcode Message.nack} it to get it again; the first decision counts. A Router does that by
 * itself. One that is published needs no settlement.
 *
 * @example A message and its copy
 * ```ts
 * import { Message } from "@beat/beat/message";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 *
 * const message = Message.json({ total: 12 }, { key: "order-7", metadata: { tenant: "a" } });
 * assertEquals(message.json(), { total: 12 });
 * assertEquals(message.metadata.get("tenant"), "a");
 * assertNotEquals(message.copy().uuid, message.uuid);
 * ```
 */
export class Message {
  /** The bytes, as they were published; treat them as read-only. */
  readonly payload: Uint8Array;
  #uuid: string | undefined;
  #key = "";
  #time = 0;
  #metadata: Metadata | undefined;
  #headers: Rec["headers"] | undefined;
  #settlement: Settlement | typeof PENDING = PENDING;
  #settled: PromiseWithResolvers<Settlement> | undefined;
  #reception: Reception | undefined;
  #attempt = 1;
  #scope: AbortScope | undefined;

  static {
    open = (rec) => {
      const message = new Message(rec.payload, FROM_RECORD);
      message.#uuid = rec.id;
      message.#key = rec.key;
      message.#time = rec.time;
      message.#headers = rec.headers;
      return message;
    };
    write = (message) => ({
      id: message.uuid,
      key: message.#key,
      headers: message.#toHeaders(),
      payload: message.payload,
      time: message.#time,
    });
    receive = (message, reception) => {
      message.#reception = reception;
      message.#attempt = reception.attempt;
      message.#scope = undefined;
      message.#settlement = PENDING;
      message.#settled = undefined;
    };
    enter = (message) => {
      const scope = new AbortScope(message.#currentScope());
      message.#scope = scope;
      return scope;
    };
    leave = (message, scope) => {
      scope.leave();
      // Work that was given up on may have opened scopes inside, and leave them later or never.
      for (let open = message.#scope; open !== undefined; open = open.outer) {
        if (open === scope) message.#scope = scope.outer;
      }
    };
    lose = (message, cause) => {
      if (message.#settlement === PENDING) message.#decide({ kind: "lost", cause });
    };
  }

  /**
   * Creates a message that can be published. A string becomes UTF-8 bytes.
   *
   * @throws {TypeError} If the payload is neither bytes nor a string, or an option has the wrong shape.
   */
  constructor(payload: Uint8Array | string = "", options: MessageOptions = {}) {
    if (typeof payload === "string") payload = BYTES.encode(payload);
    else if (!(payload instanceof Uint8Array)) {
      refuse(ACTION, "payload", "a Uint8Array or a string", payload);
    }
    this.payload = payload;
    if (options === FROM_RECORD) return;
    checkOptions(ACTION, options, NEW_RULES);
    const { uuid, key = "", metadata, timestamp } = options;
    this.#uuid = uuid;
    this.#key = key;
    this.#time = timestamp === undefined ? Date.now() : timestamp.getTime();
    if (metadata !== undefined) {
      this.#metadata = new Map(Symbol.iterator in metadata ? metadata : Object.entries(metadata));
      for (const [name, value] of this.#metadata) {
        if (typeof value !== "string") refuse(ACTION, `metadata.${name}`, "a string", value);
      }
    }
  }

  /**
   * Creates a message whose payload is the JSON text of a value.
   *
   * @throws {TypeError} If JSON cannot carry the value: a function, a circle, a bigint, `undefined`.
   */
  static json(value: unknown, options?: MessageOptions): Message {
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch (cause) {
      throw new TypeError(`Cannot ${ACTION} as JSON cannot carry its value`, { cause });
    }
    if (text === undefined) refuse(ACTION, "value", "something that JSON can carry", value);
    return new Message(text, options);
  }

  /** Identifies the message; made at its first use if none was given. */
  get uuid(): string {
    return this.#uuid ??= newUuid();
  }

  /** Orders and shards; `""` is none. */
  get key(): string {
    return this.#key;
  }

  /** When the message was made, with the precision that its broker keeps. */
  get timestamp(): Date {
    return new Date(this.#time);
  }

  /** Texts that travel with the message. */
  get metadata(): Metadata {
    return this.#metadata ??= new Map(this.#headers);
  }

  /** Calls of the handler with this message, this one included, as far as known; 1 is the first. */
  get attempt(): number {
    return this.#attempt;
  }

  /** Whether it was delivered before, as far as known. */
  get redelivered(): boolean {
    return this.#attempt > 1;
  }

  /** Where it was received; a new message has none. */
  get origin(): Origin | undefined {
    return this.#reception?.origin;
  }

  /** Aborts when the work on the message should stop: on a time-out, a lost lease, a deadline of `close`. */
  get signal(): AbortSignal {
    return this.#currentScope().signal;
  }

  /** Whether and how it was settled; a lost one stays `"pending"`. */
  get state(): "pending" | "acked" | "nacked" {
    const { kind } = this.#settlement;
    return kind === "lost" ? "pending" : kind;
  }

  /** Says that the message is done. Tells whether this call decided. */
  ack(): boolean {
    return this.#settle(ACKED);
  }

  /**
   * Says that the message is not done: it will be delivered again, as the subscription's rules allow.
   * Tells whether this call decided.
   *
   * @throws {TypeError | RangeError} If `delay` is not a finite number of at least 0.
   */
  nack(options: NackOptions = {}): boolean {
    checkOptions("nack a message", options, NACK_RULES);
    return this.#settle({ kind: "nacked", ...options });
  }

  /** Resolves when the message is settled, or lost to another consumer. */
  settled(): Promise<Settlement> {
    if (this.#settled === undefined) {
      this.#settled = Promise.withResolvers();
      if (this.#settlement !== PENDING) this.#settled.resolve(this.#settlement as Settlement);
    }
    return this.#settled.promise;
  }

  /** The payload as text; bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    return TEXT.decode(this.payload);
  }

  /**
   * The payload as the value of its JSON text; `T` is not checked.
   *
   * @throws {SyntaxError} If the payload is no JSON.
   */
  json<T = unknown>(): T {
    return JSON.parse(this.text());
  }

  /** A new, unsettled message with the same content and another uuid; the payload is shared. */
  copy(): Message {
    const copy = new Message(this.payload, FROM_RECORD);
    copy.#key = this.#key;
    copy.#time = this.#time;
    copy.#headers = this.#toHeaders();
    return copy;
  }

  #toHeaders(): Rec["headers"] {
    return this.#metadata === undefined ? this.#headers ?? NO_HEADERS : [...this.#metadata];
  }

  #currentScope(): AbortScope {
    return this.#scope ??= this.#reception?.scope ?? new AbortScope();
  }

  #settle(settlement: Settlement): boolean {
    if (this.#settlement !== PENDING) return false;
    if (this.#reception?.settle(settlement) === false) return false;
    this.#decide(settlement);
    return true;
  }

  #decide(settlement: Settlement): void {
    this.#settlement = settlement;
    this.#settled?.resolve(settlement);
  }
}

/** A received message with the content of a record; its metadata is built at first use. */
export function openRecord(rec: Rec): Message {
  return open(rec);
}

/** The record with the content of a message; neither metadata nor a Date is built for it. */
export function writeRecord(message: Message): Rec {
  return write(message);
}

/** Ties a message to a delivery: from now on it is pending, and the delivery hears of the decision. */
export function receiveMessage(message: Message, reception: Reception): void {
  receive(message, reception);
}

/**
 * Opens a scope for a part of the work on a message, and makes its signal the message's. Who opened
 * it ends it by {@linkcode leaveScope}.
 */
export function enterScope(message: Message): AbortScope {
  return enter(message);
}

/** Ends a scope: the message's signal is again that of the scope around it. */
export function leaveScope(message: Message, scope: AbortScope): void {
  leave(message, scope);
}

/** Resolves `settled()` of a message that is no longer ours to decide on. */
export function loseMessage(message: Message, cause: unknown): void {
  lose(message, cause);
}

function isValidDate(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime());
}
