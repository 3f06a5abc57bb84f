/**
 * Measures in a process of its own whether something grows the heap: `node --expose-gc`, `deno
 * --v8-flags=--expose-gc` or `bun` runs it with the name of a case, and it prints the growth.
 *
 * @module
 */
import process from "node:process";
import { type Bus, forAsync, forFlow, forSync, type OpenEventMap } from "@beat/beat";
import { localPublisher, localSubscriber } from "@beat/beat/local";
import { MemoryBroker } from "@beat/beat/memory";
import { Message } from "@beat/beat/message";
import { publisher, subscriber } from "@beat/beat/transport";

const { gc, Bun } = globalThis as unknown as {
  gc?: () => void;
  Bun?: { gc(force: boolean): void };
};

/** Bytes in use after a full collection. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (gc !== undefined) gc();
    else Bun!.gc(true);
  }
  return process.memoryUsage().heapUsed;
}

type Step = (from: number, to: number) => void | Promise<void>;

/** Emits types that nobody has seen, some of them handled: all on one bus, a tenth on others. */
function emitting(all: Bus<OpenEventMap>, ...others: Bus<OpenEventMap>[]): Step {
  for (const bus of [all, ...others]) bus.on("wanted.**", () => {});
  return async (from, to) => {
    for (let i = from; i < to; i++) {
      const type = (i & 7) === 0 ? `wanted.${i}` : `unwanted.${i}`;
      all.emit(type);
      if (i % 10 === 0) { for (const bus of others) bus.emit(type); }
      if ((i & 0x1fff) === 0) await turn();
    }
    for (const bus of others) while (bus.stats().depth > 0) await turn();
  };
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** What is done again and again, from number `from` up to `to`, and must not grow the heap. */
const CASES: Record<string, () => Step> = {
  "distinct types on a sync bus, a tenth on an async and a flow bus": () =>
    emitting(forSync(), forAsync(), forFlow({ batchTimeout: 0, shards: 4 })),
  "distinct topics": () => {
    const bus = forSync();
    bus.on("wanted.*", () => {});
    return (from, to) => {
      for (let i = from; i < to; i++) bus.topic(`wanted.${i}`).emit(i);
    };
  },
  "subscriptions that end": () => {
    const bus = forSync();
    const { signal } = new AbortController();
    return async (from, to) => {
      for (let i = from; i < to; i++) {
        bus.on(`reply.${i}`, () => {}, { signal }).unsubscribe();
        bus.on(`reply.${i}.*`, () => {}, { signal }).unsubscribe();
        const reply = bus.once(`reply.${i}`, { signal });
        bus.emit(`reply.${i}`);
        await reply;
      }
    };
  },
  // Each is emitted once and out of the tables when the next one comes: a type remembers the one
  // that came after it, which must not make a chain of them.
  "types that end in a chain": () => {
    const bus = forSync();
    bus.on("first", () => {});
    bus.emit("first");
    return (from, to) => {
      for (let i = from; i < to; i++) {
        const subscription = bus.on(`reply.${i}`, () => {});
        bus.emit(`reply.${i}`);
        subscription.unsubscribe();
        bus.on(`other.${i}`, () => {}).unsubscribe();
      }
    };
  },
  // The same where each begins before the one before it has ended.
  "types that overlap in a chain": () => {
    const bus = forSync();
    bus.on("first", () => {});
    bus.emit("first");
    return (from, to) => {
      let last = bus.on(`reply.${from}`, () => {});
      bus.emit(`reply.${from}`);
      for (let i = from + 1; i <= to; i++) {
        const next = bus.on(`reply.${i}`, () => {});
        bus.emit(`reply.${i}`);
        last.unsubscribe();
        last = next;
      }
      last.unsubscribe();
    };
  },
  "iterators and listeners that end": () => {
    const bus = forSync();
    const target = bus.asEventTarget();
    return async (from, to) => {
      for (let i = from; i < to; i++) {
        const events = bus.events(`item.${i}`);
        // Few types, as Deno's and Node's own EventTarget remember each type that was listened to.
        const type = `item.${i % 10}`;
        target.addEventListener(type, () => {}, { once: true });
        bus.emit(type);
        bus.emit(`item.${i}`);
        await events.return();
      }
    };
  },
  "large events that were handled": () => {
    const bus = forAsync();
    bus.on("large", () => {});
    return async (from, to) => {
      for (let i = from; i < to; i++) {
        bus.emit("large", new Array(10_000).fill(i));
        if (i % 50 === 0) await turn();
      }
      await turn();
    };
  },
  "large events of one burst": () => {
    const bus = forAsync();
    bus.on("large", () => {});
    return async (from, to) => {
      // What comes first is the measure, so that a queue that keeps what it has handed over shows.
      if (from === 0) return;
      for (let i = from; i < to; i++) bus.emit("large", new Array(1_000).fill(i));
      while (bus.stats().depth > 0) await turn();
    };
  },
  "records in memory": () => {
    const broker = new MemoryBroker({ defaults: { maxMessages: 100 } });
    const outlet = publisher(broker);
    return async (from, to) => {
      for (let i = from; i < to; i += 100) {
        const batch = Array.from({ length: 100 }, (_, at) =>
          new Message(new Uint8Array(1_000), {
            key: `${i + at}`,
          }));
        await outlet.publish("t", batch);
      }
    };
  },
  "consumers in memory": () => {
    const broker = new MemoryBroker({ simulate: { seed: 1, crash: 0.1, duplicate: 0.1 } });
    const outlet = publisher(broker);
    const inlet = subscriber(broker);
    return async (from, to) => {
      for (let i = from; i < to; i++) {
        const reader = await inlet.subscribe("t", { from: "earliest" });
        const member = await inlet.subscribe("t", { group: "g" });
        await outlet.publish("t", new Message("m"));
        for await (const message of reader) {
          message.ack();
          break;
        }
        await member.close();
        if (i % 100 === 99) {
          await broker.admin.removeGroup("t", "g");
          await broker.admin.remove("t");
        }
      }
    };
  },
  "subscriptions behind a bus": () => {
    const bus = forSync();
    const outlet = localPublisher(bus);
    const inlet = localSubscriber(bus);
    return async (from, to) => {
      for (let i = from; i < to; i++) {
        const stream = await inlet.subscribe("t");
        await outlet.publish("t", new Message("m"));
        for await (const message of stream) {
          message.ack();
          break;
        }
      }
    };
  },
  "buses that are closed": () => async (from, to) => {
    for (let i = from; i < to; i++) {
      const bus = i % 2 === 0 ? forSync() : forAsync();
      bus.on("a.**", () => {});
      bus.events("a.b");
      bus.emit("a.b", i);
      await bus.drain();
    }
  },
};

const [name, count] = process.argv.slice(-2);
const step = CASES[name!]!();
const total = Number(count);
await step(0, total / 10);
const before = await heap();
await step(total / 10, total);
const after = await heap();
console.log(JSON.stringify({ name, total, grown: after - before }));
