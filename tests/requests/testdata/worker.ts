/** Buses where `docs/runtimes.md` says that they may live; each request emits and is answered. */
import { forAsync, forFlow, forSync } from "../../../mod.ts";

interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

const counts: Record<string, number> = { sync: 0, flow: 0, async: 0 };

const sync = forSync();
sync.on("a", () => counts.sync!++);

const flow = forFlow({ batchTimeout: 20 });
flow.onBatch("a", (events) => counts.flow! += events.length);

/** A bus of one request. */
function emitQueued(events: number, context: Context): void {
  const bus = forAsync();
  bus.on("a", () => counts.async!++);
  for (let data = 0; data < events; data++) bus.emit("a", data);
  context.waitUntil(bus.drain());
}

export default {
  fetch(request: Request, _env: unknown, context: Context): Response {
    const { pathname, searchParams } = new URL(request.url);
    const [, verb, kind = ""] = pathname.split("/");
    const events = Number(searchParams.get("events"));
    if (verb === "emit") {
      if (kind === "async") emitQueued(events, context);
      else {for (let data = 0; data < events; data++) {
          (kind === "flow" ? flow : sync).emit("a", data);
        }}
      if (kind === "flow") context.waitUntil(flow.flush());
    }
    return new Response(String(counts[kind]));
  },
};
