import process from "node:process";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { loadDeliveries } from "../../examples/demo/deliveries.ts";
import { type Engine, ENGINES } from "../../examples/demo/engines.ts";
import { main } from "../../examples/demo/main.ts";
import { type Pass, runPass } from "../../examples/demo/pass.ts";
import { openTerminal } from "../../examples/demo/terminal.ts";
import { checksOf, faultsIn } from "../../examples/demo/verdict.ts";
import { runProgram } from "./_program.ts";

const ROUNDS = 3;

/** The rows of each of the two tables after three rounds, without their times. */
const ROWS = [
  "github.*.created fails every 7th 192 165 27",
  "** met 14 people 987 987 0",
  "github.* 12 kinds of event 129 129 0",
  "github.push 1 commit 21 21 0",
  "github.issues.* 3 open issues 87 87 0",
  "github.issues.opened 1 title 12 12 0",
  "github.**.opened async, 2 digests 24 24 0",
  "total 7 subscribers 1,452 1,425 27",
];

describe("demo, the program", () => {
  it("exits with 0 and shows what every subscriber got of 329 deliveries", async () => {
    const { code, stdout, stderr } = await runProgram(
      "examples/demo.ts",
      "--only",
      "bus",
      "--rounds",
      `${ROUNDS}`,
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertStringIncludes(stdout, "329 real GitHub webhooks of 161 topics, 3 rounds each\n");
    assertEquals(rowsIn(stdout), [...ROWS, ...ROWS]);
    assertEquals(stdout.match(/^987 events in \d+ ms, settled: [\d,]+ events\/s$/gm)?.length, 2);
    assert(stdout.endsWith("✓ all 54 counts agree with the payloads\n"));
  });

  it("prints plain lines of at most 80 columns where nobody looks", async () => {
    const { stdout } = await runProgram("examples/demo.ts", "--rounds", "1");
    // deno-lint-ignore no-control-regex -- what is looked for is a control character
    assertEquals(/[\x1b\r]/.test(stdout), false);
    assertEquals(stdout.split("\n").filter((line) => line.length > 80), []);
  });

  for (const rounds of ["0", "ten", "1.5", "-1", "10001", ""]) {
    it(`exits with 2 and says why '${rounds}' are no rounds`, async () => {
      const { code, stdout } = await runProgram("examples/demo.ts", `--rounds=${rounds}`);
      assertEquals(code, 2);
      assertStringIncludes(
        stdout,
        `'--rounds' must be a whole number from 1 to 10,000: current value is '${rounds}'\n`,
      );
    });
  }

  it("exits with 2 on an option that it does not know", async () => {
    const { code, stdout } = await runProgram("examples/demo.ts", "--fast");
    assertEquals(code, 2);
    assertStringIncludes(stdout, "--fast");
    assertStringIncludes(stdout, "--rounds N");
  });

  it("tells its options with --help", async () => {
    const { code, stdout } = await runProgram("examples/demo.ts", "--help");
    assertEquals(code, 0);
    assertStringIncludes(stdout, "--rounds N");
  });
});

describe("demo, the threads", () => {
  for (const threads of ["1", "2"]) {
    it(`handle all but the one that kills its thread, with --threads ${threads}`, async () => {
      const { code, stdout, stderr } = await runProgram("examples/demo.ts", "--threads", threads);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertStringIncludes(
        stdout,
        "handled once: 3,289 · twice: 0 · in doubt: no. 1,646 · lost: 0\n",
      );
      assertEquals(stdout.match(/^\d +(lived|died once) /gm)?.length, Number(threads));
      assertEquals(
        stdout.match(/^a thread died; the next one in its place served [\d.]+ ms later$/gm)?.length,
        1,
      );
      assert(stdout.endsWith("✓ all 11 checks of the threads hold\n"));
    });
  }

  it("fail their checks where a thread loses deliveries, and the demo exits with 1", async () => {
    const handlers = new URL("./testdata/losing_handlers.ts", import.meta.url);
    let text = "";
    const output = { write: (part: string) => text += part };
    assertEquals(await main(["--threads", "1"], output, { handlers }), 1);
    assertEquals(faultLines(text).slice(0, 4), [
      "✗ threads, handled once: 2961 instead of 3289",
      "✗ threads, neither handled nor named: 329 instead of 0",
      "✗ threads, named as in doubt:  instead of 1646",
      "✗ threads, digests that differ: 2961 instead of 0",
    ]);
  });

  for (const threads of ["0", "two", "9", ""]) {
    it(`are not started with --threads=${threads}`, async () => {
      const { code, stdout } = await runProgram("examples/demo.ts", `--threads=${threads}`);
      assertEquals(code, 2);
      assertStringIncludes(
        stdout,
        `'--threads' must be a whole number from 1 to 8: current value is '${threads}'\n`,
      );
    });
  }
});

// The program passes the result of `main` on as its exit code: 2 is seen above, 1 takes a bus that
// does not do its job.
describe("demo, the exit code of a run", () => {
  it("is 1 where events are lost, and the counts that are off are named", async () => {
    for (const engine of ENGINES) {
      const { code, text } = await runMain([losing(engine, "github.push")]);
      assertEquals(code, 1);
      const name = engine.name;
      assertEquals(faultLines(text), [
        `✗ ${name}, ** delivered: 322 instead of 329`,
        `✗ ${name}, ** handled: 322 instead of 329`,
        `✗ ${name}, github.* delivered: 36 instead of 43`,
        `✗ ${name}, github.* handled: 36 instead of 43`,
        `✗ ${name}, github.push delivered: 0 instead of 7`,
        `✗ ${name}, github.push handled: 0 instead of 7`,
        `✗ ${name}, stats().emitted: 322 instead of 329`,
        `✗ ${name}, stats().processed: 322 instead of 329`,
        "✗ 8 of 27 counts are off",
      ]);
    }
  });

  it("is 1 where failures are not reported", async () => {
    for (const engine of ENGINES) {
      const { code, text } = await runMain([{ ...engine, open: () => engine.open(() => {}) }]);
      assertEquals(code, 1);
      assertEquals(faultLines(text), [
        `✗ ${engine.name}, failures reported: 0 instead of 9`,
        "✗ 1 of 27 counts are off",
      ]);
    }
  });

  it("is 1 where only one of several engines is at fault", async () => {
    const { code } = await runMain([ENGINES[0], losing(ENGINES[1], "github.push"), ENGINES[0]]);
    assertEquals(code, 1);
  });

  it("is 0 where nothing is wrong", async () => {
    const { code, text } = await runMain(ENGINES);
    assertEquals(code, 0);
    assertEquals(faultLines(text), []);
  });
});

describe("demo, the verdict", () => {
  it("finds every single count that is off by one", async () => {
    const deliveries = loadDeliveries();
    const pass = await runPass(ENGINES[0], deliveries, 1, () => {});
    const faults = () => faultsIn(checksOf(pass, deliveries, 1)).map(({ name }) => name);
    assertEquals(faults(), []);
    for (const { books, count, name } of countsOf(pass)) {
      books[count]++;
      assertEquals(faults(), [name]);
      books[count] -= 2;
      assertEquals(faults(), [name]);
      books[count]++;
    }
    assertEquals(faults(), []);
  });
});

describe("demo, the terminal", () => {
  it("is coloured for a person only, and not against NO_COLOR or on a dumb terminal", () => {
    const painted = (isTTY: boolean, env: Record<string, string>) =>
      withEnvironment(env, () => openTerminal({ write() {}, isTTY }).paint("red", "x"));
    assertEquals(painted(true, {}), "\x1b[31mx\x1b[0m");
    assertEquals(painted(true, { NO_COLOR: "1" }), "x");
    assertEquals(painted(true, { TERM: "dumb" }), "x");
    assertEquals(painted(false, {}), "x");
  });

  it("shows a bar for what takes longer than a blink, and takes it away", async () => {
    const live = await drawBar(true);
    assertEquals(live.atOnce, "");
    assertEquals(live.later, `\r\x1b[Kjob ${"━".repeat(20)}${"─".repeat(20)} 50 %\r\x1b[K`);
    assertEquals(await drawBar(false), { atOnce: "", later: "" });
  });
});

/** The same engine, which never sends one type of event. */
function losing(engine: Engine, type: string): Engine {
  return {
    ...engine,
    open(onError) {
      const { bus, send } = engine.open(onError);
      return { bus, send: (event) => event.type === type ? undefined : send(event) };
    },
  };
}

async function runMain(engines: Engine[]): Promise<{ code: number; text: string }> {
  let text = "";
  const code = await main(
    ["--only", "bus", "--rounds", "1"],
    { write: (part) => text += part },
    { engines },
  );
  return { code, text };
}

function rowsIn(stdout: string): string[] {
  return stdout.split("\n")
    .filter((line) => /^(\*\*|github\.|total)/.test(line))
    .map((line) => line.replace(/\s+[\d,]+ ms$/, "").replace(/\s+/g, " "));
}

function faultLines(text: string): string[] {
  return text.split("\n").filter((line) => line.startsWith("✗"));
}

/** Every count of a pass that is checked, where it stands and what its check is called. */
function countsOf(pass: Pass): { books: Record<string, number>; count: string; name: string }[] {
  const books = (object: object) => object as Record<string, number>;
  return [
    ...pass.subscribers.flatMap(({ pattern, tally }) =>
      ["delivered", "handled", "failed"].map((count) => ({
        books: books(tally),
        count,
        name: `${pattern} ${count}`,
      }))
    ),
    ...["emitted", "processed", "failed", "dropped", "depth"].map((count) => ({
      books: books(pass.stats),
      count,
      name: `stats().${count}`,
    })),
    { books: books(pass), count: "reported", name: "failures reported" },
  ];
}

/** Runs `body` with these values of NO_COLOR and TERM. */
function withEnvironment<T>(env: Record<string, string>, body: () => T): T {
  const names = ["NO_COLOR", "TERM"];
  const before = names.map((name) => process.env[name]);
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const name of names) set(name, env[name]);
  try {
    return body();
  } finally {
    names.forEach((name, at) => set(name, before[at]));
  }
}

async function drawBar(isTTY: boolean): Promise<{ atOnce: string; later: string }> {
  let written = "";
  const output = { isTTY, write: (part: string) => written += part };
  const terminal = withEnvironment({ NO_COLOR: "1" }, () => openTerminal(output));
  const progress = terminal.progress("job");
  progress(0);
  const atOnce = written;
  await new Promise((resolve) => setTimeout(resolve, 200));
  progress(0.5);
  terminal.endProgress();
  return { atOnce, later: written };
}
