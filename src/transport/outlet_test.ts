import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { assertSpyCalls, spy } from "@std/testing/mock";
import { PublishError } from "../message/errors.ts";
import { failuresOf, follow, open } from "./testdata/outlet_world.ts";
import { rec, settle } from "./testdata/scripted_sink.ts";

describe("outlet: batches", () => {
  it("publish() sends at once, and resolves when the sink has confirmed", async () => {
    const { sink, outlet } = open();
    const published = follow(outlet.publish("t", [rec("a")]));
    assertEquals(sink.inFlight, [["a"]]);
    await settle();
    assertEquals(published.state, "open");
    await sink.open[0]!.confirm();
    assertEquals(published.state, "resolved");
  });

  it("the next send of a lane carries what came while the one before was on its way", async () => {
    const { sink, outlet } = open();
    const all = [1, 2, 3].map((text) => outlet.publish("t", [rec("a", text)]));
    assertEquals(sink.inFlight, [["a1"]]);
    await sink.open[0]!.confirm();
    assertEquals(sink.inFlight, [["a2", "a3"]]);
    await sink.open[0]!.confirm();
    await Promise.all(all);
  });

  it("what is published by all who waited for a send goes with one", async () => {
    const { sink, outlet } = open();
    const texts = [1, 2, 3].map(String);
    const again = outlet.publish("t", texts.map((text) => rec("a", text)));
    const all = texts.map(async (text) => {
      // However many promises are between.
      await (async () => void await again)();
      await outlet.publish("t", [rec("a", `${text}+`)]);
    });
    await sink.open[0]!.confirm();
    assertEquals(sink.sent, [["a1", "a2", "a3"], ["a1+", "a2+", "a3+"]]);
    await sink.open[0]!.confirm();
    await Promise.all(all);
  });

  it("lanes do not wait for each other", async () => {
    const { sink, outlet } = open();
    const published = outlet.publish("t", [rec("a", 1), rec("b", 1), rec("a", 2)]);
    assertEquals(sink.inFlight, [["a1", "a2"], ["b1"]]);
    await sink.open[1]!.confirm();
    await sink.open[0]!.confirm();
    await published;
  });

  it("a send has at most the items of the limit", async () => {
    const { sink, outlet } = open();
    sink.limits.batch = 2;
    const published = outlet.publish("t", [1, 2, 3].map((text) => rec("a", text)));
    assertEquals(sink.inFlight, [["a1", "a2"]]);
    await sink.open[0]!.confirm();
    assertEquals(sink.inFlight, [["a3"]]);
    await sink.open[0]!.confirm();
    await published;
  });

  it("a send has at most the bytes of the limit: id, key, headers and payload; a larger item goes alone", async () => {
    const { sink, outlet } = open();
    sink.limits.bytes = 10;
    const sized = (id: string, payload: number, header = "") => ({
      ...rec("k"),
      id,
      headers: [["h", header]] as const,
      payload: new Uint8Array(payload),
    });
    const recs = [sized("1", 2), sized("2", 1, "v"), sized("3", 90), sized("4", 4), sized("5", 3)];
    const published = outlet.publish("t", recs);
    while (sink.open.length > 0) await sink.open[0]!.confirm();
    await published;
    assertEquals(sink.sent, [["1", "2"], ["3"], ["4"], ["5"]]);
  });

  it("at most the lanes of the limit are on their way; the others follow in turn", async () => {
    const { sink, outlet } = open();
    sink.limits.lanes = 1;
    sink.limits.batch = 1;
    const published = outlet.publish("t", [rec("a", 1), rec("a", 2), rec("b", 1)]);
    while (sink.open.length > 0) {
      assertEquals(sink.open.length, 1);
      await sink.open[0]!.confirm();
    }
    await published;
    assertEquals(sink.sent, [["a1"], ["b1"], ["a2"]]);
  });

  it("a lane of its own for each of many keys leaves nothing in disorder", async () => {
    const { sink, outlet } = open(100_000);
    sink.limits.lanes = Infinity;
    const keys = Array.from({ length: 3_000 }, (_, key) => `key-${key}`);
    for (const round of [1, 2]) {
      const published = outlet.publish("t", keys.map((key) => rec(key, round)));
      await settle();
      assertEquals(sink.open.length, 3_000);
      while (sink.open.length > 0) sink.open.at(-1)!.confirm();
      await published;
    }
  });

  it("items tell destination and identity: topic and id, or what was given", async () => {
    const { sink, outlet } = open();
    outlet.publish("orders", [rec("a")]);
    outlet.publish("dead", [rec("b"), rec("c")], undefined, ["dead:b:handler", "dead:c:handler"]);
    const items = sink.open.flatMap(({ items }) => items);
    assertEquals(items.map(({ topic, identity }) => [topic, identity]), [
      ["orders", "orders:a"],
      ["dead", "dead:b:handler"],
      ["dead", "dead:c:handler"],
    ]);
    while (sink.open.length > 0) await sink.open[0]!.confirm();
  });
});

describe("outlet: failures", () => {
  it("name the index, the cause and the outcome, in the order of the call", async () => {
    const { sink, outlet } = open();
    const published = outlet.publish("t", [rec("a"), rec("b"), rec("c"), rec("d")]);
    published.catch(() => {});
    await sink.open[3]!.lose("cut");
    await sink.open[1]!.confirm({ 0: { cause: "too large", outcome: "rejected" } });
    await sink.open[1]!.confirm();
    await sink.open[0]!.confirm();
    assertEquals(await failuresOf(published), [[1, "rejected", "too large"], [
      3,
      "unknown",
      "cut",
    ]]);
  });

  it("a lost connection leaves all of its send in doubt, and nothing else", async () => {
    const { sink, outlet } = open();
    const first = outlet.publish("t", [rec("a", 1)]);
    const second = outlet.publish("t", [rec("a", 2), rec("a", 3)]);
    const third = outlet.publish("t", [rec("a", 4)]);
    await sink.open[0]!.confirm();
    await first;
    third.catch(() => {});
    const failed = failuresOf(second);
    await sink.open[0]!.lose("cut");
    assertEquals(await failed, [[0, "unknown", "cut"], [1, "unknown", "cut"]]);
    assertEquals(await failuresOf(third), [[0, "unknown", "cut"]]);
  });

  for (const outcome of ["rejected", "unknown"] as const) {
    it(`later messages of the same key and call are not attempted when one is ${outcome}`, async () => {
      const { sink, outlet } = open();
      sink.limits.batch = 1;
      sink.lane = () => "";
      const published = outlet.publish("t", [rec("a", 1), rec("b", 1), rec("a", 2), rec("", 1)]);
      const next = follow(outlet.publish("t", [rec("a", 3)]));
      const failed = failuresOf(published);
      await sink.open[0]!.confirm({ 0: { cause: "no", outcome } });
      while (sink.open.length > 0) await sink.open[0]!.confirm();
      assertEquals(await failed, [[0, outcome, "no"], [2, "not-attempted", "no"]]);
      assertEquals(sink.sent, [["a1"], ["b1"], ["1"], ["a3"]]);
      assertEquals(next.state, "resolved");
    });
  }

  it("a message without key stops no other without key", async () => {
    const { sink, outlet } = open();
    sink.limits.batch = 1;
    const failed = failuresOf(outlet.publish("t", [rec("", 1), rec("", 2)]));
    await sink.open[0]!.lose("cut");
    await sink.open[0]!.confirm();
    assertEquals(await failed, [[0, "unknown", "cut"]]);
  });

  it("a sink that throws has lost the connection, and a long queue overflows no stack", async () => {
    const { sink, outlet } = open(100_000);
    sink.limits.batch = 1;
    const first = outlet.publish("t", [rec("a", "first")]);
    const recs = Array.from({ length: 50_000 }, (_, at) => ({ ...rec("", at), key: "a" }));
    const calls = recs.map((rec) => outlet.publish("t", [rec]));
    sink.send = () => {
      throw "broken";
    };
    const ended = Promise.allSettled(calls);
    await sink.open[0]!.confirm();
    await first;
    const failed = (await ended).filter((call) => call.status === "rejected");
    assertEquals(failed.length, calls.length);
    assert(failed.every(({ reason }) => reason instanceof PublishError));
  });

  it("a sink that gives too few results has confirmed nothing", async () => {
    const { sink, outlet } = open();
    const failed = failuresOf(outlet.publish("t", [rec("a", 1), rec("a", 2)]));
    await sink.open[0]!.answer([undefined]);
    const [[, outcome, cause]] = await failed as [[number, string, TypeError]];
    assertEquals([outcome, cause.name], ["unknown", "TypeError"]);
  });

  it("a sink that publishes while it is called does not send twice in a lane", async () => {
    const { sink, outlet } = open();
    const send = sink.send.bind(sink);
    let inner: Promise<void> | undefined;
    sink.send = (lane, items) => {
      inner ??= outlet.publish("t", [rec("a", "inner")]);
      return send(lane, items);
    };
    const published = outlet.publish("t", [rec("a", "outer")]);
    assertEquals(sink.inFlight, [["aouter"]]);
    await sink.open[0]!.confirm();
    await published;
    await sink.open[0]!.confirm();
    await inner;
  });
});

describe("outlet: full queue", () => {
  it("a call waits until all of it has room, and later ones wait behind it", async () => {
    const { sink, outlet } = open(3);
    const a = outlet.publish("t", [rec("a", 1), rec("a", 2)]);
    const b = outlet.publish("t", [rec("b", 1), rec("b", 2)]);
    const c = outlet.publish("t", [rec("c", 1)]);
    assertEquals(sink.inFlight, [["a1", "a2"]]);
    await sink.open[0]!.confirm();
    assertEquals(sink.inFlight, [["b1", "b2"], ["c1"]]);
    for (const send of [...sink.open]) await send.confirm();
    await Promise.all([a, b, c]);
  });

  it("a call that is larger than the queue goes when the queue is empty", async () => {
    const { sink, outlet } = open(2);
    const a = outlet.publish("t", [rec("a")]);
    const large = outlet.publish("t", [rec("b", 1), rec("b", 2), rec("b", 3)]);
    assertEquals(sink.inFlight, [["a"]]);
    await sink.open[0]!.confirm();
    assertEquals(sink.inFlight, [["b1", "b2", "b3"]]);
    await sink.open[0]!.confirm();
    await Promise.all([a, large]);
  });
});

describe("outlet: abort", () => {
  it("what is not sent is not attempted and leaves the queue, what is on its way is in doubt", async () => {
    const { sink, outlet } = open();
    sink.limits.batch = 1;
    const controller = new AbortController();
    const recs = [rec("a", 1), rec("a", 2), rec("a", 3)];
    const failed = failuresOf(outlet.publish("t", recs, controller.signal));
    await sink.open[0]!.confirm();
    controller.abort("enough");
    assertEquals(await failed, [[1, "unknown", "enough"], [2, "not-attempted", "enough"]]);
    const next = outlet.publish("t", [rec("a", 4)]);
    assertEquals(sink.inFlight, [["a2"]]);
    await sink.open[0]!.confirm();
    await sink.open[0]!.confirm();
    await next;
    assertEquals(sink.sent, [["a1"], ["a2"], ["a4"]]);
  });

  it("a call that waits for room is not attempted, and those behind it move up", async () => {
    const { sink, outlet } = open(3);
    const controller = new AbortController();
    const first = outlet.publish("t", [rec("a", 1), rec("a", 2)]);
    const failed = failuresOf(outlet.publish("t", [rec("b"), rec("b")], controller.signal));
    const last = outlet.publish("t", [rec("c")]);
    controller.abort("enough");
    assertEquals(await failed, [[0, "not-attempted", "enough"], [1, "not-attempted", "enough"]]);
    assertEquals(sink.inFlight, [["a1", "a2"], ["c"]]);
    for (const send of [...sink.open]) await send.confirm();
    await Promise.all([first, last]);
  });

  it("frees the room of what was queued", async () => {
    const { sink, outlet } = open(3);
    const controller = new AbortController();
    const first = outlet.publish("t", [rec("a", 1)]);
    const failed = failuresOf(outlet.publish("t", [rec("a", 2), rec("a", 3)], controller.signal));
    const last = outlet.publish("t", [rec("b", 1), rec("b", 2)]);
    assertEquals(sink.inFlight, [["a1"]]);
    controller.abort();
    assertEquals(sink.inFlight, [["a1"], ["b1", "b2"]]);
    assertEquals((await failed).length, 2);
    for (const send of [...sink.open]) await send.confirm();
    await Promise.all([first, last]);
  });

  it("thousands of calls that end by one signal cost no more each than a few", async () => {
    const { sink, outlet } = open(1_000_000);
    const blocker = outlet.publish("t", [rec("a")]);
    const controllers = Array.from({ length: 20_000 }, () => new AbortController());
    const calls = controllers.map(({ signal }, at) =>
      follow(outlet.publish("t", [rec("a", at)], signal))
    );
    for (const controller of controllers.reverse()) controller.abort();
    await settle();
    assert(calls.every(({ state }) => state instanceof PublishError));
    await sink.open[0]!.confirm();
    await blocker;
    assertEquals(sink.sent.length, 1);
  });

  for (const end of ["confirm", "lose", "abort"] as const) {
    it(`the listener is gone after ${end}`, async () => {
      const { sink, outlet } = open();
      const controller = new AbortController();
      const { signal } = controller;
      const added = spy(signal, "addEventListener");
      const removed = spy(signal, "removeEventListener");
      const published = follow(outlet.publish("t", [rec("a")], signal));
      const send = sink.open[0]!;
      if (end === "abort") controller.abort();
      else await send[end]({});
      await settle();
      assert(published.state !== "open");
      assertSpyCalls(added, 1);
      assertSpyCalls(removed, 1);
      assertStrictEquals(removed.calls[0]!.args[1], added.calls[0]!.args[1]);
      if (end === "abort") await send.confirm();
    });
  }
});
