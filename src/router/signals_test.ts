import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CloseTimeoutError } from "../message/errors.ts";
import { type Plugin, Router, signals } from "./mod.ts";
import { FakeProcess, withProcess } from "./testdata/fake_process.ts";
import { settle, World } from "./testdata/world.ts";

async function running(plugin: Plugin): Promise<World> {
  const world = new World();
  world.router.plugin(plugin).on("audit", "orders", world.in, () => {});
  await world.run();
  return world;
}

describe("signals()", () => {
  it("closes the router at SIGINT and SIGTERM", async () => {
    for (const signal of ["SIGINT", "SIGTERM"]) {
      const process = new FakeProcess();
      await withProcess(process, async () => {
        const world = await running(signals());
        assertEquals(process.names, ["SIGINT", "SIGTERM"]);
        process.raise(signal);
        await world.ended;
        assertEquals(world.router.isRunning, false);
        await world.close();
      });
    }
  });

  it("leaves the second signal to the process", async () => {
    const process = new FakeProcess();
    await withProcess(process, async () => {
      const world = await running(signals());
      assertEquals(process.raise("SIGTERM"), true);
      assertEquals(process.raise("SIGTERM"), false);
      await world.close();
    });
  });

  it("listens to what it is told, as long as the router runs", async () => {
    const process = new FakeProcess();
    await withProcess(process, async () => {
      const world = await running(signals({ signals: ["SIGHUP"] }));
      assertEquals(process.names, ["SIGHUP"]);
      await world.close();
      assertEquals(process.names, []);
    });
  });

  it("closes each router that it was added to, and listens to nothing then", async () => {
    const process = new FakeProcess();
    await withProcess(process, async () => {
      const plugin = signals({ signals: ["SIGTERM"] });
      const worlds = [await running(plugin), await running(plugin), await running(plugin)];
      await worlds[1]!.close();
      assertEquals(process.names, ["SIGTERM", "SIGTERM"]);
      process.raise("SIGTERM");
      await Promise.all(worlds.map((world) => world.ended));
      assertEquals(process.names, []);
      for (const world of worlds) await world.close();
    });
  });

  it("gives closing the time that it is told", async () => {
    const process = new FakeProcess();
    await withProcess(process, async () => {
      const world = new World();
      const { promise, resolve } = Promise.withResolvers<void>();
      world.router.plugin(signals({ timeout: 0 })).on("stuck", "orders", world.in, () => promise);
      await world.run();
      await world.publish("orders", "a");
      await settle();
      process.raise("SIGTERM");
      const error = await world.ended.catch((error: unknown) => error);
      assertEquals((error as CloseTimeoutError).name, CloseTimeoutError.name);
      resolve();
      await world.close();
    });
  });

  it("listens to none when one of them cannot be listened to", async () => {
    const process = new FakeProcess();
    await withProcess(process, async () => {
      const world = new World();
      world.router.plugin(signals({ signals: ["SIGTERM", "SIGKILL", "SIGINT"] }));
      world.router.on("audit", "orders", world.in, () => {});
      await assertRejects(() => world.router.run(), Error, "EINVAL");
      assertEquals(process.names, []);
      await world.close();
    });
  });

  it("does nothing where there are no signals", async () => {
    for (const process of [undefined, {}]) {
      await withProcess(process, async () => {
        const world = await running(signals());
        assertEquals(world.router.isRunning, true);
        await world.close();
      });
    }
  });

  it("refuses options that are malformed", () => {
    const bad: [options: object, says: string][] = [
      [{ signals: "SIGTERM" }, "'signals' must be an array of names"],
      [{ timeout: -1 }, "'timeout' must be at least 0 ms"],
      [["SIGTERM"], "'options' must be an object such as { signals: ['SIGINT'] }"],
      [{ signal: "SIGTERM" }, "option 'signal' is unknown"],
    ];
    for (const [options, says] of bad) {
      assertThrows(() => new Router().plugin(signals(options)), Error, says);
    }
  });
});
