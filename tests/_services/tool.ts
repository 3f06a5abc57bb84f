import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";

/** Where tools are, beside what the environment says. */
const FOLDERS = ["/usr/bin", "/usr/local/bin"];

/** A program that comes with a server. */
export class Tool {
  readonly #program: string;

  private constructor(program: string) {
    this.#program = program;
  }

  /** Finds the first of some programs; `undefined` where there is none. */
  static find(...names: readonly string[]): Tool | undefined {
    const folders = [...(process.env.PATH ?? "").split(":"), ...FOLDERS];
    const found = names.flatMap((name) => folders.map((folder) => `${folder}/${name}`))
      .find((path) => existsSync(path));
    return found === undefined ? undefined : new Tool(found);
  }

  /** Runs it; resolves with the lines that it has written. */
  run(...words: readonly string[]): Promise<string[]> {
    return new Promise((resolve, reject) => {
      execFile(this.#program, words, (error, stdout, stderr) => {
        if (error === null) resolve(stdout.trimEnd().split("\n"));
        else reject(new Error(`${this.#program} failed: ${stdout}${stderr}`, { cause: error }));
      });
    });
  }
}
