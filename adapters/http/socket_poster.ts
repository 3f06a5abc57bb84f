import type * as Dns from "node:dns";
import type * as Http from "node:http";
import type * as Https from "node:https";
import { CheckedAddresses } from "./addresses.ts";
import type { Endpoint } from "./endpoint.ts";
import { type Answer, Beginning, MAX_ANSWER, type Post, type Poster } from "./poster.ts";

/** The parts of Node that reach a socket. */
interface Sockets {
  readonly dns: typeof Dns;
  readonly http: typeof Http;
  readonly https: typeof Https;
}

/** `undefined` where connections cannot be directed to an address. */
export function findSockets(): Sockets | undefined {
  // workerd has these modules too, but fetches behind them by the host's name.
  if (globalThis.navigator?.userAgent === "Cloudflare-Workers") return undefined;
  const load = globalThis.process?.getBuiltinModule;
  if (load === undefined) return undefined;
  const [dns, http, https] = ["node:dns", "node:http", "node:https"].map((name) => load(name));
  return { dns, http, https } as Sockets;
}

/** The connections to one address. */
class Connections {
  readonly agent: Http.Agent;
  #open = 0;
  #isLeft = false;

  constructor(agent: Http.Agent) {
    this.agent = agent;
  }

  /** Does a request over one of them. */
  async use<Result>(request: () => Promise<Result>): Promise<Result> {
    this.#open++;
    try {
      return await request();
    } finally {
      this.#open--;
      this.#closeIfLeft();
    }
  }

  /** Closes them as soon as no request is under way. */
  leave(): void {
    this.#isLeft = true;
    this.#closeIfLeft();
  }

  #closeIfLeft(): void {
    if (this.#isLeft && this.#open === 0) this.agent.destroy();
  }
}

/**
 * Posts over connections to addresses that were checked: what the name resolves to later cannot lead
 * them elsewhere. Each address has connections of its own, and none goes through a proxy.
 */
export function socketPoster(
  endpoint: Endpoint,
  { dns, http, https }: Sockets,
  ca: string | undefined,
): Poster {
  const { hostname, isAddress, secure } = endpoint;
  const places = new Map<string, Connections>();
  const names = new CheckedAddresses(hostname, endpoint.allowed, async (name) => {
    const found = await dns.promises.lookup(name, { all: true });
    return found.map(({ address }) => address);
  });

  const connectionsTo = (address: string): Connections => {
    let found = places.get(address);
    if (found === undefined) {
      // An empty environment, because Deno would take a proxy from the real one.
      const options = { keepAlive: true, proxyEnv: {} };
      const agent = secure ? new https.Agent({ ...options, ca }) : new http.Agent(options);
      places.set(address, found = new Connections(agent));
    }
    return found;
  };

  const choose = async (attempt: number, signal: AbortSignal): Promise<string> => {
    if (isAddress) return hostname;
    const addresses = await unlessAborted(names.get(), signal);
    for (const [address, connections] of places) {
      if (addresses.includes(address)) continue;
      places.delete(address);
      connections.leave();
    }
    return addresses[(attempt - 1) % addresses.length]!;
  };

  return {
    async post(post, attempt, signal) {
      const address = await choose(attempt, signal);
      const connections = connectionsTo(address);
      const options = requestOptions(endpoint, post, address, connections.agent, signal);
      try {
        return await connections.use(() => exchange(secure ? https : http, options, post.body));
      } catch (error) {
        names.forget();
        throw error;
      }
    },
    close() {
      for (const { agent } of places.values()) agent.destroy();
      places.clear();
    },
  };
}

function requestOptions(
  { host, hostname, port, isAddress }: Endpoint,
  { target, headers, body }: Post,
  address: string,
  agent: Http.Agent,
  signal: AbortSignal,
): Https.RequestOptions {
  return {
    host: address,
    port,
    path: target,
    method: "POST",
    headers: { ...headers, host, "content-length": String(body.length) },
    agent,
    signal,
    // TLS names hosts, never addresses (RFC 6066, section 3).
    ...(!isAddress && { servername: hostname }),
  };
}

function exchange(
  { request }: typeof Http | typeof Https,
  options: Https.RequestOptions,
  body: Uint8Array,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined;
    const end = () => resolve(answer!);
    const sent = request(options, (response) => {
      const beginning = new Beginning();
      const retryAfter = response.headers["retry-after"];
      answer = { status: response.statusCode!, retryAfter, beginning };
      let size = 0;
      response.on("data", (chunk: Uint8Array) => {
        beginning.add(chunk);
        size += chunk.length;
        if (size > MAX_ANSWER) sent.destroy();
      });
      for (const event of ["end", "error", "close"]) response.on(event, end);
    });
    // Without this listener an answer that changes the protocol would be none at all, for ever.
    sent.on("upgrade", ({ statusCode }, socket) => {
      socket.destroy();
      resolve({ status: statusCode!, retryAfter: undefined, beginning: new Beginning() });
    });
    // However its body ends, an answer is known: also where it is the signal that ends it.
    sent.on("error", (error) => answer === undefined ? reject(error) : end());
    sent.end(body);
  });
}

function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
