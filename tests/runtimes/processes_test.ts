import { describe, it } from "@std/testing/bdd";
import { assertEquals, assertObjectMatch } from "@std/assert";
import { capabilities } from "../../src/runtime/capabilities.ts";
import { DEATH_MATRIX, PROCESS_MATRIX, runProgram } from "./_processes.ts";
import { currentColumn, expectedOf, outcomeOf } from "./_table.ts";

const HERE = currentColumn();

describe("matrix of processes", () => {
  for (const row of PROCESS_MATRIX) {
    const expected = expectedOf(row, HERE);
    it(`${row.capability} ${expected} in ${HERE}`, async () => {
      assertEquals(await outcomeOf(row), expected);
    });
  }
});

describe("deaths of threads", () => {
  for (const row of DEATH_MATRIX) {
    const expected = expectedOf(row, HERE);
    it(`${row.capability}: ${expected} in ${HERE}`, async () => {
      assertEquals(await outcomeOf(row), expected);
    });
  }
});

describe("bus with threads", () => {
  for (const [arg, output] of [["idle", "20\n"], ["kept", "lives\n20\n"]] as const) {
    it(`holds the process while it has something to do: ${arg} in ${HERE}`, async () => {
      const program = "bus_with_threads.ts";
      const { code, stdout } = await runProgram({ program, args: [arg] });
      assertEquals([code, stdout], [0, output]);
    });
  }
});

describe("a bus with threads that hold no process", () => {
  it(`holds it while its program waits for it in ${HERE}`, async () => {
    const { code, stdout, stderr } = await runProgram({ program: "waits_for_bus.ts" });
    assertEquals([code, stdout, stderr], [0, "ready\nknown\nclosed\n", ""]);
  });
});

describe("a promise that a handler starts and does not wait for", () => {
  it(`goes on after it rejects, where the plugin 'rejections' is, in ${HERE}`, async () => {
    const program = "forgotten_promise.ts";
    const { code, stdout, stderr } = await runProgram({ program, args: ["with"] });
    assertEquals([code, stdout, stderr], [0, "forgotten a\nforgotten b\nhandled a, b\n", ""]);
  });

  it(`ends the process with exit code 1, where it is not, in ${HERE}`, async () => {
    const { code } = await runProgram({ program: "forgotten_promise.ts" });
    assertEquals(code, 1);
  });
});

describe("capabilities()", () => {
  for (const program of ["capabilities_alone.ts", "capabilities_unawaited.ts"]) {
    it(`answers, then lets the process end: ${program} in ${HERE}`, async () => {
      const { code, stdout, stderr } = await runProgram({ program });
      assertEquals([code, stderr], [0, ""]);
      assertEquals(JSON.parse(stdout), await capabilities());
    });
  }

  for (const kind of HERE === "deno" || HERE === "bun" ? ["web", "node"] : ["node"]) {
    it(`finds in a ${kind} thread what it finds outside in ${HERE}`, async () => {
      const program = "capabilities_in_thread.ts";
      const { code, stdout } = await runProgram({ program, args: [kind] });
      assertEquals(code, 0);
      assertEquals(JSON.parse(stdout), await capabilities());
    });
  }

  if (HERE === "deno") {
    it("needs no permission in deno", async () => {
      const program = "capabilities_alone.ts";
      const { stdout, stderr } = await runProgram({ program, flags: [] });
      assertEquals(stderr, "");
      assertEquals(JSON.parse(stdout), await capabilities());
    });
  }

  if (HERE.startsWith("node")) {
    it(`finds no threads where their permission is missing in ${HERE}`, async () => {
      const { stdout } = await runProgram({
        program: "capabilities_alone.ts",
        flags: ["--permission", "--allow-fs-read=*"],
      });
      assertObjectMatch(JSON.parse(stdout), {
        runtime: "node",
        threads: "none",
        sharedMemory: false,
        asyncWait: false,
        blockingWait: true,
      });
    });
  }
});
