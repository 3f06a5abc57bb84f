import { extractContext, injectContext, type Rec } from "@beat/beat/message";

const TRACEPARENT = "traceparent";
const TRACESTATE = "tracestate";

/**
 * The context that a record carries as the headers of W3C Trace Context, for what stands between sender
 * and receiver: a proxy knows nothing of metadata.
 */
export function traceHeadersOf({ headers }: Rec): Readonly<Record<string, string>> {
  if (!isTraced(headers)) return {};
  return Object.fromEntries(writtenAnew(new Map(headers)));
}

/** The record of a request, with the context of that unless it carries its own. */
export function withTraceOf(headers: Headers, rec: Rec): Rec {
  const parent = headers.get(TRACEPARENT);
  if (parent === null || isTraced(rec.headers)) return rec;
  const state = headers.get(TRACESTATE) ?? "";
  const trace = writtenAnew(new Map([[TRACEPARENT, parent], [TRACESTATE, state]]));
  return trace.size === 0 ? rec : { ...rec, headers: [...rec.headers, ...trace] };
}

function isTraced(headers: Rec["headers"]): boolean {
  return headers.some(([name]) => name === TRACEPARENT);
}

/** Without what is malformed or too long. */
function writtenAnew(carried: ReadonlyMap<string, string>): Map<string, string> {
  const written = new Map<string, string>();
  const context = extractContext(carried);
  if (context !== undefined) injectContext(written, context);
  return written;
}
