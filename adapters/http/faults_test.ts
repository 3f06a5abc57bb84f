import { MemoryBroker } from "@beat/beat/memory";
import { Message, type Publisher } from "@beat/beat/message";
import { Router } from "@beat/beat/router";
import { publisher as publisherOf, subscriber } from "@beat/beat/transport";
import { assert, assertEquals } from "@std/assert";
import { afterEach, describe, it } from "@std/testing/bdd";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "../../tests/faults/child.ts";
import { readFileKv } from "./testdata/file_kv.ts";
import { closeAll, failureOf, opened, publisher } from "./testdata/sockets.ts";

/** Longer than a busy machine may stop; a claim lasts twice as long, and is waited for. */
const ACK_TIMEOUT = 2_000;
const SCRIPT = new URL("./testdata/hanging_receiver.ts", import.meta.url);

afterEach(closeAll);

describe("A webhook receiver, when it is killed while it handles", () => {
  it("leaves its sender without knowledge, and handles what is sent again", async () => {
    const service = new Service();
    const victim = await service.start("hangs");
    const hooks = service.sender();
    const call = failureOf(hooks);
    await victim.says("got ");
    await victim.kill();
    // Its own attempts are over before somebody is there again.
    assertEquals((await call).outcome, "unknown");
    assertEquals(service.effects(), []);
    await service.start("handles");
    await hooks.publish("orders", new Message("hello", { uuid: "a" }));
    assertEquals(service.effects().map(({ uuid }) => uuid), ["a"]);
  });

  it("gets all of it again from a router, once its claims are over, with one effect of each", async () => {
    const uuids = ["a", "b", "c"];
    const service = new Service({ hasStore: true });
    const victim = await service.start("hangs");
    const hooks = service.sender();
    const broker = new MemoryBroker();
    opened.push(() => broker.close());
    const router = new Router({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
    const forwarded = new Set<string>();
    const all = Promise.withResolvers<void>();
    router.on("forward", "orders", subscriber(broker), async (message) => {
      await hooks.publish("orders", message);
      forwarded.add(message.uuid);
      if (forwarded.size === uuids.length) all.resolve();
    }).workers(uuids.length).retry({ maxRetries: 1_000, strategy: "fixed", initialDelay: 50 });
    const ended = router.run();
    opened.push(async () => {
      await router.close({ timeout: 100 });
      await ended;
    });
    await router.running;
    await publisherOf(broker).publish("orders", uuids.map((uuid) => new Message("", { uuid })));
    for (const uuid of uuids) await victim.says(`got ${uuid}`);
    await victim.kill();
    const claims = service.claims();
    assertEquals([claims.length, service.effects()], [uuids.length, []]);

    const heir = await service.start("handles");
    await all.promise;
    const effects = service.effects();
    assertEquals(effects.map(({ uuid }) => uuid).sort(), uuids);
    for (const { time } of effects) assert(time >= Math.min(...claims), "A claim was not heeded");

    // What it has done is known after it, too.
    await heir.kill();
    await service.start("handles");
    for (const uuid of uuids) await hooks.publish("orders", new Message("", { uuid }));
    assertEquals(service.effects(), effects);
  });
});

/** What a handler has done, and when. */
interface Effect {
  readonly uuid: string;
  readonly time: number;
}

/** A receiver in a process of its own, which comes back to the same port with what is in its files. */
class Service {
  readonly #folder = mkdtempSync(join(tmpdir(), "beat-http-"));
  readonly #effects = join(this.#folder, "effects");
  readonly #stores: string[];
  #port = "0";

  constructor({ hasStore = false } = {}) {
    this.#stores = hasStore ? [join(this.#folder, "store")] : [];
    opened.push(() => Promise.resolve(rmSync(this.#folder, { recursive: true })));
  }

  /** Starts it; it listens when that resolves. */
  async start(way: "hangs" | "handles"): Promise<Child> {
    const words = [way, this.#port, String(ACK_TIMEOUT), this.#effects, ...this.#stores];
    const child = new Child(SCRIPT, words);
    opened.push(() => child.kill());
    this.#port = /(\d+) is the port/.exec(await child.says("is the port"))![1]!;
    return child;
  }

  /** Who sends to it. */
  sender(): Publisher {
    return publisher(`http://127.0.0.1:${this.#port}`, { circuitBreaker: false });
  }

  /** Effects so far. */
  effects(): Effect[] {
    if (!existsSync(this.#effects)) return [];
    return readFileSync(this.#effects, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  }

  /** Until when the claims in its store hold. */
  claims(): number[] {
    const marks = this.#stores.flatMap((file) => [...readFileKv(file).values()])
      .map(({ value }) => value as { kind: string; until: number });
    return marks.filter(({ kind }) => kind === "claimed").map(({ until }) => until);
  }
}
