import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { assertSpyCalls, spy } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { ClosedError, CloseTimeoutError, PublishError } from "../message/errors.ts";
import { Outlet } from "./outlet.ts";
import { failuresOf, follow, open } from "./testdata/outlet_world.ts";
import { rec, ScriptedSink, settle } from "./testdata/scripted_sink.ts";

describe("outlet: close", () => {
  it("refuses what comes, flushes what is there, those waiting for room included, then ends the sink", async () => {
    const { sink, outlet } = open(1);
    const calls = ["a", "b"].map((key) => follow(outlet.publish("t", [rec(key)])));
    const closing = follow(outlet.close());
    assertThrows(
      () => outlet.refuseIfClosed(),
      ClosedError,
      "Cannot publish as the publisher is closed",
    );
    await settle();
    assertEquals([closing.state, sink.closed], ["open", 0]);
    await sink.open[0]!.confirm();
    await sink.open[0]!.confirm();
    assertEquals(calls.map(({ state }) => state), ["resolved", "resolved"]);
    assertEquals([closing.state, sink.closed], ["resolved", 1]);
  });

  it("is idempotent, also at the same time", async () => {
    const { sink, outlet } = open();
    await Promise.all([outlet.close(), outlet.close()]);
    await outlet.close();
    assertEquals(sink.closed, 1);
  });

  it("resolves for nobody before the sink has ended", async () => {
    const { sink, outlet } = open();
    const { promise, resolve } = Promise.withResolvers<void>();
    sink.close = () => promise;
    const all = [outlet.close(), outlet.close()].map(follow);
    await settle();
    all.push(follow(outlet.close()));
    await settle();
    assertEquals(all.map(({ state }) => state), ["open", "open", "open"]);
    resolve();
    await settle();
    assertEquals(all.map(({ state }) => state), ["resolved", "resolved", "resolved"]);
  });

  it("ends everything one after the other, even if one end fails", async () => {
    const sink = new ScriptedSink();
    const ended: string[] = [];
    sink.close = () => {
      ended.push("sink");
      return Promise.reject("sink does not close");
    };
    const end = () => {
      ended.push("transport");
      return Promise.resolve();
    };
    const outlet = new Outlet(sink, { capacity: 1, ends: [end] });
    assertEquals(await outlet.close().catch((error) => error), "sink does not close");
    assertEquals(ended, ["sink", "transport"]);
    const worse = new Outlet(sink, { capacity: 1, ends: [() => Promise.reject("nor that")] });
    const error = await assertRejects(() => worse.close(), AggregateError);
    assertEquals(error.errors, ["sink does not close", "nor that"]);
  });

  it("past the deadline every publish fails by what is known of it, and the sink is ended", async () => {
    const time = new FakeTime();
    try {
      const { sink, outlet } = open(3);
      sink.limits.batch = 1;
      const sent = failuresOf(outlet.publish("t", [rec("a", 1), rec("a", 2)]));
      const queued = failuresOf(outlet.publish("t", [rec("a", 3)]));
      const waiting = failuresOf(outlet.publish("t", [rec("b"), rec("b")]));
      const closing = assertRejects(() => outlet.close({ timeout: 50 }), CloseTimeoutError);
      const later = assertRejects(() => outlet.close({ timeout: 60 }), CloseTimeoutError);
      await time.tickAsync(50);
      const error = await closing;
      assertStrictEquals(await later, error);
      assertEquals(error.remaining, 5);
      assertEquals(
        error.message,
        "Cannot close the publisher within 50 ms: messages not settled are 5",
      );
      assertEquals(await sent, [[0, "unknown", error], [1, "not-attempted", error]]);
      assertEquals(await queued, [[0, "not-attempted", error]]);
      assertEquals((await waiting).map(([, outcome]) => outcome), [
        "not-attempted",
        "not-attempted",
      ]);
      assertEquals(sink.closed, 1);
      await sink.open[0]!.confirm();
      assertEquals([sink.sent, sink.closed], [[["a1"]], 1]);
    } finally {
      time.restore();
    }
  });

  it("the shortest time that was given counts", async () => {
    const time = new FakeTime();
    try {
      const { outlet } = open();
      const published = failuresOf(outlet.publish("t", [rec("a")]));
      const patient = assertRejects(() => outlet.close({ timeout: Infinity }), CloseTimeoutError);
      const hurried = assertRejects(() => outlet.close({ timeout: 10 }), CloseTimeoutError);
      await time.tickAsync(10);
      await Promise.all([published, patient, hurried]);
    } finally {
      time.restore();
    }
  });

  it("does not wait for ever for a sink that does not end, nor lets it hold up the transport", async () => {
    const time = new FakeTime();
    try {
      const sink = new ScriptedSink();
      sink.close = () => new Promise(() => {});
      const end = spy(() => Promise.reject("too late to tell"));
      const outlet = new Outlet(sink, { capacity: 1, ends: [end] });
      const closing = assertRejects(() => outlet.close({ timeout: 10 }), CloseTimeoutError);
      await time.tickAsync(10);
      assertEquals((await closing).remaining, 0);
      assertSpyCalls(end, 1);
    } finally {
      time.restore();
    }
  });

  it("waits for what was aborted on its way: only then nothing uses the sink", async () => {
    const { sink, outlet } = open();
    const controller = new AbortController();
    const published = follow(outlet.publish("t", [rec("a")], controller.signal));
    controller.abort();
    const closing = follow(outlet.close());
    await settle();
    assert(published.state instanceof PublishError);
    assertEquals(closing.state, "open");
    await sink.open[0]!.confirm();
    assertEquals([closing.state, sink.closed], ["resolved", 1]);
  });

  it("refuses a time that is none", async () => {
    const { outlet } = open();
    await assertRejects(
      () => outlet.close({ timeout: -1 }),
      RangeError,
      "Cannot close the publisher as 'timeout' must be at least 0 ms: current value is -1",
    );
  });
});
