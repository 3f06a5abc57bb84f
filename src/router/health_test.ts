import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Health, HealthReporter } from "../transport/capabilities.ts";
import { subscriber } from "../transport/subscriber.ts";
import { health } from "./mod.ts";
import { doctored } from "./testdata/doctored.ts";
import { Seen, settle, World } from "./testdata/world.ts";

describe("health()", () => {
  it("answers 503 before the router runs, 200 while it does, 503 afterwards", async () => {
    const world = new World();
    const endpoint = health();
    world.router.plugin(endpoint).on("audit", "orders", world.in, () => {});
    assertEquals((await endpoint.fetch()).status, 503);
    await world.run();
    assertEquals((await endpoint.fetch()).status, 200);
    await world.close();
    assertEquals((await endpoint.fetch()).status, 503);
    assertEquals(await endpoint.report(), {
      ok: false,
      running: false,
      brokers: {},
      handlers: {},
    });
  });

  it("tells what handlers have done, as JSON", async () => {
    const world = new World();
    const endpoint = health();
    const seen = new Seen<string>();
    world.router.plugin(endpoint).on("audit", "orders", world.in, (message) => {
      seen.add(message.text());
    });
    await world.run();
    await world.publish("orders", "a", "b");
    await seen.count(2);
    await settle();
    const response = await endpoint.fetch(new Request("http://localhost/health"));
    assertEquals(response.headers.get("content-type")!.split(";")[0], "application/json");
    const { ok, running, handlers } = await response.json();
    const { received, acked, failed } = handlers.audit;
    assertEquals([ok, running, received, acked, failed], [true, true, 2, 2, 0]);
    await world.close();
  });

  it("answers 503 while a broker does not, and says why", async () => {
    const world = new World();
    let state: Health = { ok: true, latencyMs: 3 };
    const endpoint = health();
    const broker = subscriber(doctored(world, { health: () => Promise.resolve(state) }));
    world.router.plugin(endpoint).on("audit", "orders", world.in, () => {});
    world.router.on("bill", "orders", broker, () => {});
    await world.run();
    assertEquals((await endpoint.fetch()).status, 200);
    state = { ok: false, latencyMs: 5_000, cause: new Error("no route to host") };
    const response = await endpoint.fetch();
    assertEquals(response.status, 503);
    const { brokers } = await response.json();
    assertEquals(brokers.bill, { ok: false, latencyMs: 5_000, cause: "Error: no route to host" });
    assertEquals(brokers.audit.ok, true);
    await world.close();
  });

  it("takes a broker that fails, or does not answer in time, for one that is not well", async () => {
    const world = new World();
    const endpoint = health({ timeout: 1 });
    world.router.plugin(endpoint);
    const signals: AbortSignal[] = [];
    const answers: Record<string, HealthReporter["health"]> = {
      rejects: () => Promise.reject(new Error("boom")),
      throws: () => {
        throw new Error("bang");
      },
      silent: (options) => {
        signals.push(options!.signal!);
        return new Promise(() => {});
      },
    };
    for (const [name, answer] of Object.entries(answers)) {
      const broker = subscriber(doctored(world, { health: answer }));
      world.router.on(name, "orders", broker, () => {});
    }
    await world.run();
    // A broker that throws when nobody waits any more harms nobody.
    assertEquals((await endpoint.report(AbortSignal.abort())).ok, false);
    signals.length = 0;
    const response = await endpoint.fetch();
    assertEquals(response.status, 503);
    const { brokers } = await response.json();
    assertEquals([brokers.rejects.ok, brokers.rejects.cause], [false, "Error: boom"]);
    assertEquals([brokers.throws.ok, brokers.throws.cause], [false, "Error: bang"]);
    assertEquals([brokers.silent.ok, brokers.silent.cause], [
      false,
      "Error: No answer within 1 ms",
    ]);
    assertEquals(signals.map(({ aborted }) => aborted), [true]);
    await world.close();
  });

  it("ends with the request, and does not ask who cannot answer", async () => {
    const world = new World();
    const endpoint = health();
    const asked = Promise.withResolvers<AbortSignal>();
    const silent = doctored(world, {
      health: (options) => {
        asked.resolve(options!.signal!);
        return new Promise(() => {});
      },
    });
    world.router.plugin(endpoint).on("bill", "orders", subscriber(silent), () => {});
    world.router.on("mute", "orders", subscriber(doctored(world, {})), () => {});
    await world.run();
    const controller = new AbortController();
    const report = endpoint.report(controller.signal);
    const signal = await asked.promise;
    assertEquals(signal.aborted, false);
    controller.abort(new Error("gone"));
    const { ok, brokers } = await report;
    assertEquals(signal.aborted, true);
    assertEquals([ok, brokers["bill"]!.cause], [false, "Error: gone"]);
    assertEquals(Object.keys(brokers), ["bill"]);
    const late = await endpoint.report(controller.signal);
    assertEquals(late.brokers["bill"]!.cause, "Error: gone");
    await world.close();
  });

  it("tells of the last router that it was added to, as long as that runs", async () => {
    const worlds = [new World(), new World()];
    const endpoint = health();
    for (const [at, world] of worlds.entries()) {
      world.router.plugin(endpoint).on(`audit ${at}`, "orders", world.in, () => {});
      await world.run();
    }
    await worlds[0]!.close();
    const { ok, handlers } = await endpoint.report();
    assertEquals([ok, Object.keys(handlers)], [true, ["audit 1"]]);
    await worlds[1]!.close();
    assertEquals((await endpoint.report()).ok, false);
  });

  it("refuses options that are malformed", () => {
    assertThrows(() => health({ timeout: -1 }), RangeError, "'timeout' must be at least 0 ms");
    assertThrows(() => health({ limit: 1 } as object), TypeError, "option 'limit' is unknown");
  });
});
