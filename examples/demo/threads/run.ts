import { CrashError, forAsync } from "@beat/beat";
import type { Terminal } from "../terminal.ts";
import { makeParcels, type Parcel } from "./parcels.ts";
import type { Indexed, ThreadedEvents } from "./payload.ts";
import { printThreads } from "./table.ts";
import { checkThreads, type ThreadFacts } from "./verdict.ts";

/** How often all recorded deliveries are sent. */
const ROUNDS = 10;

/** What the threads run. */
export const HANDLERS: URL = new URL("./handlers.ts", import.meta.url);

/** Sends the deliveries through threads, one of which dies, and returns how many checks failed. */
export async function runThreads(
  terminal: Terminal,
  threads: number,
  handlers: URL,
): Promise<{ checks: number; faults: string[] }> {
  const { paint, print } = terminal;
  const parcels = makeParcels(ROUNDS);
  print(`${paint("bold", `${parcels.length} deliveries`)}, hashed, parsed and indexed in threads`);
  print();
  const facts = await feedThreads(parcels, threads, handlers, terminal.progress("threads   "));
  terminal.endProgress();
  printThreads(terminal, facts);
  return checkThreads(facts);
}

async function feedThreads(
  parcels: readonly Parcel[],
  threads: number,
  handlers: URL,
  onProgress: (done: number) => void,
): Promise<ThreadFacts> {
  const indexed = new Map<string, Indexed[]>();
  const named: string[] = [];
  const faults: unknown[] = [];
  const starts: number[] = new Array(threads).fill(0);
  let [died, served] = [NaN, NaN];
  const bus = forAsync<ThreadedEvents>({
    handlers,
    threads,
    onError(error) {
      if (!(error instanceof CrashError)) return void faults.push(error);
      named.push(error.id ?? "");
      died = performance.now();
    },
  });
  bus.on("thread.started", ({ data }) => {
    if (++starts[data]! > 1) served = performance.now();
  });
  bus.on("webhook.indexed", ({ id, data }) => {
    indexed.set(id!, [...indexed.get(id!) ?? [], data]);
  });
  await bus.ready;

  const started = performance.now();
  for (const [at, { id, bytes, kills }] of parcels.entries()) {
    const metadata = kills ? { metadata: { kills: "true" } } : {};
    await bus.enqueue({ type: "webhook.received", id, data: bytes, ...metadata });
    onProgress(at / parcels.length);
  }
  await bus.drain();
  const time = performance.now() - started;
  const restart = served - died;
  return { parcels, threads, indexed, named, faults, starts, restart, stats: bus.stats(), time };
}
