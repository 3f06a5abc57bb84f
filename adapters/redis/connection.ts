import { ClosedError } from "@beat/beat/message";
import type { ConnectionEvent } from "@beat/beat/transport";
import type { RedisClient, RedisConnection } from "./client.ts";

/** What a command may carry. */
export type Argument = string | Uint8Array;

/** A command and what it carries. */
export type Command = [name: string, ...args: (Argument | number)[]];

/** What became of one of several commands. */
export type Reply = [error: Error | null, result: unknown];

/**
 * A connection of our own to the server of a client. It connects when it is used, and after a loss when
 * it is used again: nothing is sent twice, nothing waits for a server that is away.
 */
export class Connection {
  readonly #client: RedisConnection;
  readonly #ended = Promise.withResolvers<void>();
  readonly #onEvent: (event: ConnectionEvent) => void;
  #opening: Promise<void> | undefined;
  #closed = false;
  #wasReady = false;
  #cause: unknown;

  constructor(
    client: RedisClient,
    timeout: number,
    onEvent: (event: ConnectionEvent) => void = () => {},
  ) {
    this.#onEvent = onEvent;
    this.#client = client.duplicate({
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      keyPrefix: "",
      protocol: 3,
      replyMapping: "legacy",
      retryStrategy: null,
      autoResubscribe: false,
      connectTimeout: timeout,
      socketTimeout: timeout,
    });
    this.#client.on("error", (error: Error) => this.#cause = error);
    this.#client.on("ready", () => this.#connected());
    this.#client.on("end", () => this.#lost());
  }

  /** The client itself, for what only some need. */
  get client(): RedisConnection {
    return this.#client;
  }

  /** Resolves when commands can be sent. */
  async open(): Promise<void> {
    if (this.#closed) throw new ClosedError("send a command", "connection to Redis");
    if (this.#client.status === "ready") return;
    this.#opening ??= this.#connect().finally(() => this.#opening = undefined);
    await this.#opening;
  }

  /** @throws {Error} If it was lost, or never open: nothing can be sent now. */
  checkOpen(): void {
    if (this.#client.status === "ready") return;
    throw new Error("The connection to Redis was lost", { cause: this.#cause });
  }

  /** Sends a command. */
  async call(command: string, ...args: (Argument | number)[]): Promise<unknown> {
    if (this.#client.status !== "ready") await this.open();
    return await this.#client.callBuffer(command, args.map(toArgument));
  }

  /** Sends commands together; resolves with an error or a reply for each. */
  async callAll(commands: readonly Command[]): Promise<Reply[]> {
    if (this.#client.status !== "ready") await this.open();
    const [only] = commands;
    // One alone needs no pipeline, which costs more than the command.
    if (commands.length === 1) return [await this.#callOne(only!)];
    return await this.#client.pipeline([...commands]).exec() ?? [];
  }

  /** Runs a script. */
  run(script: string, keys: readonly string[], ...args: (Argument | number)[]): Promise<unknown> {
    return this.call("EVAL", script, keys.length, ...keys, ...args);
  }

  /** Resolves when it was closed, and nothing of it is left. */
  get closed(): Promise<void> {
    return this.#ended.promise;
  }

  /** Ends it; resolves when nothing of it is left. */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      const isOpen = !["wait", "end"].includes(this.#client.status);
      if (isOpen) this.#client.disconnect();
      else this.#ended.resolve();
    }
    return this.#ended.promise;
  }

  async #callOne([command, ...args]: Command): Promise<Reply> {
    try {
      return [null, await this.#client.callBuffer(command, args)];
    } catch (error) {
      return [error as Error, undefined];
    }
  }

  async #connect(): Promise<void> {
    this.#cause = undefined;
    try {
      await this.#client.connect();
    } catch (error) {
      // The client says that it is closed; what came before says why.
      throw this.#cause ?? error;
    }
  }

  #connected(): void {
    this.#onEvent({ kind: this.#wasReady ? "recovered" : "connected", at: Date.now() });
    this.#wasReady = true;
  }

  #lost(): void {
    if (this.#closed) this.#ended.resolve();
    else if (this.#wasReady) this.#onEvent({ kind: "lost", at: Date.now(), cause: this.#cause });
  }
}

function toArgument(value: Argument | number): Argument {
  return typeof value === "number" ? String(value) : value;
}
