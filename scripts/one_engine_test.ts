import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { codeOf, loopsIn } from "./_code.ts";
import { findSecondEngines, secondEnginesIn } from "./_one_engine.ts";

describe("codeOf()", () => {
  it("keeps code in its place, and no comments and texts", () => {
    assertEquals(
      codeOf("a(); // b()\nc(/* d\n */ 'e f', \"g(\");"),
      "a();       \nc(    \n         ,     );",
    );
    assertEquals(codeOf('x.replace(/["`]/g, y);'), "x.replace(       , y);");
    assertEquals(codeOf("a / b / c"), "a / b / c");
  });

  it("keeps texts that are one word, however they are put together", () => {
    assertEquals(codeOf("a['fetch']"), 'a["fetch"]');
    assertEquals(codeOf("a[`fetch`]"), 'a["fetch"]');
    assertEquals(codeOf("a[\"fe\" + 'tch']"), 'a["fetch"     ]');
  });

  it("keeps the code within templates", () => {
    assertEquals(codeOf("`b ${c({ d: `e ${f}` })} g`; h"), "    {c({ d:     {f}  })}   ; h");
    assertEquals(codeOf("`\\`\\${a}`; b"), "         ; b");
  });
});

describe("loopsIn()", () => {
  it("finds loops with their heads", () => {
    const code = "for (;;) a();\nwhile (b(c)) { d({}); } do { e(); } while (f);";
    assertEquals(
      loopsIn(code).map(([from, to]) => code.slice(from, to)),
      ["for (;;) a()", "while (b(c)) { d({}); }", "do { e(); }", "while (f)"],
    );
  });
});

describe("secondEnginesIn()", () => {
  const places = (file: string, text: string) =>
    secondEnginesIn(file, text).map((breach) => breach.split(" ")[0]);

  /** Every way that we know to get at a method. */
  const ways = (name: string) => [
    `await x.${name}(1);`,
    `await x.${name}!(1);`,
    `await x.${name}?.(1);`,
    `await x\n.${name}\n(1);`,
    `x.${name}.call(x, 1);`,
    `const f = x.${name}.bind(x);`,
    `const f = x.${name};`,
    `const { ${name} } = x;`,
    `const { ${name}: f } = x;`,
    `const { a, ${name} = b } = x;`,
    `let f; ({ ${name}: f } = x);`,
    `const g = ({ ${name} }: X) => 1;`,
    `await x["${name}"](1);`,
    `await x['${name}']!(1);`,
    `await x[\`${name}\`](1);`,
    `await x["${name.slice(0, 2)}" + "${name.slice(2)}"](1);`,
    `const N = "${name}"; await x[N](1);`,
    `Reflect.get(x, "${name}");`,
    `a(\`b \${await x.${name}(1)}\`);`,
  ];

  it("finds whoever takes a fetch out of a source, by whatever syntax", () => {
    for (const way of ways("fetch")) {
      for (const file of ["src/router/router.ts", "adapters/sql/relay.ts", "src/memory/topic.ts"]) {
        assertEquals(places(file, way).length, 1, `${file}: ${way}`);
      }
    }
    assertEquals(places("src/router/router.ts", "\nx.fetch(1);"), ["src/router/router.ts:2"]);
  });

  it("finds whoever takes the source out of a transport, by whatever syntax", () => {
    for (const way of ways("source")) {
      assertEquals(places("src/stream/relay.ts", way).length, 1, way);
    }
    assertEquals(places("adapters/sql/relay.ts", "await transport.source(spec, host);").length, 1);
  });

  it("allows both where they belong, where they are made, and what is only spoken of", () => {
    assertEquals(places("src/transport/feed.ts", "for (;;) await source.fetch(1);"), []);
    assertEquals(places("src/transport/engine.ts", "await transport.source(s, h);"), []);
    const innocent = [
      "// source.fetch(1)\n/* x.fetch(2) */ const a = 'b.fetch(';",
      "class A { async fetch(room) {} prefetch() { this.prefetch(1); this.#fetch(); } }",
      "interface B { fetch?(room: number): void; source(spec: S): Promise<Source>; }",
      "const c = { fetch: async (room) => [], d: { source: (spec) => make(spec) } };",
      "const source = new C(); source.ack(); this.#source.ack();",
      'if (typeof x.source === "function") y();',
    ];
    for (const text of innocent) assertEquals(places("src/memory/a.ts", text), [], text);
    assertEquals(places("src/marshal/a.ts", 'const { source } = event; b("source");'), []);
  });

  it("allows a call once in a file that is known to call, and neither loops nor aliases there", () => {
    const file = "adapters/kafka/fetcher.ts";
    const loops = [
      "for (;;) {\n  if (a) { b(); }\n  await client.fetch(x);\n}",
      "while (await client\n  .fetch(x)) go();",
      "do {\n b(); await c.fetch(x); } while (true);",
      "for await (const a of b)\n await c.fetch(x);",
      "const next = c.fetch.bind(c);\nfor (;;) await next(x);",
      "const { fetch: next } = c;\nfor (;;) await next(x);",
      'for (;;) await c["fetch"](x);',
      "c.fetch(x);\nsetTimeout(again, 1);",
    ];
    for (const loop of loops) assertEquals(places(file, loop).length, 1, loop);
    const once =
      'for (const a of b) { c(a); }\nopen(client, "fetch");\nreturn await client.fetch(x);';
    assertEquals(places(file, once), []);
  });

  it("finds timers in the thin parts of an adapter, and ways to one", () => {
    const text = "setTimeout(() => {}, 100);\nsetInterval(f, 1);";
    const thin = [
      "sink.ts",
      "src/source.ts",
      "group_source.ts",
      "jetstream_sink.ts",
      "stream_admin.ts",
    ];
    for (const name of thin) assertEquals(places(`adapters/redis/${name}`, text).length, 2, name);
    assertEquals(places("adapters/redis/client.ts", text), []);
    assertEquals(places("adapters/redis/resource.ts", text), []);
    const ways = [
      "const { setTimeout: wait } = x;",
      "AbortSignal.timeout(5).onabort = f;",
      'globalThis["set" + name](f);',
      'import * as timers from "node:timers/promises";',
    ];
    for (const way of ways) assertEquals(places("adapters/redis/sink.ts", way).length, 1, way);
  });
});

describe("findSecondEngines()", () => {
  it("finds none in the house", () => assertEquals(findSecondEngines(), []));
});
