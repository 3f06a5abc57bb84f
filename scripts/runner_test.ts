import { describe, it } from "@std/testing/bdd";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { judge } from "./_junit.ts";
import { parseSummary, summaryLine } from "./_outcome.ts";
import { ROOT } from "./_files.ts";
import { type Finished, run } from "./_process.ts";
import { runSuite } from "./_run_suite.ts";
import { checkTypeTests } from "./_type_tests.ts";

const DENO_REPORT = `<testsuite name="a" tests="3" failures="1">
  <testcase name="a &gt; b" time="0.1"></testcase>
  <testcase name="a &gt; broken"><failure message="no">&lt;skipped/&gt;</failure></testcase>
  <testcase name="a &gt; later (no server)"><skipped/></testcase>
</testsuite>`;
const NODE_REPORT = `<testsuites>
	<testcase name="a > b" time="0.1"/>
	<testcase name="a > later" time="0.1">
		<skipped type="skipped" message="true"/>
	</testcase>
	<!-- skipped 1 -->
</testsuites>`;

describe("judge()", () => {
  it("counts what passed, failed and was skipped", () => {
    const { passed, failed, skipped } = judge(DENO_REPORT, ended(1));
    assertEquals([passed, failed, skipped], [1, 1, ["a > later (no server)"]]);
  });

  it("reads elements without a closing tag", () => {
    const { passed, failed, skipped } = judge(NODE_REPORT, ended(0));
    assertEquals([passed, failed, skipped], [1, 0, ["a > later"]]);
  });

  it("takes a bad exit without a failed test for a failure", () => {
    const { failed, output } = judge(NODE_REPORT, ended(1));
    assertEquals(failed, 1);
    assertStringIncludes(output, "Exit code 1");
  });

  it("takes a run without any test for a failure", () => {
    assertEquals(judge("", ended(0)).failed, 1);
    assertEquals(judge(undefined, ended(0)).failed, 1);
  });
});

describe("run()", () => {
  it("stops a process whose time is over", async () => {
    const forever = [
      Deno.execPath(),
      "eval",
      "await new Promise(() => setInterval(() => {}, 9e5))",
    ];
    const { code, output } = await run(forever, { timeLimit: 200 });
    assertEquals(code, 1);
    assertStringIncludes(output, "stopped after 0.2 s");
  });

  it("starts in the repository", async () => {
    const { stdout } = await run([Deno.execPath(), "eval", "console.log(Deno.cwd())"]);
    assertEquals(stdout.trim(), ROOT);
  });
});

describe("parseSummary()", () => {
  it("takes the last summary line", () => {
    const output = `${summaryLine(1, 2, 3)}\nmore\n${summaryLine(4, 5, 6)}\n`;
    assertEquals(parseSummary(output), { passed: 4, failed: 5, skipped: 6 });
  });

  it("wants the line to stand alone", () => {
    assertEquals(parseSummary("ok: 1 passed, 0 failed, 0 skipped"), undefined);
  });
});

describe("runSuite()", () => {
  const planted = (path: string) => ({ name: "planted", path: `scripts/testdata/${path}` });

  it("sees what passed, failed, leaked and was skipped", async () => {
    const suite = { ...planted("mixed.ts"), sanitize: true };
    const { passed, failed, skipped, output } = await runSuite(suite, "deno", false);
    assertEquals([passed, failed], [1, 2]);
    assertEquals(skipped, ["planted > is skipped (no reason)"]);
    assertStringIncludes(output, "A timer was started");
  });

  it("sees a file that cannot be loaded", async () => {
    const { passed, failed, output } = await runSuite(planted("broken.ts"), "deno", false);
    assertEquals([passed, failed], [0, 1]);
    assertStringIncludes(output, "broken at its top");
  });
});

describe("deno task test", () => {
  const SCRIPT = [Deno.execPath(), "run", "-A", "--no-lock", "scripts/test.ts"];

  it("says how it is called when asked, and when it is called otherwise", async () => {
    const asked = await run([...SCRIPT, "--help"]);
    assertEquals(asked.code, 0);
    assertStringIncludes(asked.stdout, "--only <suite>");
    const { code, output } = await run([...SCRIPT, "--onyl", "core"]);
    assertEquals(code, 2);
    assertStringIncludes(output, asked.stdout.trim());
    assertEquals(output.includes("at file:"), false);
  });
});

describe("checkTypeTests()", () => {
  it("fails the file whose types do not hold, and no other", async () => {
    const folder = await Deno.makeTempDir({ prefix: "beat-types-" });
    try {
      const files = [`${folder}/right.ts`, `${folder}/wrong.ts`];
      await Deno.writeTextFile(
        files[0]!,
        "// @ts-expect-error: no number\nexport const a: number = '';",
      );
      await Deno.writeTextFile(
        files[1]!,
        "// @ts-expect-error: no number\nexport const a: string = '';",
      );
      const { passed, failed, output } = await checkTypeTests(files);
      assertEquals([passed, failed], [1, 1]);
      assertStringIncludes(output, "TS2578");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});

function ended(code: number): Finished {
  return { code, output: "", stdout: "" };
}
