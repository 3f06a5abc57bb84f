import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { type Plugin, rejections } from "./mod.ts";
import { FakeProcess, withProcess } from "./testdata/fake_process.ts";
import { World } from "./testdata/world.ts";

async function running(plugin: Plugin): Promise<World> {
  const world = new World();
  world.router.plugin(plugin).on("audit", "orders", world.in, () => {});
  await world.run();
  return world;
}

describe("rejections()", () => {
  it("hears of each rejection once, as long as one of its routers runs", async () => {
    const process = new FakeProcess();
    await withProcess(process, async () => {
      const reasons: unknown[] = [];
      const plugin = rejections({ onRejection: (reason) => reasons.push(reason) });
      const worlds = [await running(plugin), await running(plugin)];
      process.raise("unhandledRejection", "a");
      await worlds[0]!.close();
      process.raise("unhandledRejection", "b");
      await worlds[1]!.close();
      assertEquals(process.raise("unhandledRejection", "c"), false);
      assertEquals([reasons, process.names], [["a", "b"], []]);
    });
  });

  it("prints them unless it is told otherwise, and goes on when what it is told throws", async () => {
    const process = new FakeProcess();
    const printed = stub(console, "error", () => {});
    try {
      await withProcess(process, async () => {
        const world = await running(rejections());
        process.raise("unhandledRejection", "a");
        await world.close();
        const broken = await running(rejections({
          onRejection: () => {
            throw new Error("no");
          },
        }));
        assertEquals(process.raise("unhandledRejection", "b"), true);
        await broken.close();
        // Its own rejection must not come back to it, and so on for ever.
        const away = await running(rejections({ onRejection: () => Promise.reject("down") }));
        assertEquals(process.raise("unhandledRejection", "c"), true);
        await away.close();
      });
      assertEquals(printed.calls.map(({ args }) => args.map(String)), [
        ["A promise that nobody waits for was rejected:", "a"],
        ["A hook failed:", "Error: no"],
        ["A hook failed:", "down"],
      ]);
    } finally {
      printed.restore();
    }
  });

  it("takes the event of the web where there is no process, and keeps it from its default", async () => {
    for (const process of [undefined, {}]) {
      const listeners = new Set<(event: object) => void>();
      const scope = globalThis as unknown as Record<string, unknown>;
      const before = [scope.addEventListener, scope.removeEventListener];
      scope.addEventListener = (name: string, one: (event: object) => void) => {
        if (name === "unhandledrejection") listeners.add(one);
      };
      scope.removeEventListener = (_: string, one: (event: object) => void) => {
        listeners.delete(one);
      };
      try {
        await withProcess(process, async () => {
          const reasons: unknown[] = [];
          let prevented = 0;
          const world = await running(
            rejections({ onRejection: (reason) => reasons.push(reason) }),
          );
          for (const hear of listeners) hear({ reason: "a", preventDefault: () => prevented++ });
          await world.close();
          assertEquals([reasons, prevented, listeners.size], [["a"], 1, 0]);
        });
      } finally {
        [scope.addEventListener, scope.removeEventListener] = before;
      }
    }
  });

  it("refuses options that are malformed", () => {
    assertThrows(() => rejections({ onRejection: "log" } as never), TypeError, "'onRejection'");
    assertThrows(() => rejections({ onReject: () => {} } as never), TypeError, "'onReject'");
  });
});
