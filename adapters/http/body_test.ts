import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Refusal } from "./answer.ts";
import { readBody } from "./body.ts";

const LIMITS = { maxBody: 1_000, readTimeout: 60_000 };

interface Sent {
  readonly body?: string | ReadableStream<Uint8Array>;
  readonly headers?: Record<string, string>;
}

function read({ body, headers = {} }: Sent, limits: Partial<typeof LIMITS> = {}) {
  const parts = { method: "POST", headers, body, duplex: "half" } as RequestInit;
  return readBody(new Request("http://receiver.test/orders", parts), { ...LIMITS, ...limits });
}

/** A body that gives a chunk as often as it is asked, or once, and tells when nobody wants more. */
function endless(chunk: string, once = false) {
  const cancelled = Promise.withResolvers<void>();
  const bytes = new TextEncoder().encode(chunk);
  let given = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (once && given > 0) return new Promise(() => {});
      given++;
      controller.enqueue(bytes);
    },
    cancel: () => cancelled.resolve(),
  });
  return { body, cancelled: cancelled.promise };
}

async function statusOf(reading: Promise<Uint8Array>): Promise<number> {
  return (await assertRejects(() => reading, Refusal)).status;
}

describe("readBody()", () => {
  it("takes what is as long as may be, whether its length was told or not", async () => {
    const body = "x".repeat(1_000);
    for (const headers of [{}, { "content-length": "1000" }]) {
      assertEquals((await read({ body, headers })).length, 1_000);
    }
  });

  it("refuses a byte more by 413, also where its header says less", async () => {
    const body = "x".repeat(1_001);
    for (const headers of [{}, { "content-length": "5" }]) {
      assertEquals(await statusOf(read({ body, headers })), 413);
    }
  });

  it("takes a request without a body for an empty one", async () => {
    assertEquals(await read({}), new Uint8Array());
    assertEquals(await read({ headers: { "content-length": "0" } }), new Uint8Array());
  });

  it("puts together what comes in pieces of any size", async () => {
    const sizes = [1, 0, 7, 20_000, 3, 1, 40_000, 5];
    const pieces = sizes.map((size, at) => new Uint8Array(size).fill(at + 1));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
    const bytes = await read({ body }, { maxBody: 100_000 });
    assertEquals([...bytes], pieces.flatMap((piece) => [...piece]));
  });

  it("reads no more of what is too long, and tells its sender", async () => {
    const { body, cancelled } = endless("x".repeat(300));
    assertEquals(await statusOf(read({ body })), 413);
    await cancelled;
  });

  it("reads no more of what takes too long, and tells its sender", async () => {
    const { body, cancelled } = endless("x", true);
    assertEquals(await statusOf(read({ body }, { readTimeout: 5 })), 408);
    await cancelled;
  });
});
