import { execFile } from "node:child_process";
import process from "node:process";
import { it } from "@std/testing/bdd";

/** A server that `scripts/services.ts` has started, or somebody else. */
export interface TestService {
  /** Where it is. */
  readonly url: string;
  /** Stops it as a crash would, and starts it with what it has stored; only if it was started here. */
  readonly restart: ((whileDown?: () => Promise<void>) => Promise<void>) | undefined;
  /** Ends it in good order, and starts it with what it has stored; only if it was started here. */
  readonly renew: (() => Promise<void>) | undefined;
  /** Has it stand still with open connections until it is told to go on; only if it was started here. */
  readonly freeze: (() => Promise<() => Promise<void>>) | undefined;
}

/**
 * Registers tests against a server that the environment names; without it, one test is skipped that says
 * which variable was missing.
 */
export function withService(
  name: string,
  variable: string,
  register: (service: TestService) => void,
): void {
  const url = process.env[variable];
  if (url === undefined || url === "") {
    it.skip(`skipped as ${variable} is not set: \`deno task services up ${name}\` tells it`, () => {});
    return;
  }
  const deno = process.env.BEAT_DENO;
  const own = deno === undefined
    ? { restart: undefined, renew: undefined, freeze: undefined }
    : { restart, renew: () => tell("restart"), freeze };
  register({ url, ...own });

  async function restart(whileDown: () => Promise<void> = () => Promise.resolve()) {
    await tell("kill");
    try {
      await whileDown();
    } finally {
      await tell("up");
    }
  }

  async function freeze() {
    await tell("freeze");
    return () => tell("thaw");
  }

  function tell(word: string): Promise<void> {
    return "Deno" in globalThis ? tellHere(word, name) : tellBy(deno!, word, name);
  }
}

/** What starts and stops servers is a program of Deno, which needs no process of its own there. */
async function tellHere(word: string, name: string): Promise<void> {
  const [{ command }, { findServer }] = await Promise.all([
    import("../../scripts/_service_commands.ts"),
    import("../../scripts/_services.ts"),
  ]);
  const lines: string[] = [];
  const away = await command(word, [findServer(name)], (line) => lines.push(line));
  if (away.length > 0) throw new Error(`${word} failed: ${lines.join(", ")}`);
}

function tellBy(deno: string, word: string, name: string): Promise<void> {
  const script = ["run", "-A", "--no-check", "--lock=scripts/tools.lock", "scripts/services.ts"];
  return new Promise((resolve, reject) => {
    execFile(deno, [...script, word, name], (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`${word} failed: ${stdout}${stderr}`, { cause: error }));
    });
  });
}
