import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Delivery, Source, Transport } from "../transport/port.ts";
import { Zombie } from "./zombie.ts";

describe("Zombie", () => {
  it("lets others go on while its source gives nothing, however fast", async () => {
    let given: Delivery[] = [];
    const source: Pick<Source, "fetch"> = { fetch: () => Promise.resolve(given) };
    const transport = { source: () => Promise.resolve(source) } as unknown as Transport;
    const { taken } = await new Zombie(transport).join("orders", "all");
    setTimeout(() => given = [{} as Delivery], 0);
    assertEquals(await taken, undefined);
  });
});
