import process from "node:process";
import { type Middleware, silent } from "@beat/beat/message";
import { fromSubscriber } from "@beat/beat/transport";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { main } from "../../examples/demo/main.ts";
import { openBroker } from "../../examples/demo/webhooks/brokers.ts";
import { createFlow } from "../../examples/demo/webhooks/flow.ts";
import { makePosts } from "../../examples/demo/webhooks/posts.ts";
import { type Guards, newGuards } from "../../examples/demo/webhooks/guards.ts";
import { Stage } from "../../examples/demo/webhooks/stages.ts";
import { checkFlow } from "../../examples/demo/webhooks/verdict.ts";
import { runProgram, startProgram } from "./_program.ts";

describe("demo, the webhooks", () => {
  it("are posted, routed, tried again, buried with their reason, and put back after the fix", async () => {
    const { code, stdout, stderr } = await runProgram("examples/demo.ts", "--only", "webhooks");
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const [heading, ...rows] = stdout.split("\n")
      .filter((line) => /^(stage|intake|index|archive|urgent|again) +/.test(line))
      .map((line) => line.replace(/( +[\d.]+){2}$/, "").replace(/\s+/g, " "));
    assertEquals(heading, "stage handles in handled retried routed dead replayed p50 ms p99 ms");
    assertEquals(rows, [
      "intake all 332 329 0 329 3 0",
      "index by key 341 294 29 0 18 18",
      "archive by 50 312 312 0 0 0 0",
      "urgent alerts 17 17 0 0 0 0",
      "again mended 18 18 0 0 0 0",
    ]);
    assertStringIncludes(stdout, "routed: 17 urgent, 312 others\n");
    assertStringIncludes(stdout, "posted twice: 13, delivered twice: 8, handled once\n");
    assertStringIncludes(
      stdout,
      "invalid: 3, left with the dead · forged or old: 2, answered 401\n",
    );
    const times = stdout.matchAll(/^(?:intake|index|archive|urgent|again) .* ([\d.]+) +([\d.]+)$/gm)
      .toArray();
    assertEquals(times.length, 5);
    for (const [, p50, p99] of times) assert(Number(p50) > 0 && Number(p99) >= Number(p50));
    assert(stdout.endsWith("✓ all 20 checks of the webhooks hold\n"));
  });

  it("fail their checks where a stage loses what it gets", async () => {
    const flow = createFlow(
      fromSubscriber({ async *subscribe() {} }),
      await openBroker("memory"),
      silent,
    );
    const posts = makePosts();
    const report = { replayed: 0, skipped: 0 };
    const { checks, faults } = await checkFlow({
      posts,
      repeated: 0,
      redelivered: 0,
      invalid: 0,
      refused: [],
      dead: 0,
      report,
      flow,
    });
    await flow.broker.close();
    assertEquals(checks, 20);
    assertEquals(faults, [
      "deliveries let in: 0 instead of 329",
      "intake handled: 0 instead of 329",
      "intake routed: 0 instead of 329",
      "archive handled: 0 instead of 312",
      "batches of the archive: one at a time instead of several at a time, 50 at most",
      "urgent handled: 0 instead of 17",
      "index handled: 0 instead of 312",
      "tied to their webhook: 0 instead of 329",
      "answers to forged and old webhooks:  instead of 401,401",
      "stages with a p50 and a p99: 0 instead of 5",
    ]);
  });

  it("tell the milliseconds within which half, and 99 of a hundred, were handled", () => {
    const stage = new Stage("a", "all");
    const both = () => [stage.percentile(0.5), stage.percentile(0.99)];
    assertEquals(both(), [undefined, undefined]);
    stage.latencies.push(7);
    assertEquals(both(), [7, 7]);
    // Out of order, as messages come: 1 to 100.
    stage.latencies.length = 0;
    for (let at = 0; at < 100; at++) stage.latencies.push((at * 37) % 100 + 1);
    assertEquals(both(), [50, 99]);
    stage.latencies.push(1_000);
    assertEquals(both(), [51, 100]);
  });

  const nothing: Middleware = (next) => next;
  const missed: [guard: keyof Guards, faults: string[]][] = [
    ["correlation", ["tied to their webhook: 0 instead of 329"]],
    ["deduplicate", [
      "deliveries let in: 340 instead of 332",
      "intake handled: 337 instead of 329",
    ]],
    ["validate", [
      "intake handled: 332 instead of 329",
      "intake refused as invalid: 0 instead of 3",
      "dead letters: 18 instead of 21",
      "dead letters that were invalid: 0 instead of 3",
      "left with the dead: 0 instead of 3",
    ]],
  ];
  for (const [guard, faults] of missed) {
    it(`fail their checks without the middleware ${guard}`, async () => {
      let text = "";
      const output = { write: (part: string) => text += part };
      const guards = { ...newGuards(), [guard]: nothing };
      assertEquals(await main(["--only", "webhooks"], output, { guards }), 1);
      // What the extra or missing messages lead to further on depends on when they come.
      for (const fault of faults) assertStringIncludes(text, `✗ webhooks, ${fault}\n`);
    });
  }
});

// Windows has no signal that a process can hear.
const describeWithSignals = process.platform === "win32" ? describe.skip : describe;

describeWithSignals("demo, --serve", () => {
  const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

  /** The command that it prints, as a request. */
  function requestOf(curl: string): Request {
    const headers = curl.matchAll(/-H '([^:]+): ([^']*)'/g).map(([, name, value]) => [name, value]);
    const [, body, url] = /-d '([^']*)' (\S+)$/.exec(curl)!;
    return new Request(url!, {
      method: "POST",
      headers: [...headers] as [string, string][],
      body: body!,
    });
  }

  for (const [name, secret] of [["signed", SECRET], ["unsigned", undefined]] as const) {
    it(`takes the webhook that it tells to post, ${name}, and ends when it is told to`, async () => {
      const env = secret === undefined ? {} : { WEBHOOK_SECRET: secret };
      const program = startProgram("examples/demo.ts", ["--serve", "--port", "0"], env);
      try {
        const [, url] = await program.prints(/^Listening at (http:\S+);/m);
        const [curl] = await program.prints(/^curl .*$/m);
        const request = requestOf(curl);
        assertEquals(request.url, url);
        assertEquals(await statusOf(request.clone()), 204);
        for (const stage of ["intake", "index", "archive"]) {
          await program.prints(new RegExp(`^${stage} +unknown \\S+$`, "m"));
        }
        if (secret !== undefined) {
          // Sent once more it is known, and forged it is refused.
          assertEquals(await statusOf(request.clone()), 204);
          assertEquals(await statusOf(new Request(request, { body: "{}" })), 401);
        }
      } finally {
        program.interrupt();
      }
      const { code, stdout, stderr } = await program.ended;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(stdout.match(/^intake /gm)?.length, 1);
      assert(stdout.endsWith("Closed: nothing is left undone.\n"));
    });
  }

  it("takes webhooks of GitHub, and a delivery once however often it is sent", async () => {
    const program = startProgram("examples/demo.ts", ["--serve", "--port", "0"], {});
    try {
      const [, url] = await program.prints(/^Listening at (http:\S+);/m);
      const send = (event: string, delivery: string) =>
        statusOf(
          new Request(url!, {
            method: "POST",
            headers: {
              "content-type": "application/json",
              "x-github-event": event,
              "x-github-delivery": delivery,
            },
            body: '{"action":"opened","repository":{"full_name":"a/b"}}',
          }),
        );
      for (const delivery of ["1", "1", "2"]) assertEquals(await send("issues", delivery), 204);
      assertEquals(await send("dependabot_alert", "3"), 204);
      await program.prints(/^urgent +dependabot_alert \S+$/m);
      await program.prints(/(^index +issues \S+$[^]*){2}/m);
    } finally {
      program.interrupt();
    }
    const { code, stdout } = await program.ended;
    assertEquals(code, 0);
    assertEquals(stdout.match(/^index /gm)?.length, 2);
  });
});

async function statusOf(request: Request): Promise<number> {
  const response = await fetch(request);
  await response.body?.cancel();
  return response.status;
}
