// A producer of the torture of lanes: takes a lane, writes, leaves, and dies.
import { attach, type LaneHandle, type Producer } from "../../src/engines/lanes.ts";
import { seeded } from "../../src/ring/_stepped.ts";
import { ownPort } from "../../src/runtime/threads.ts";
import { checksum } from "./_checks.ts";
import { BATCH, type Done, type Item, JSON_BYTES, type Task } from "./_lanes.ts";

const port = ownPort()!;

port.listen(async (message) => {
  const task = message as Task;
  const done: Done = { slot: task.slot };
  try {
    await feed(task);
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== "BusClosedError") done.fault = `${name}: ${message}`;
  }
  port.send(done);
});
port.send("ready");

/** Feeds the bus until it takes nothing any more. */
async function feed({ handle, slot, seed, deaths, books }: Task): Promise<void> {
  const random = seeded(seed);
  const words = new Int32Array(books);
  let number = 0;
  const accept = (count: number) => Atomics.store(words, 2 * slot, number += count);
  for (let stint = 0;; stint++) {
    const producer = await attachSoon(handle);
    for (let left = random() * 300; left > 0; left--) {
      if (deaths > 0 && random() < 1 / deaths) {
        Atomics.store(words, 2 * slot + 1, 1);
        process.exit(1);
      }
      const draw = random();
      const event = (ahead: number) => createEvent(slot, stint, number + ahead, random);
      if (draw < 0.9) {
        producer.emit(event(0));
        accept(1);
      } else if (draw < 0.95) {
        await producer.enqueue(event(0));
        accept(1);
      } else {
        const events = Array.from({ length: BATCH }, (_, ahead) => event(ahead));
        try {
          producer.emitBatch(events);
          accept(BATCH);
        } catch (error) {
          const { failures } = error as { failures?: unknown[] };
          accept(failures === undefined ? 0 : BATCH - failures.length);
          throw failures === undefined ? error : (failures[0] as { error: unknown }).error;
        }
      }
      if (random() < 0.01) await new Promise((resolve) => setTimeout(resolve, random() * 2));
    }
    producer.close();
  }
}

/** Takes a lane, waiting for one to be free. */
async function attachSoon(handle: LaneHandle): Promise<Producer> {
  for (;;) {
    try {
      return attach(handle, handle.hasCodec ? { valueCodec: JSON_BYTES } : {});
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

function createEvent(slot: number, stint: number, number: number, random: () => number) {
  const bytes = Array.from({ length: random() * 100 }, () => Math.floor(random() * 256));
  const data: Item = { slot, stint, number, bytes, sum: checksum(bytes) };
  return { type: `type.${slot % 3}`, key: `k${slot}`, data };
}
