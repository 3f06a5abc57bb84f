import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { withService } from "../../tests/_services/mod.ts";
import { BlockingReader } from "./blocking_reader.ts";
import { Connection } from "./connection.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

/** Milliseconds after which a connection that says nothing is given up, and with it the test. */
const PATIENCE = 20_000;

withService("redis", "BEAT_REDIS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  /** Waits until the server has a client that waits for entries. */
  async function isBlocked({ redis }: Workplace, id: unknown): Promise<void> {
    for (;;) {
      const list = await redis.client("LIST") as string;
      if (list.split("\n").some((line) => line.startsWith(`id=${id} `) && / flags=b/.test(line))) {
        return;
      }
    }
  }

  async function reading(place: Workplace): Promise<{ reader: BlockingReader; id: unknown }> {
    const [waiting, commands] = [
      new Connection(place.redis, PATIENCE),
      new Connection(place.redis, PATIENCE),
    ];
    for (const connection of [waiting, commands]) place.opened(() => connection.close());
    const reader = new BlockingReader(waiting, commands);
    await reader.open();
    return { reader, id: await waiting.call("CLIENT", "ID") };
  }

  describe("a read that waits for ever", () => {
    it(
      "ends with its signal, and the connection reads on",
      test(async (place) => {
        const { reader, id } = await reading(place);
        const read = ["XREAD", "BLOCK", 0, "STREAMS", place.topic];
        const aborting = new AbortController();
        const waiting = reader.read([...read, "$"], aborting.signal);
        await isBlocked(place, id);
        aborting.abort();
        assertEquals(await waiting, new Map());
        await place.redis.xadd(place.topic, "1-1", "a", "b");
        const found = await reader.read([...read, "0"], new AbortController().signal);
        assertEquals(found.get(place.topic)!.map((entry) => entry.id), ["1-1"]);
      }),
    );

    it(
      "ends when it is interrupted",
      test(async (place) => {
        const { reader, id } = await reading(place);
        const never = new AbortController().signal;
        const waiting = reader.read(["XREAD", "BLOCK", 0, "STREAMS", place.topic, "$"], never);
        await isBlocked(place, id);
        await reader.interrupt();
        assertEquals(await waiting, new Map());
      }),
    );

    it(
      "is not begun when its signal has aborted",
      test(async (place) => {
        const { reader } = await reading(place);
        const read = ["XREAD", "BLOCK", 0, "STREAMS", place.topic, "$"];
        assertEquals(await reader.read(read, AbortSignal.abort()), new Map());
      }),
    );
  });
});
