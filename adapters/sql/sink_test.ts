import { Message } from "@beat/beat/message";
import { publisher } from "@beat/beat/transport";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { sqlTransport } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";

/** What a statement, an array or a text in one may mean something by. */
const ODD = [
  ...["", " ", "'", '"', "''", '""', "\\", "\\'", '\\"', "\\\\", "?", "??", "$1", ":a", "%s"],
  ...["{}", '{"a"}', "{a,b}", "NULL", "null", "[]", "--", "/*", "*/", ";", "X'61'", "\\x61", "a,b"],
  ...["\t", "ä", "日本", "🦀", "e\u0301", "\ufffd"],
];
const BYTES = [[], [0], [39, 92, 34], [63], [255, 254], Array.from({ length: 256 }, (_, at) => at)];

onEveryDatabase((_name, fresh) => {
  describe("sqlSink()", () => {
    it("stores many messages of one call as they are, in their order", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const transport = sqlTransport({ connection, prefix: made.prefix });
        const messages = ODD.map((text, at) =>
          new Message(Uint8Array.from(BYTES[at % BYTES.length]!), {
            key: text,
            metadata: [["text", text]],
          })
        );
        await publisher(transport).publish("odd", messages);
        const stored = await transport.peek("odd", ODD.length);
        assertEquals(
          stored.map(({ key, headers, payload }) => ({ key, headers, payload })),
          messages.map(({ key, payload }) => ({ key, headers: [["text", key] as const], payload })),
        );
        assertEquals(stored.map(({ id }) => id), messages.map(({ uuid }) => uuid));
        await transport.close();
      });
    });
  });
});
