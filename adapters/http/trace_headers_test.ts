import type { Rec } from "@beat/beat/message";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BATCH, EVENT, receiver, STRUCTURED } from "./testdata/receiver.ts";
import { traceHeadersOf, withTraceOf } from "./trace_headers.ts";

const PARENT = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
const OTHER = `00-${"c".repeat(32)}-${"d".repeat(16)}-00`;

const record = (headers: Rec["headers"]): Rec => ({
  id: "1",
  key: "",
  headers,
  payload: new Uint8Array(),
  time: 0,
});

describe("traceHeadersOf()", () => {
  it("gives the context of a record as the headers that others know", () => {
    const headers = [["traceparent", PARENT], ["tracestate", "vendor=a"], ["tenant", "x"]] as const;
    assertEquals(traceHeadersOf(record(headers)), { traceparent: PARENT, tracestate: "vendor=a" });
  });

  it("gives nothing of what carries none, or a malformed one", () => {
    assertEquals(traceHeadersOf(record([["tracestate", "vendor=a"]])), {});
    assertEquals(traceHeadersOf(record([["traceparent", "00-zero"]])), {});
    assertEquals(
      traceHeadersOf(record([["traceparent", `00-${"0".repeat(32)}-${"b".repeat(16)}-01`]])),
      {},
    );
  });

  it("leaves a malformed or too long state out, which must not break the request", () => {
    for (const state of ["a=b\r\nhost: evil", "no equals", "A=1"]) {
      const headers = [["traceparent", PARENT], ["tracestate", state]] as const;
      assertEquals(traceHeadersOf(record(headers)), { traceparent: PARENT });
    }
    const long = Array.from({ length: 30 }, (_, at) => `k${at}=${"v".repeat(40)}`).join();
    const { tracestate } = traceHeadersOf(record([["traceparent", PARENT], ["tracestate", long]]));
    assertEquals(tracestate!.length <= 512 && long.startsWith(tracestate!), true);
  });
});

describe("withTraceOf()", () => {
  const headers = new Headers({ traceparent: PARENT, tracestate: "vendor=a, other=b" });

  it("gives a record that carries no context that of its request", () => {
    const { headers: carried } = withTraceOf(headers, record([["tenant", "x"]]));
    assertEquals(Object.fromEntries(carried), {
      tenant: "x",
      traceparent: PARENT,
      tracestate: "vendor=a,other=b",
    });
  });

  it("leaves a record its own: that is where it was made", () => {
    const own = record([["traceparent", OTHER]]);
    assertStrictEquals(withTraceOf(headers, own), own);
  });

  it("takes no malformed one", () => {
    const rec = record([]);
    for (const traceparent of ["", "00", `ff${PARENT.slice(2)}`, PARENT.toUpperCase()]) {
      assertStrictEquals(withTraceOf(new Headers({ traceparent }), rec), rec);
    }
    assertStrictEquals(withTraceOf(new Headers({ tracestate: "a=b" }), rec), rec);
  });
});

describe("a webhook receiver takes the context of a request", () => {
  const trace = { traceparent: PARENT, tracestate: "vendor=a" };

  it("for plain webhooks, and for events that carry none", async () => {
    const { delivered, send, close } = await receiver({ batch: true });
    const binary = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/", "ce-type": "t" };
    await send({ headers: trace });
    await send({ headers: { ...trace, ...binary } });
    await send({ headers: { ...trace, ...STRUCTURED }, body: JSON.stringify(EVENT) });
    const own = { ...EVENT, id: "e2", traceparent: OTHER };
    await send({ headers: { ...trace, ...BATCH }, body: JSON.stringify([EVENT, own]) });
    const contexts = delivered.map(({ metadata }) => [
      metadata.get("traceparent"),
      metadata.get("tracestate"),
    ]);
    const asked = [PARENT, "vendor=a"];
    assertEquals(contexts, [asked, asked, asked, asked, [OTHER, undefined]]);
    await close();
  });

  it("unless the sender has sent that of the message with it", async () => {
    const { delivered, send, close } = await receiver();
    const meta = { "beat-uuid": "7", "beat-meta-traceparent": OTHER };
    await send({ headers: { ...trace, ...meta } });
    assertEquals(delivered[0]!.metadata.get("traceparent"), OTHER);
    await close();
  });
});
