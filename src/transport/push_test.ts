import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Traits } from "./port.ts";
import { HeldHandler, settle, start, withTime } from "./testdata/engine_world.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

/** A transport that pushes. */
function pushing(traits: Partial<Traits> = {}): ScriptedTransport {
  const transport = new ScriptedTransport(traits);
  transport.prepare = (source) => delete source.fetch;
  return transport;
}

describe("admit()", () => {
  it("waits for room, in the order of the calls", async () => {
    const transport = pushing();
    const handler = new HeldHandler();
    const consumption = await start(transport, handler.handle, { prefetch: 2, workers: 2 });
    const { host, ...source } = transport.current;
    const done: string[] = [];
    for (const id of ["a", "b", "c", "d"]) {
      const [delivery] = transport.current.deliver([id]);
      Promise.resolve(host.admit(delivery!)).then(() => done.push(id));
    }
    await settle();
    assertEquals([handler.calls, done], [["a1", "b1"], ["a", "b"]]);
    await handler.end("b");
    assertEquals([handler.calls, done], [["a1", "b1", "c1"], ["a", "b", "c"]]);
    const closed = consumption.close();
    await settle();
    assertEquals([source.requeues, done], [[["d+"]], ["a", "b", "c", "d"]]);
    await handler.end("a");
    await handler.end("c");
    await closed;
    const { received, acked, returned } = consumption.stats();
    assertEquals([received, acked, returned], [4, 3, 1]);
  });

  it("has what waited for room handled at the end where there is nobody to give it back to", async () => {
    const transport = pushing({ settle: "none", requeue: "engine", counts: false });
    const handler = new HeldHandler();
    const consumption = await start(transport, handler.handle, { prefetch: 2 });
    const source = transport.current;
    const ids = ["a", "b", "c", "d"];
    for (const delivery of source.deliver(ids)) source.host.admit(delivery);
    const closed = consumption.close();
    // What comes after the end has begun is not waited for.
    source.host.admit(source.deliver(["late"])[0]!);
    for (const id of ids) await handler.end(id);
    await closed;
    assertEquals(handler.calls, ["a1", "b1", "c1", "d1"]);
    assertEquals([consumption.stats().acked, consumption.stats().lost], [4, 1]);
  });

  it("waits until the source that calls it is there", async () => {
    const transport = pushing();
    const seen: string[] = [];
    let offered: boolean | undefined;
    transport.prepare = (source) => {
      delete source.fetch;
      source.host.admit(source.deliver(["early"])[0]!);
      offered = source.host.offer(source.deliver(["eager"])[0]!);
    };
    const consumption = await start(transport, ({ uuid }) => void seen.push(uuid));
    await settle();
    assertEquals([seen, offered], [["early"], false]);
    assertEquals(transport.current.acks, [["early"]]);
    await consumption.close();
  });

  it("lets its source go when that is lost, and hands nothing of it on", () =>
    withTime(async (time) => {
      const transport = pushing();
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle, { prefetch: 1 });
      const source = transport.current;
      const [a, b] = source.deliver(["a", "b"]);
      source.host.admit(a!);
      let isDone = false;
      Promise.resolve(source.host.admit(b!)).then(() => isDone = true);
      await settle();
      source.host.event({ kind: "failed", at: 0 });
      await time.tickAsync(100);
      await handler.end("a");
      assertEquals([isDone, handler.calls, transport.sources.length], [true, ["a1"], 2]);
      // What waited for room is lost as well, and nothing is lost silently.
      assertEquals([consumption.stats().received, consumption.stats().lost], [2, 2]);
      await consumption.close();
    }));

  it("hands over what waits while it is paused when it goes on", async () => {
    const transport = pushing();
    const seen: string[] = [];
    const consumption = await start(transport, ({ uuid }) => void seen.push(uuid));
    consumption.pause();
    transport.current.host.admit(transport.current.deliver(["a"])[0]!);
    await settle();
    assertEquals(seen, []);
    consumption.resume();
    assertEquals(seen, ["a"]);
    await consumption.close();
  });
});

describe("close()", () => {
  it("hands over nothing that came before its source was there", async () => {
    const transport = pushing({ settle: "none", requeue: "engine", counts: false });
    const connecting = Promise.withResolvers<void>();
    const { source } = transport;
    transport.source = async (spec, host) => {
      await source.call(transport, spec, host);
      host.admit(transport.current.deliver(["early"])[0]!);
      await connecting.promise;
      return transport.current;
    };
    const aborting = new AbortController();
    const seen: string[] = [];
    const started = start(transport, ({ uuid }) => void seen.push(uuid), {
      signal: aborting.signal,
    });
    await settle();
    aborting.abort(new Error("enough"));
    await assertRejects(() => started, Error, "enough");
    assertEquals(seen, []);
    connecting.resolve();
  });
});

describe("offer()", () => {
  it("runs the handler in the caller's stack", async () => {
    const transport = pushing();
    const seen: string[] = [];
    const consumption = await start(transport, ({ uuid }) => void seen.push(uuid));
    const [delivery] = transport.current.deliver(["a"]);
    assertEquals(transport.current.host.offer(delivery!), true);
    assertEquals(seen, ["a"]);
    await consumption.close();
  });

  it("is false when all is taken, paused, behind others, fenced, given away or closed", async () => {
    const transport = pushing();
    const handler = new HeldHandler();
    const consumption = await start(transport, handler.handle, { prefetch: 1 });
    const source = transport.current;
    const offer = (id: string, lane = source.lane) =>
      source.host.offer(source.deliver([id], { lane })[0]!);
    assertEquals([offer("a"), offer("b")], [true, false]);
    await handler.end("a");
    consumption.pause();
    assertEquals(offer("c"), false);
    const waits = source.host.admit(source.deliver(["d"])[0]!);
    consumption.resume();
    await waits;
    assertEquals(offer("e"), false);
    await handler.end("d");
    assertEquals(offer("f", { name: "1", fenced: true }), false);
    const lane = { name: "2", fenced: false };
    const revoked = source.host.revoke(lane, 1_000);
    assertEquals(offer("g", lane), false);
    await revoked;
    await consumption.close();
    assertEquals([offer("h"), handler.calls], [false, ["a1", "d1"]]);
  });
});

describe("end()", () => {
  it("closes when what came is settled", async () => {
    const transport = pushing();
    const handler = new HeldHandler();
    const consumption = await start(transport, handler.handle, { prefetch: 1 });
    const source = transport.current;
    for (const delivery of source.deliver(["a", "b"])) source.host.admit(delivery);
    source.host.end();
    await handler.end("a");
    assertEquals(source.closed, 0);
    await handler.end("b");
    await consumption.closed;
    assertEquals([source.acks.flat(), source.closed], [["a", "b"], 1]);
  });
});
