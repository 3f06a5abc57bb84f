import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { dirname } from "node:path";
import { verifyOutbox } from "../../tests/verify/_outbox.ts";
import { onEachDatabase } from "./testdata/databases.ts";

/** `tests/verify/outbox.ts` does the same with a hundred thousand. */
const COUNT = 300;

onEachDatabase(({ client, url }) => {
  // What happens to the rows is the same for both clients.
  if (client === "pg") return;

  describe("outbox, relays, broker and consumers that are killed", () => {
    const run = (store: "sql" | "memory") =>
      verifyOutbox({
        client,
        url: client === "sqlite" ? dirname(url) : url,
        count: COUNT,
        seed: 7,
        killEvery: 200,
        mostKills: 6,
        store,
      });

    it("give each order exactly one effect with marks in its transaction", async () => {
      const { effects, missing, ghosts, repeats } = await run("sql");
      assertEquals([effects, missing, ghosts, repeats], [COUNT, 0, 0, 0]);
    });

    // It takes no marks of the database: one is enough.
    if (client !== "sqlite") return;
    it("give each order an effect with marks in memory, and repeat what a crash cuts off", async () => {
      const { effects, missing, ghosts, repeats } = await run("memory");
      assertEquals([missing, ghosts], [0, 0]);
      assertEquals(effects, COUNT + repeats);
    });
  });
});
