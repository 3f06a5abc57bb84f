import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import process from "node:process";

/** A user, whose password is his name. */
export type User = "boss" | "guest";

/** A server of its own that lets in only who it is told to. */
export class GuardedServer {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #folder: string;
  readonly #port: number;

  private constructor(program: string, folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.#write(["boss", "guest"]);
    this.#process = spawn(program, ["--config", this.#config], { stdio: "ignore" });
    this.#exited = new Promise((resolve) => this.#process.on("exit", resolve));
  }

  /** Starts a server; whoever connects first has to wait for it. */
  static async start(program: string): Promise<GuardedServer> {
    return new GuardedServer(program, mkdtempSync(`${tmpdir()}/beat-nats-`), await free());
  }

  /** Where a user connects. */
  url(user: User): string {
    return `nats://${user}:${user}@127.0.0.1:${this.#port}`;
  }

  /** Lets in these, and sends away all others. */
  admit(...users: readonly User[]): void {
    this.#write(users);
    this.#signal("SIGHUP");
  }

  /** Ends it, with what it has stored. */
  async end(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#exited;
    rmSync(this.#folder, { recursive: true });
  }

  /** Deno sends one signal only by the process itself. */
  #signal(name: "SIGHUP" | "SIGKILL"): void {
    process.kill(this.#process.pid!, name);
  }

  get #config(): string {
    return `${this.#folder}/nats.conf`;
  }

  #write(users: readonly User[]): void {
    const list = users.map((user) => `{ user: ${user}, password: ${user} }`).join(", ");
    writeFileSync(
      this.#config,
      `host: 127.0.0.1
port: ${this.#port}
jetstream { store_dir: "${this.#folder}" }
authorization { users: [${list}] }
`,
    );
  }
}

/** A port that nobody has. */
function free(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address!.port : 0));
    });
  });
}
