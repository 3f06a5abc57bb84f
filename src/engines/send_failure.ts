import { FLAG_FAILURE } from "../ring/frame.ts";
import { HOME } from "./mesh.ts";
import { reportError } from "./notes.ts";
import type { BusEvent } from "../core/event.ts";
import type { Outbox } from "./outbox.ts";

/** Sends what a handler threw to the thread of the bus, which has the hook for it. */
export function sendFailure(
  outbox: Outbox,
  error: unknown,
  event: BusEvent,
  pattern: string,
): void {
  const report = JSON.stringify([pattern, reportError(error)]);
  const { type } = event;
  try {
    if (outbox.sendTo(HOME, event, FLAG_FAILURE, report)) return;
    if (outbox.sendTo(HOME, { type, data: undefined }, FLAG_FAILURE, report)) return;
  } catch {
    // What cannot be encoded is reported without it.
    if (outbox.sendTo(HOME, { type, data: undefined }, FLAG_FAILURE, report)) return;
  }
  console.error(`A handler of '${pattern}' failed:`, error);
}
