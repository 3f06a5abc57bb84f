import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";

/** Words that let a runtime run a script of TypeScript. */
const WORDS = "Deno" in globalThis
  ? ["run", "-A", "--quiet", "--no-check", "--lock=scripts/tools.lock"]
  : [];

/** A process on the same runtime, to be killed. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  #output = "";
  #look: () => void = () => {};

  /** Runs a script with some words. */
  constructor(script: URL, words: readonly string[]) {
    const args = [...WORDS, decodeURIComponent(script.pathname), ...words];
    this.#process = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#exited = new Promise((resolve) => this.#process.on("exit", () => resolve()));
    this.#process.stdout!.on("data", (data) => {
      this.#output += String(data);
      this.#look();
    });
  }

  /** Resolves when it has written something, to all that it has written. */
  async says(text: string): Promise<string> {
    const heard = new Promise<void>((resolve) => {
      this.#look = () => this.#output.includes(text) && resolve();
      this.#look();
    });
    const ended = this.#exited.then(() => {
      throw new Error(`The process ended before it said '${text}': ${this.#output}`);
    });
    await Promise.race([heard, ended]);
    return this.#output;
  }

  /** Ends it without asking. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#exited;
  }
}
