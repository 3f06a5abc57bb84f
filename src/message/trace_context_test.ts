import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import {
  extractContext,
  formatTraceparent,
  injectContext,
  limitTracestate,
  parseTraceparent,
  parseTracestate,
} from "./trace_context.ts";
import { traceStateOf } from "./trace_state.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

const hex = (length: number) =>
  fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
    .map((digits) => digits.join(""))
    .filter((text) => !/^0+$/.test(text));

const text = (characters: string, minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(...characters), { minLength, maxLength }).map((all) => all.join(""));

const contexts = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  traceFlags: fc.integer({ min: 0, max: 3 }),
});

const KEY_CHARACTERS = "abcxyz019_-*/";
const members = fc.uniqueArray(
  fc.tuple(
    fc.tuple(fc.constantFrom("a", "z"), text(KEY_CHARACTERS, 0, 20)).map((parts) => parts.join("")),
    text("!+-<>~ aZ9", 1, 200).map((value) => `${value.trimEnd()}.`),
  ),
  { selector: ([key]) => key, maxLength: 32 },
);

describe("traceparent", () => {
  it("is read as it was written, whatever the context", () => {
    fc.assert(fc.property(contexts, (context) => {
      assertEquals(parseTraceparent(formatTraceparent(context)), context);
    }));
  });

  it("keeps only the bits of the flags that are defined", () => {
    assertEquals(parseTraceparent(`00-${TRACE}-${SPAN}-ff`)?.traceFlags, 3);
    const context = { traceId: TRACE, spanId: SPAN, traceFlags: 0xfd };
    assertEquals(formatTraceparent(context), `00-${TRACE}-${SPAN}-01`);
  });

  it("of a later version is read as far as it is known", () => {
    const known = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };
    assertEquals(parseTraceparent(`cc-${TRACE}-${SPAN}-01`), known);
    assertEquals(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-the.future-brings`), known);
    assertEquals(parseTraceparent(`cc-${TRACE}-${SPAN}-01.what`), undefined);
  });

  const MALFORMED: [why: string, text: string][] = [
    ["empty", ""],
    ["version ff", `ff-${TRACE}-${SPAN}-01`],
    ["version 00 with more", `00-${TRACE}-${SPAN}-01-more`],
    ["upper case", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a parent id of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["a short trace id", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["a long parent id", `00-${TRACE}-${SPAN}0-01`],
    ["one digit of flags", `00-${TRACE}-${SPAN}-1`],
    ["spaces", ` 00-${TRACE}-${SPAN}-01`],
    ["a line break", `00-${TRACE}-${SPAN}-01\n`],
    ["other letters", `00-${TRACE.replace("4", "g")}-${SPAN}-01`],
  ];
  for (const [why, malformed] of MALFORMED) {
    it(`with ${why} is refused`, () => {
      assertEquals(parseTraceparent(malformed), undefined);
    });
  }

  it("never throws, and what it accepts is 55 characters of the known form", () => {
    const any = fc.oneof(fc.string(), text("0f-", 50, 60));
    fc.assert(fc.property(any, (text) => {
      const context = parseTraceparent(text);
      if (context !== undefined) assertEquals(formatTraceparent(context).length, 55);
    }));
  });
});

describe("tracestate", () => {
  it("is read as it was written, with or without spaces and empty members", () => {
    fc.assert(fc.property(members, (members) => {
      const written = members.map((member) => member.join("="));
      assertEquals(parseTracestate(written.join(",")), members);
      assertEquals(parseTracestate(written.join(" \t, ,")), members);
    }));
  });

  it("knows the keys of systems with tenants", () => {
    assertEquals(parseTracestate("0tenant@system=1"), [["0tenant@system", "1"]]);
    assertEquals(parseTracestate(`${"t".repeat(241)}@${"s".repeat(14)}=1`)?.length, 1);
  });

  const many = (count: number) => Array.from({ length: count }, (_, at) => `k${at}=v`).join();
  const MALFORMED: [why: string, text: string][] = [
    ["no equals sign", "ab"],
    ["no key", "=1"],
    ["no value", "a="],
    ["two equals signs", "a=1=2"],
    ["an upper-case key", "A=1"],
    ["a key that begins with a digit", "0a=1"],
    ["a key of 257 characters", `${"a".repeat(257)}=1`],
    ["a tenant of 242 characters", `${"t".repeat(242)}@s=1`],
    ["a system of 15 characters", `t@${"s".repeat(15)}=1`],
    ["a value of 257 characters", `a=${"1".repeat(257)}`],
    ["a control character", "a=\u0007"],
    ["a character that is not ASCII", "a=ü"],
    ["a space before the equals sign", "a =1"],
    ["a key that comes twice", "a=1,b=2,a=3"],
    ["33 members", many(33)],
  ];
  for (const [why, malformed] of MALFORMED) {
    it(`with ${why} is ignored as a whole`, () => {
      assertEquals(parseTracestate(malformed), undefined);
      assertEquals(limitTracestate(malformed), "");
    });
  }

  it("may have 32 members", () => {
    assertEquals(parseTracestate(many(32))?.length, 32);
  });

  it("loses whole members beyond 512 characters, long ones first, then the oldest", () => {
    const long = `l=${"x".repeat(127)}`;
    const short = (key: string) => `${key}=${"y".repeat(126)}`;
    const fits = [short("a"), short("b"), short("c"), `d=${"y".repeat(123)}`];
    assertEquals(limitTracestate(fits.join()), fits.join());
    assertEquals(fits.join().length, 512);
    assertEquals(limitTracestate([long, ...fits].join()), fits.join());
    assertEquals(limitTracestate([...fits, "e=1"].join()), fits.join());
  });

  it("that is limited is a valid one of at most 512 characters, in the same order", () => {
    fc.assert(fc.property(members, (members) => {
      const limited = limitTracestate(members.map((member) => member.join("=")).join());
      assert(limited.length <= 512);
      const kept = parseTracestate(limited)!.map(String);
      assertEquals(kept, members.map(String).filter((member) => kept.includes(member)));
    }));
  });
});

describe("trace context of metadata", () => {
  it("comes out as it was put in", () => {
    const metadata = new Map([["tenant", "a"]]);
    const traceState = traceStateOf([["a", "1"]]);
    injectContext(metadata, { traceId: TRACE, spanId: SPAN, traceFlags: 1, traceState });
    assertEquals([...metadata], [
      ["tenant", "a"],
      ["traceparent", `00-${TRACE}-${SPAN}-01`],
      ["tracestate", "a=1"],
    ]);
    const { traceState: state, ...ids } = extractContext(metadata)!;
    assertEquals(ids, { traceId: TRACE, spanId: SPAN, traceFlags: 1 });
    assertEquals(state!.serialize(), "a=1");
  });

  it("loses no valid parent to a malformed state, and has no state without a parent", () => {
    const metadata = new Map([["traceparent", `00-${TRACE}-${SPAN}-00`], ["tracestate", "?"]]);
    assertEquals(extractContext(metadata), { traceId: TRACE, spanId: SPAN, traceFlags: 0 });
    assertEquals(extractContext(new Map([["tracestate", "a=1"]])), undefined);
  });

  it("takes the place of an older one, state included", () => {
    const metadata = new Map([["traceparent", "old"], ["tracestate", "old=1"]]);
    injectContext(metadata, { traceId: TRACE, spanId: SPAN, traceFlags: 0 });
    assertEquals([...metadata], [["traceparent", `00-${TRACE}-${SPAN}-00`]]);
  });

  it("is left alone by a context that is not valid", () => {
    const metadata = new Map([["traceparent", "old"]]);
    injectContext(metadata, { traceId: "0".repeat(32), spanId: SPAN, traceFlags: 0 });
    assertEquals([...metadata], [["traceparent", "old"]]);
  });
});
