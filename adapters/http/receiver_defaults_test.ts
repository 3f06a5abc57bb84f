import { memoryStore } from "@beat/beat/middleware";
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { chunked, deep, receiver, STRUCTURED } from "./testdata/receiver.ts";

/** A time in whole seconds, as timestamps of webhooks are. */
const NOW = 1_790_000_000_000;

async function withClock(run: (time: FakeTime) => Promise<void>): Promise<void> {
  const time = new FakeTime(NOW);
  try {
    await run(time);
  } finally {
    time.restore();
  }
}

/** Whether a promise has an outcome. */
function watch(promise: Promise<unknown>): { isSettled: boolean } {
  const state = { isSettled: false };
  promise.finally(() => state.isSettled = true).catch(() => {});
  return state;
}

/** A body that never comes, and when somebody begins to wait for it. */
function silentBody() {
  const reading = Promise.withResolvers<void>();
  let stop = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      stop = () => controller.error(new Error("gone"));
    },
    pull() {
      reading.resolve();
      return new Promise(() => {});
    },
  }, { highWaterMark: 0 });
  return { body, reading: reading.promise, stop: () => stop() };
}

describe("a webhook receiver that is told nothing", () => {
  it("waits 10 s for an ack", () =>
    withClock(async (time) => {
      const started = Promise.withResolvers<void>();
      const { send, close } = await receiver({}, () => started.resolve());
      const answer = send();
      const state = watch(answer);
      await started.promise;
      await time.tickAsync(9_999);
      assertEquals(state.isSettled, false);
      await time.tickAsync(1);
      assertEquals((await answer).text, "Webhook was not handled in time\n");
      await Promise.all([close(), time.tickAsync(100)]);
    }));

  it("waits 10 s for the end of a body", () =>
    withClock(async (time) => {
      const { send, close } = await receiver();
      const { body, reading } = silentBody();
      const answer = send({ body });
      const state = watch(answer);
      await reading;
      await time.tickAsync(9_999);
      assertEquals(state.isSettled, false);
      await time.tickAsync(1);
      assertEquals((await answer).text, "Body must come within 10000 ms\n");
      await close();
    }));

  it("takes a clock that is 300 s off, and none that is more", () =>
    withClock(async () => {
      const { send, close } = await receiver();
      for (
        const [ahead, status] of [[300_000, 204], [-300_000, 204], [301_000, 401], [-301_000, 401]]
      ) {
        assertEquals((await send({ ahead: ahead! })).status, status);
      }
      await close();
    }));

  it("takes 2 MiB, by the header and counted, and not a byte more", async () => {
    const { send, close } = await receiver();
    const length = (size: number) => send({ headers: { "content-length": String(size) } });
    assertEquals((await length(2_097_153)).text, "Body must be at most 2097152 bytes\n");
    assertEquals((await length(2_097_152)).status, 204);
    const half = "x".repeat(1_048_576);
    const counted = (chunks: string[]) => send({ body: chunked(chunks), signed: chunks.join("") });
    assertEquals((await counted([half, half])).status, 204);
    assertEquals((await counted([half, half, "x"])).status, 413);
    await close();
  });

  it("takes JSON that is 128 deep, and none that is deeper", async () => {
    const { send, close } = await receiver();
    // The event itself is the first.
    assertEquals((await send({ headers: STRUCTURED, body: deep(127) })).status, 204);
    assertEquals((await send({ headers: STRUCTURED, body: deep(128) })).status, 400);
    await close();
  });

  it("has 256 requests at a time", async () => {
    const { send, close } = await receiver();
    const bodies = Array.from({ length: 256 }, silentBody);
    const answers = bodies.map(({ body }) => send({ body }));
    await Promise.all(bodies.map(({ reading }) => reading));
    const { status, text } = await send();
    assertEquals([status, text], [503, "Receiver is busy\n"]);
    bodies[0]!.stop();
    await answers[0];
    assertEquals((await send()).status, 204);
    for (const { stop } of bodies) stop();
    for (const { status } of await Promise.all(answers)) assertEquals(status, 400);
    await close();
  });

  it("takes JSON, plain text and bytes", async () => {
    const { send, close } = await receiver();
    for (const type of ["application/json", "text/plain", "application/octet-stream"]) {
      assertEquals((await send({ headers: { "content-type": type } })).status, 204);
    }
    assertEquals((await send({ headers: { "content-type": "text/html" } })).status, 415);
    await close();
  });

  it("takes JSON that is as deep as it is told", async () => {
    for (const [levels, status] of [[3, 204], [4, 400]] as const) {
      const { send, close } = await receiver({ maxDepth: 4 });
      assertEquals((await send({ headers: STRUCTURED, body: deep(levels) })).status, status);
      await close();
    }
  });

  it("writes nothing, whatever it refuses", async () => {
    const levels = ["debug", "info", "log", "warn", "error"] as const;
    const printed: unknown[] = [];
    const stubs = levels.map((level) => stub(console, level, (line) => void printed.push(line)));
    try {
      const store = { ...memoryStore(), claim: () => Promise.reject(new Error("down")) };
      const { send, close } = await receiver({ store });
      const refused = [{ method: "GET" }, { secret: undefined }, {}];
      const answers = await Promise.all(refused.map((changes) => send(changes)));
      assertEquals(answers.map(({ status }) => status), [405, 401, 503]);
      await close();
    } finally {
      for (const one of stubs) one.restore();
    }
    assertEquals(printed, []);
  });

  it("claims a webhook for 20 s under 'webhook/', and remembers it for 10 minutes", async () => {
    const { claims, ttls, store } = spyingStore();
    const { send, close } = await receiver({ store });
    await send();
    assert(claims[0]!.key.startsWith("webhook/"));
    assertEquals([claims.map(({ lease }) => lease), ttls], [[20_000], [600_000]]);
    await close();
  });

  it("claims for twice 'ackTimeout', and remembers for twice 'tolerance'", async () => {
    const { claims, ttls, store } = spyingStore();
    const { send, close } = await receiver({
      store,
      endpoint: "shop",
      ackTimeout: 700,
      tolerance: 60_000,
    });
    await send();
    assert(claims[0]!.key.startsWith("shop/"));
    assertEquals([claims.map(({ lease }) => lease), ttls], [[1_400], [120_000]]);
    await close();
  });
});

/** A store that notes for how long it is asked to keep what. */
function spyingStore() {
  const inner = memoryStore();
  const claims: { key: string; lease: number }[] = [];
  const ttls: number[] = [];
  const store: typeof inner = {
    ...inner,
    claim(key, lease) {
      claims.push({ key, lease });
      return inner.claim(key, lease);
    },
    done(key, claim, ttl) {
      ttls.push(ttl);
      return inner.done(key, claim, ttl);
    },
  };
  return { claims, ttls, store };
}
