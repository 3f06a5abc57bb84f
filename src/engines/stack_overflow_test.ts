/** Emits where the stack ends: whatever call finds none left, the books are right afterwards. */
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createFlowBus } from "./flow.ts";
import { createSyncBus } from "./sync.ts";
import { KINDS } from "./testdata/kinds.ts";
import { quiet } from "./testdata/waits.ts";
import type { SyncBus } from "../core/contracts.ts";
import type { OpenEventMap } from "../core/event.ts";
import type { AnyBus } from "./testdata/kinds.ts";

/** Enough for the end of the stack to come in each of the calls of an emit. */
const DEPTHS = 24;

/** Emits at the end of the stack, from the first that finds none left to one that is accepted. */
const ATTEMPTS = 40;

/** Calls `run` with so many calls more on the stack. */
function deeper(calls: number, run: () => void): number {
  if (calls > 0) return 1 + deeper(calls - 1, run);
  run();
  return 0;
}

/** Runs out of stack in `dive`, again and again, each time somewhere else. */
function exhaust(dive: () => void): void {
  for (let depth = 0; depth < DEPTHS; depth++) {
    try {
      deeper(depth, dive);
    } catch {
      // That there is no stack left is no news.
    }
  }
}

function assertSettled(bus: AnyBus): void {
  const { emitted, processed, depth } = bus.stats();
  assertEquals([processed, depth], [emitted, 0]);
}

/** Handlers of 'a' that emit it again, without an end. */
const ENDLESS: Record<string, (bus: SyncBus<OpenEventMap>) => () => void> = {
  "emit() to one handler": (bus) => {
    bus.on("a", () => bus.emit("a"));
    return () => bus.emit("a");
  },
  "emit() to several handlers": (bus) => {
    bus.on("a", () => bus.emit("a"));
    bus.on("*", () => {});
    return () => bus.emit("a");
  },
};

describe("sync bus that runs out of stack", () => {
  for (const [name, setUp] of Object.entries(ENDLESS)) {
    it(`settles every ${name}`, async () => {
      const bus = createSyncBus();
      exhaust(setUp(bus));
      assertSettled(bus);
      await bus.drain();
    });
  }
});

const QUEUEING: Record<string, () => AnyBus> = {
  "async bus": KINDS.async,
  "flow bus": KINDS.flow,
  "flow bus of small batches": () => createFlowBus({ batchSize: 3 }),
};

for (const [kind, create] of Object.entries(QUEUEING)) {
  describe(`${kind} that runs out of stack`, () => {
    it("handles all that it has accepted, and what comes then", async () => {
      const bus = create();
      let handled = 0;
      bus.on("a", () => handled++);
      let attempts = 0;
      let accepted = 0;
      const emitAtTheEnd = () => {
        try {
          emitAtTheEnd();
        } catch (error) {
          // With one call less on the stack each time.
          if (attempts++ < ATTEMPTS) {
            bus.emit("a");
            accepted++;
          }
          throw error;
        }
      };
      exhaust(() => {
        attempts = 0;
        emitAtTheEnd();
      });
      assertEquals(bus.stats().emitted, accepted);
      await quiet(bus);
      bus.emit("a");
      await quiet(bus);
      assertSettled(bus);
      assertEquals(handled, accepted + 1);
    });
  });
}
