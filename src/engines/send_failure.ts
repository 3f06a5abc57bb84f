import { print } from "../options/print.ts";
import { FLAG_FAILURE } from "../ring/frame.ts";
import { typeOf } from "./batch_handlers.ts";
import { HOME, type Mesh } from "./mesh.ts";
import { type FailureReport, reportError } from "./notes.ts";
import type { BusEvent } from "../core/event.ts";
import type { FlowErrorContext } from "../core/flow_contracts.ts";
import type { Outbox } from "./outbox.ts";

/** Characters of a message that fit into the smallest ring. */
export const SHORT = 50;

/** What has failed, and whether a failure of it was printed. */
interface Source {
  printed?: boolean;
}

/** Sends what a handler or a stage threw to the thread of the bus, which has the hook for it. */
export function sendFailure(
  mesh: Mesh,
  outbox: Outbox,
  error: unknown,
  { event, events, subscription, stage }: FlowErrorContext,
): void {
  const reason = reportError(error);
  const pattern = subscription?.pattern ?? null;
  const source = subscription as Source | undefined;
  if (events === undefined) {
    sendReport(outbox, error, [pattern ?? event!.type, reason], event!, source);
    return;
  }
  const count = sendParts(mesh, outbox, events);
  const place = stage === undefined ? [] as const : [stage] as const;
  const batch = { type: "batch", data: undefined };
  sendReport(outbox, error, [pattern, reason, count, ...place], batch, source);
}

function sendReport(
  outbox: Outbox,
  error: unknown,
  failure: FailureReport,
  event: BusEvent,
  source: Source = {},
): void {
  const [pattern, { name, message }, ...place] = failure;
  const bare = { type: event.type, data: undefined };
  const whole = JSON.stringify(failure);
  // A stack may be longer than a small ring takes.
  const short = JSON.stringify([pattern, { name, message: message.slice(0, SHORT) }, ...place]);
  for (const [sent, report] of [[event, whole], [bare, whole], [bare, short]] as const) {
    try {
      if (outbox.sendTo(HOME, sent, FLAG_FAILURE, report)) return;
    } catch {
      // What cannot be encoded is reported without it.
    }
  }
  // It is counted in any case.
  if (source.printed) return;
  source.printed = true;
  print(pattern === null ? "A batch failed:" : `A handler of '${pattern}' failed:`, error);
}

/** Sends the events of a failure ahead, as long as half of the ring stays free; says how many. */
function sendParts(mesh: Mesh, outbox: Outbox, events: readonly BusEvent[]): number {
  const { writers, layout } = mesh;
  let count = 0;
  for (const event of events) {
    if (!writers[HOME]!.hasRoom(layout.capacity / 2)) break;
    try {
      // A stage may have left what is no event.
      if (typeOf(event) === undefined) continue;
      if (outbox.sendTo(HOME, event, FLAG_FAILURE)) count++;
    } catch {
      // It may have made it one that cannot be encoded.
    }
  }
  return count;
}
