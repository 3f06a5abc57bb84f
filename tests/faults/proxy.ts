import { connect, createServer, type Server, type Socket } from "node:net";

/** Bytes of one direction of a connection. */
interface Pipe {
  readonly from: Socket;
  readonly to: Socket;
}

/** A network that fails on demand: it stands between a client and a server on this machine. */
export class Proxy {
  readonly #target: URL;
  readonly #server: Server;
  readonly #pipes = new Set<Pipe>();
  #isFrozen = false;
  #delay = 0;
  #port = 0;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
    // It must not keep the tests from ending.
    this.#server.unref();
  }

  /** Opens a proxy in front of the server that a URL names. */
  static async open(target: string): Promise<Proxy> {
    const proxy = new Proxy(new URL(target));
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    const address = proxy.#server.address();
    if (address !== null && typeof address === "object") proxy.#port = address.port;
    return proxy;
  }

  /** The URL of the server, as clients of the proxy have to say it. */
  get url(): string {
    const url = new URL(this.#target);
    url.port = String(this.#port);
    return url.href;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#pipes.size / 2;
  }

  /** Keeps what comes, in both directions, without ending a connection; what it returns lets it through. */
  freeze(): () => void {
    this.#isFrozen = true;
    for (const { from } of this.#pipes) from.pause();
    return () => {
      this.#isFrozen = false;
      for (const { from } of this.#pipes) from.resume();
    };
  }

  /** Lets what comes through only after some milliseconds, in both directions. */
  slowDown(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** Ends all connections as a broken cable would. */
  cut(): void {
    for (const { from } of [...this.#pipes]) from.destroy();
  }

  /** Ends everything. */
  close(): Promise<void> {
    this.cut();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname);
    this.#pipe({ from: client, to: server });
    this.#pipe({ from: server, to: client });
  }

  #pipe(pipe: Pipe): void {
    const { from, to } = pipe;
    this.#pipes.add(pipe);
    if (this.#isFrozen) from.pause();
    from.setNoDelay(true);
    from.on("data", (data) => {
      // Timers of the same length end in the order in which they began.
      if (this.#delay === 0) to.write(data);
      else setTimeout(() => to.write(data), this.#delay);
    });
    from.on("error", () => {});
    from.on("close", () => {
      this.#pipes.delete(pipe);
      to.destroy();
    });
  }
}
