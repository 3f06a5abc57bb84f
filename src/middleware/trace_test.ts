import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  eachForm,
  failing,
  failureOf,
  single,
  withFakeTime,
} from "../../tests/_messages/harness.ts";
import { Message } from "../message/message.ts";
import type { Meter, Span, SpanOptions, Tracer } from "../message/telemetry.ts";
import { trace } from "./trace.ts";

interface Seen {
  name: string;
  options: SpanOptions | undefined;
  ended: number;
}

function tracing(): { tracer: Tracer; seen: Seen[] } {
  const seen: Seen[] = [];
  const tracer = {
    startSpan(name: string, options?: SpanOptions): Span {
      const one = { name, options, ended: 0 };
      seen.push(one);
      return {
        spanContext: () => ({ traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 }),
        setAttribute: () => {},
        setStatus: () => {},
        recordException: () => {},
        end: () => void one.ended++,
      };
    },
  };
  return { tracer, seen };
}

// What the real SDK makes of it is tested in tests/telemetry.
describe("trace", () => {
  eachForm((form, make) => {
    it(`returns at once what a synchronous handler returns, and ends the span, ${form}`, () => {
      const { tracer, seen } = tracing();
      const produced = new Message("paid");
      assertStrictEquals(trace({ tracer })(() => produced)(make()), produced);
      assertEquals(seen.map(({ name, ended }) => [name, ended]), [["process orders", 1]]);
    });

    it(`ends the span of what fails with nothing, ${form}`, async () => {
      const { tracer, seen } = tracing();
      assertEquals(await failureOf(() => trace({ tracer })(failing(undefined))(make())), undefined);
      assertEquals(seen[0].ended, 1);
    });
  });

  it("links to the contexts that messages carry, malformed ones left out", async () => {
    const { tracer, seen } = tracing();
    for (const traceparent of [`00-${"c".repeat(32)}-${"d".repeat(16)}-01`, "malformed"]) {
      await trace({ tracer })(() => {})(single(new Message("", { metadata: { traceparent } })));
    }
    assertEquals(seen.map(({ options }) => options?.links?.length), [1, 0]);
  });

  it("makes a span of work whose message a middleware has settled", async () => {
    const { tracer, seen } = tracing();
    await trace({ tracer })(() => {})({ ...single(), messages: [] });
    assertEquals(seen[0]!.options?.attributes?.["messaging.batch.message_count"], 0);
    assertEquals(seen[0]!.ended, 1);
  });

  it("measures seconds without a tracer, and passes on what fails", () =>
    withFakeTime(async (time) => {
      time.tick(1_000);
      const noted: unknown[] = [];
      const meter: Meter = {
        createCounter: (name) => ({ add: (value) => noted.push([name, value]) }),
        createHistogram: (name) => ({
          record: (value, attributes) => noted.push([name, value, attributes?.["error.type"]]),
        }),
      };
      const handle = trace({ meter })(async ({ messages: [message] }) => {
        await new Promise((resolve) => setTimeout(resolve, 250));
        if (message!.text() === "bad") throw new RangeError("bad");
      });
      const done = handle(single());
      await time.runAllAsync();
      await done;
      const failed = failureOf(() => handle(single(new Message("bad"))));
      await time.runAllAsync();
      assertInstanceOf(await failed, RangeError);
      assertEquals(noted, [
        ["messaging.client.consumed.messages", 1],
        ["messaging.process.duration", 0.25, undefined],
        ["messaging.client.consumed.messages", 1],
        ["messaging.process.duration", 0.25, "RangeError"],
      ]);
    }));

  it("refuses to do nothing", () => {
    assertThrows(() => trace({}), TypeError, "'tracer' or 'meter' must be given");
    assertThrows(() => trace({ tracer: 1 as never }), TypeError, "'tracer' must be an object");
  });
});
