/**
 * W3C Trace Context, as the metadata `traceparent` and `tracestate` carry it
 * (https://www.w3.org/TR/trace-context-2/).
 *
 * @module
 */

import type { Metadata } from "./message.ts";
import type { SpanContext } from "./telemetry.ts";
import { traceStateOf } from "./trace_state.ts";

/** `version-traceid-parentid-flags`; what a later version appends begins with a dash. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const INVALID_VERSION = "ff";
const ALL_ZERO = /^0+$/;

/** Sampled and random: the bits that are defined. Others are not passed on. */
const KNOWN_FLAGS = 0x03;

const STATE_KEY =
  /^([a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})$/;
const STATE_VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const MAX_MEMBERS = 32;

/** What must be propagated at least; what is longer loses whole members, those over the bound first. */
const STATE_LENGTH = 512;
const LONG_MEMBER = 128;

/** One member of a `tracestate`: the key of a tracing system, and what it wants to remember. */
export type TracestateMember = readonly [key: string, value: string];

/** The context that a `traceparent` names; `undefined` if it is malformed or names none. */
export function parseTraceparent(text: string): SpanContext | undefined {
  const match = TRACEPARENT.exec(text);
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = match as unknown as string[];
  if (version === INVALID_VERSION) return undefined;
  if (version === "00" && rest !== undefined) return undefined;
  if (ALL_ZERO.test(traceId!) || ALL_ZERO.test(spanId!)) return undefined;
  return { traceId: traceId!, spanId: spanId!, traceFlags: parseInt(flags!, 16) & KNOWN_FLAGS };
}

/** The `traceparent` of a context; that of an invalid context is one that {@linkcode parseTraceparent} refuses. */
export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & KNOWN_FLAGS}`;
}

/**
 * The members of a `tracestate`, the newest first; `undefined` if one is malformed, a key comes twice
 * or there are more than 32: then all of it is to be ignored.
 */
export function parseTracestate(text: string): TracestateMember[] | undefined {
  const members = new Map<string, string>();
  for (const part of text.split(",")) {
    const member = part.trim();
    if (member === "") continue;
    const equals = member.indexOf("=");
    const key = member.slice(0, Math.max(equals, 0));
    const value = member.slice(equals + 1);
    if (!STATE_KEY.test(key) || !STATE_VALUE.test(value) || members.has(key)) return undefined;
    members.set(key, value);
  }
  return members.size > MAX_MEMBERS ? undefined : [...members];
}

/**
 * A `tracestate` of at most 512 characters: members of more than 128 are left out first, then the
 * oldest. A malformed one becomes `""`.
 */
export function limitTracestate(text: string): string {
  const members = (parseTracestate(text) ?? []).map(([key, value]) => `${key}=${value}`);
  let length = members.join().length;
  const drop = (at: number) => {
    length -= members.splice(at, 1)[0]!.length + 1;
  };
  for (let at = members.length - 1; at >= 0 && length > STATE_LENGTH; at--) {
    if (members[at]!.length > LONG_MEMBER) drop(at);
  }
  while (length > STATE_LENGTH) drop(members.length - 1);
  return members.join();
}

/**
 * The context that metadata carries in `traceparent` and `tracestate`, as W3C Trace Context has them;
 * `undefined` if it carries no valid one.
 *
 * @example What a message carries
 * ```ts
 * import { extractContext, Message } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
 * const { metadata } = new Message("", { metadata: { traceparent } });
 * assertEquals(extractContext(metadata)?.spanId, "b".repeat(16));
 * ```
 */
export function extractContext(metadata: ReadonlyMap<string, string>): SpanContext | undefined {
  const parent = metadata.get("traceparent");
  const context = parent === undefined ? undefined : parseTraceparent(parent);
  const state = limitTracestate(metadata.get("tracestate") ?? "");
  if (context !== undefined && state !== "") {
    context.traceState = traceStateOf(parseTracestate(state)!);
  }
  return context;
}

/**
 * Makes metadata carry a context in place of the one that it has, with at most 512 characters of its
 * `tracestate`; an invalid context changes nothing.
 *
 * @example A message with a context
 * ```ts
 * import { injectContext, Message } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * const { metadata } = new Message("");
 * injectContext(metadata, { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 });
 * assertEquals(metadata.get("traceparent"), `00-${"a".repeat(32)}-${"b".repeat(16)}-01`);
 * ```
 */
export function injectContext(metadata: Metadata, context: SpanContext): void {
  const parent = formatTraceparent(context);
  if (parseTraceparent(parent) === undefined) return;
  metadata.set("traceparent", parent);
  const state = limitTracestate(context.traceState?.serialize() ?? "");
  if (state === "") metadata.delete("tracestate");
  else metadata.set("tracestate", state);
}
