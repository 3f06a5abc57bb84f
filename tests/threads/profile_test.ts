import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { option } from "../../mod.ts";
import { moduleOf } from "./_buses.ts";

describe("option() with 'handlers'", () => {
  it("makes half as many threads as there are cores", async () => {
    const buses = [
      option({ name: "async", handlers: moduleOf("echo"), cores: 4 }),
      option({ name: "flow", handlers: moduleOf("batches"), cores: 3 }),
    ];
    assertEquals(buses.map(({ capabilities }) => capabilities.threads), [2, 1]);
    await Promise.all(buses.map((bus) => bus.close()));
  });
});
