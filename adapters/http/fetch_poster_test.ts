import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { parseEndpoint } from "./endpoint.ts";
import { fetchPoster } from "./fetch_poster.ts";

const endpoint = parseEndpoint("test", "https://hooks.example.com/base", {
  insecureHttp: false,
  allow: [],
});

/** Posts once while `fetch` is answered by a function. */
async function post(answer: (url: string, init: RequestInit) => Response | Promise<Response>) {
  const fetched = stub(
    globalThis,
    "fetch",
    ((url: string, init: RequestInit) => {
      return Promise.resolve(answer(url, init));
    }) as typeof fetch,
  );
  const request = { target: "/base/orders?a=1", headers: { "x-a": "1" }, body: Uint8Array.of(1) };
  try {
    return await fetchPoster(endpoint).post(request, 1, new AbortController().signal);
  } finally {
    fetched.restore();
  }
}

describe("fetchPoster()", () => {
  it("posts to the endpoint and follows nothing", async () => {
    let seen: unknown[] = [];
    const answer = await post((url, { method, headers, redirect, body }) => {
      seen = [url, method, headers, redirect, body];
      return new Response("thanks", { status: 202, headers: { "retry-after": "7" } });
    });
    const { status, retryAfter, beginning } = answer;
    assertEquals([status, retryAfter, beginning.text], [202, "7", "thanks"]);
    const url = "https://hooks.example.com/base/orders?a=1";
    assertEquals(seen, [url, "POST", { "x-a": "1" }, "manual", Uint8Array.of(1)]);
  });

  it("reads 64 KiB of an answer that does not end, and none of one that breaks off", async () => {
    let isCancelled = false;
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
      cancel: () => void (isCancelled = true),
    });
    assertEquals((await post(() => new Response(endless))).status, 200);
    assertEquals(isCancelled, true);
    const chunks = [new TextEncoder().encode("no room")];
    const broken = new ReadableStream({
      pull(controller) {
        const chunk = chunks.pop();
        if (chunk === undefined) controller.error(new Error("gone"));
        else controller.enqueue(chunk);
      },
    });
    const { status, beginning } = await post(() => new Response(broken, { status: 500 }));
    assertEquals([status, beginning.text], [500, "no room"]);
    const empty = await post(() => new Response(null, { status: 204 }));
    assertEquals([empty.status, empty.beginning.text], [204, ""]);
  });

  it("rejects when the endpoint cannot be reached", async () => {
    await assertRejects(() => post(() => Promise.reject(new TypeError("no route"))), TypeError);
  });
});
