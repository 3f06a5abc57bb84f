import { Message } from "../message/message.ts";
import { safeHeaderName, safeHeaderValue } from "../message/names.ts";
import type { Rec } from "../message/rec.ts";
import { show } from "../options/refusal.ts";
import { stowFacts } from "./packed_letter.ts";
import type { Slot } from "./slot.ts";

/** Where messages go whose attempts are used up. */
export interface DeadLetterTarget {
  /** The topic of the dead letters. */
  readonly topic: string;
  /** Name of the handler that failed. */
  readonly handler: string;
  /**
   * Publishes a letter; resolves when it is confirmed. Publishing is identified by `identity`, never by
   * the uuid alone: a broker that drops duplicates would take the letter for the message itself.
   */
  publish(letter: Message, identity: string): Promise<void>;
  /**
   * The record of a letter, if it goes to the transport that the message came from: where that can
   * publish and ack in one step, it does.
   */
  encode?(letter: Message): Rec;
}

/** Metadata that counts how often a message was put back from the dead letters. */
export const REPLAYS = "replays";

const LONGEST_REASON = 1_000;
const LONGEST_STACK = 4_000;

/** The copy of a failed message that goes to the dead letters: the same uuid, and why. */
export function makeLetter(slot: Slot, topic: string, handler: string, error: unknown): Message {
  const { message, attempt, firstFailure } = slot;
  const metadata = stowFacts(safeMetadata(message));
  metadata.set("dlq_reason", cut(reasonOf(error), LONGEST_REASON));
  metadata.set("dlq_handler", safeHeaderValue(handler));
  metadata.set("dlq_topic", topic);
  metadata.set("dlq_attempts", String(attempt));
  metadata.set("dlq_first_failed_at", new Date(firstFailure!.time).toISOString());
  metadata.set("dlq_last_failed_at", new Date().toISOString());
  const stack = stackOf(error);
  if (stack !== undefined) metadata.set("dlq_stack", cut(stack, LONGEST_STACK));
  const { uuid, key, timestamp } = message;
  return new Message(message.payload, { uuid, key, metadata, timestamp });
}

/**
 * Identifies the publishing of a letter. A message that was put back and fails again makes another letter,
 * which a broker that drops duplicates must not take for the one before.
 */
export function letterIdentity(target: DeadLetterTarget, letter: Message): string {
  const identity = `${target.topic}:${letter.uuid}:${target.handler}`;
  const replays = letter.metadata.get(REPLAYS);
  return replays === undefined ? identity : `${identity}:replay:${replays}`;
}

function reasonOf(error: unknown): string {
  if (error === undefined) return "no reason was given";
  try {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
  } catch {
    // An error whose message cannot be read is shown like any other value.
  }
  return typeof error === "string" ? error : show(error);
}

/** A handler may have put there what no header carries: that must not hold up the letter for ever. */
function safeMetadata({ metadata }: Message): Map<string, string> {
  return new Map(Array.from(metadata as ReadonlyMap<unknown, unknown>, ([name, value]) => [
    safeHeaderName(typeof name === "string" ? name : show(name)),
    safeHeaderValue(typeof value === "string" ? value : show(value)),
  ]));
}

/** None of what is no error, or cannot be looked at. */
function stackOf(error: unknown): string | undefined {
  try {
    const stack = error instanceof Error ? error.stack : undefined;
    return typeof stack === "string" ? stack : undefined;
  } catch {
    return undefined;
  }
}

/** Line breaks become ` | ` and other control characters spaces, as headers and CloudEvents carry none. */
function cut(text: string, limit: number): string {
  const line = text.trim().replace(/\s*[\r\n]+\s*/g, " | ").replace(/\p{Control}/gu, " ");
  // After the cut, which may halve a character.
  return safeHeaderValue(line.length > limit ? `${line.slice(0, limit - 1)}…` : line);
}
