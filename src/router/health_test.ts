import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Health } from "../transport/capabilities.ts";
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

  it("passes the signal of the request on, and does not ask who cannot answer", async () => {
    const world = new World();
    const signals: (AbortSignal | undefined)[] = [];
    const endpoint = health();
    const asked = doctored(world, {
      health: (options) => {
        signals.push(options?.signal);
        return Promise.resolve({ ok: true, latencyMs: 0 });
      },
    });
    world.router.plugin(endpoint).on("bill", "orders", subscriber(asked), () => {});
    world.router.on("mute", "orders", subscriber(doctored(world, {})), () => {});
    await world.run();
    const request = new Request("http://localhost/health");
    await endpoint.fetch(request);
    const { brokers } = await endpoint.report();
    assertEquals(signals, [request.signal, undefined]);
    assertEquals(Object.keys(brokers), ["bill"]);
    await world.close();
  });
});
