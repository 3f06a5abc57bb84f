import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { CloseReport } from "../../mod.ts";
import { fnv1a } from "../../src/engines/fnv1a.ts";
import { collect, startWorker, TRANSPORT, withBus } from "./_buses.ts";

const NOTHING: CloseReport = { discarded: 0, inDoubt: 0, stuck: 0 };
/** For a `close` that no busy machine makes give up a thread. */
const PATIENT = { timeout: 60_000 };

describe("a thread that is to stop", () => {
  it("lets its handlers end, then cleans up, within the time of close()", async () => {
    const channel = new BroadcastChannel("beat.ends");
    const said: string[] = [];
    const errors: string[] = [];
    let isClosed = false;
    const onError = (error: unknown) => void errors.push((error as Error).message);
    await withBus("ends", { threads: 1, onError }, async (bus) => {
      await bus.ready;
      const closed = new Promise<CloseReport>((resolve) => {
        channel.onmessage = async ({ data: word }) => {
          said.push(word);
          if (word === "works") {
            bus.close(PATIENT).then((report) => {
              isClosed = true;
              resolve(report);
            });
          }
          // What goes too far is ahead by now.
          await new Promise((resume) => setTimeout(resume, 10));
          said.push(`${isClosed}`);
          channel.postMessage(`after ${word}`);
        };
      });
      bus.emit("work", "fail");
      assertEquals(await closed, NOTHING);
      assertEquals(said, ["works", "false", "has worked", "false", "cleans up", "false"]);
      assertEquals([errors, bus.stats().failed], [["failed at the end"], 1]);
    });
    channel.close();
  });

  it("handles no event more that it has not begun", async () => {
    await withBus("kinds", { threads: 1 }, async (bus) => {
      await bus.ready;
      const closed = new Promise<CloseReport>((resolve) => {
        bus.on("answer.me", () => resolve(bus.close(PATIENT)));
      });
      bus.emit("ask");
      for (let i = 0; i < 500; i++) bus.emit("spin", 20);
      const { discarded, ...rest } = await closed;
      assertEquals(rest, { inDoubt: 0, stuck: 0 });
      assert(discarded > 0, "all events were handled");
      const { emitted, processed, dropped } = bus.stats();
      assertEquals([emitted, dropped], [processed + discarded, discarded]);
    });
  });

  it("waits no more until others have heard what it subscribes", async () => {
    await withBus("awaits_ready", {}, async (bus) => {
      await bus.ready;
      const [busy, waits] = ["a", "b"].toSorted((one, other) => fnv1a(one) % 2 - fnv1a(other) % 2);
      const held = collect(bus, "held", 1);
      bus.emit({ type: "hold", key: busy!, data: 200 });
      await held;
      const subscribed = collect(bus, "subscribed", 1);
      bus.emit({ type: "subscribe", key: waits!, data: undefined });
      await subscribed;
      // The other thread hears of nothing any more, as it has come to its end.
      const { stuck, inDoubt } = await bus.close(PATIENT);
      assertEquals([stuck, inDoubt], [0, 0]);
    });
  });

  if (TRANSPORT === "shared-memory") {
    it("is told so in the memory, as is all else: only its start is a message", async () => {
      let messages = 0;
      let greetings = 0;
      const greeted = Promise.withResolvers<void>();
      const handlers = () => {
        const worker = startWorker("kinds") as Worker & { on: Worker["addEventListener"] };
        const listen = worker.addEventListener ?? worker.on;
        listen.call(worker, "message", () => {
          messages++;
          if (++greetings === 2) greeted.resolve();
        });
        const send = worker.postMessage.bind(worker) as (...args: unknown[]) => void;
        worker.postMessage = (...args: unknown[]) => {
          messages++;
          send(...args);
        };
        return worker;
      };
      await withBus("kinds", { handlers, threads: 2, onError() {} }, async (bus) => {
        await bus.ready;
        // A thread may serve before its greeting is read, which is answered in the same turn.
        await greeted.promise;
        await new Promise((resolve) => setTimeout(resolve, 0));
        const atFirst = messages;
        let answers = 0;
        bus.on("answer.*", () => answers++);
        for (let i = 0; i < 100; i++) await bus.enqueue({ type: "ask", data: i });
        bus.emit("throw", 1);
        await bus.drain();
        assertEquals(answers, 100);
        assertEquals(messages, atFirst);
      });
    });
  }
});
