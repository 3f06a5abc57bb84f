import { forAsync } from "../../mod.ts";
import { Faults, type TortureReport } from "./_checks.ts";
import { startWorker } from "./_start_worker.ts";

const THREADS = 2;
/** Events of one batch. */
const BATCH = 256;
/** Bytes of an event: they vary, so that the end of the ring is met in all ways. */
const SIZES = [16, 24, 40, 96, 20];

/** The sum of a flooded event's bytes without the first eight, which are its number and this sum. */
export function sumOf(bytes: Uint8Array, offset: number, length: number): number {
  let sum = 0;
  for (let at = 8; at < length; at++) sum = (sum * 31 + bytes[offset + at]!) | 0;
  return sum;
}

/** Sends numbered bytes to each thread by its key; they look whether each is whole and in order. */
export async function flood(events: number): Promise<TortureReport> {
  const faults = new Faults();
  const bus = forAsync({
    handlers: startWorker,
    threads: THREADS,
    blockTimeout: 60_000,
    onError: (error) => faults.add(String(error)),
  });
  bus.on("broken", ({ data }) => faults.add(String(data)));
  await bus.ready;
  const keys = ["a", "b"];
  const batch = Array.from({ length: BATCH }, (_, at) => ({
    type: "flood",
    key: keys[at % keys.length]!,
    data: new Uint8Array(SIZES[at % SIZES.length]!),
  }));
  const words = batch.map(({ data }) => new Int32Array(data.buffer, 0, 2));
  let number = 0;
  while (number < events) {
    const count = Math.min(BATCH, events - number);
    for (let at = 0; at < count; at++, number++) {
      const { data } = batch[at]!;
      data.fill(number, 8);
      words[at]![0] = number;
      words[at]![1] = sumOf(data, 0, data.length);
    }
    bus.emitBatch(batch.slice(0, count));
  }
  let flooded = 0;
  bus.on("flooded", ({ data }) => void (flooded += Number(data)));
  for (const key of keys) bus.emit({ type: "count flood", data: undefined, key });
  await bus.drain({ timeout: 600_000 });
  faults.expect("events that were handled", flooded, events);
  const { emitted, processed, dropped } = bus.stats();
  faults.expect("stats().processed", processed, emitted);
  faults.expect("stats().dropped", dropped, 0);
  return { jobs: events, inDoubt: 0, faults: faults.list };
}
