import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { findSecondEngines, secondEnginesIn } from "./_one_engine.ts";

describe("secondEnginesIn()", () => {
  const places = (file: string, text: string) =>
    secondEnginesIn(file, text).map((breach) => breach.split(" ")[0]);

  it("finds a fetch in src outside of the feed, however it is written", () => {
    const file = "src/router/router.ts";
    assertEquals(places(file, "\nawait source.fetch(1, f, s);"), [`${file}:2`]);
    assertEquals(places(file, "await source.fetch!(1);"), [`${file}:1`]);
    assertEquals(places(file, "await source.fetch?.(1);"), [`${file}:1`]);
    assertEquals(places(file, "source.fetch.call(source, 1);"), [`${file}:1`]);
    assertEquals(places(file, 'await source["fetch"](1);'), [`${file}:1`]);
    assertEquals(places(file, 'await source["fetch"]!(1);'), [`${file}:1`]);
  });

  it("finds a source that is opened outside of the engine", () => {
    const file = "src/stream/relay.ts";
    assertEquals(places(file, "const s = await transport.source(spec, host);"), [`${file}:1`]);
  });

  it("allows both where they belong, and what is only spoken of", () => {
    assertEquals(places("src/transport/feed.ts", "await source.fetch(1);"), []);
    assertEquals(places("src/transport/engine.ts", "await transport.source(s, h);"), []);
    assertEquals(
      places("src/a/b.ts", "// source.fetch(1)\n/* x.fetch(2) */ const a = 'b.fetch(';"),
      [],
    );
    assertEquals(
      places("src/a/b.ts", "class A { fetch(room) {} prefetch() { this.prefetch(1); } }"),
      [],
    );
  });

  it("finds a loop around a fetch in an adapter", () => {
    const file = "adapters/kafka/source.ts";
    for (
      const loop of [
        "for (;;) {\n  if (a) { b(); }\n  await client.fetch(x);\n}",
        "while (await client\n  .fetch(x)) go();",
        "do {\n b(); await c.fetch(x); } while (true);",
        "for await (const a of b)\n await c.fetch(x);",
      ]
    ) {
      assertEquals(places(file, loop).length, 1, loop);
    }
    assertEquals(places(file, "for (const a of b) { c(a); }\nreturn await client.fetch(x);"), []);
  });

  it("finds timers in the thin parts of an adapter", () => {
    const text = "setTimeout(() => {}, 100);\nsetInterval(f, 1);";
    assertEquals(places("adapters/redis/sink.ts", text).length, 2);
    assertEquals(places("adapters/redis/src/source.ts", text).length, 2);
    assertEquals(places("adapters/redis/group_source.ts", text).length, 2);
    assertEquals(places("adapters/nats/jetstream_sink.ts", text).length, 2);
    assertEquals(places("adapters/sql/stream_admin.ts", text).length, 2);
    assertEquals(places("adapters/redis/client.ts", text), []);
    assertEquals(places("adapters/redis/resource.ts", text), []);
  });
});

describe("findSecondEngines()", () => {
  it("finds none in the house", () => assertEquals(findSecondEngines(), []));
});
