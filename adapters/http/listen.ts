import { checkOptions, type Rules } from "@beat/beat/transport";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { findSockets } from "./socket_poster.ts";

/** Where `listen` listens. */
export interface ListenOptions {
  /** The port; 0 is any free one. @default {0} */
  port?: number;
  /** The address; `"0.0.0.0"` is all of this machine's. @default {"127.0.0.1"} */
  hostname?: string;
}

/** A receiver that is served. */
export interface WebhookListener {
  /** The port, also where any free one was asked for. */
  readonly port: number;
  /** The base of its addresses: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no more connections, and resolves when the requests that are under way are answered. */
  close(): Promise<void>;
}

/** Answers a request. */
export type Fetch = (request: Request) => Response | Promise<Response>;

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}

/** A server, as this module uses those of all runtimes. */
interface Served {
  readonly port: number;
  close(): Promise<void>;
}

const RULES: Rules = {
  port: ["an integer from 0 to 65535", "number", isPort],
  hostname: ["a text that is not empty", "string", (value: string) => value !== ""],
};

/**
 * Serves requests alone on a port.
 *
 * @throws {TypeError | RangeError} If an option is malformed.
 * @throws {Error} If the port is taken, or this platform has no servers.
 */
export async function serve(fetch: Fetch, options: ListenOptions = {}): Promise<WebhookListener> {
  checkOptions("listen", options, RULES);
  const { port = 0, hostname = "127.0.0.1" } = options;
  const served = await start(fetch, port, hostname);
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  let closed: Promise<void> | undefined;
  return {
    port: served.port,
    url: `http://${host}:${served.port}`,
    close: () => closed ??= served.close(),
  };
}

function start(fetch: Fetch, port: number, hostname: string): Promise<Served> {
  const { Deno, Bun } = globalThis as { Deno?: DenoServers; Bun?: BunServers };
  if (Deno !== undefined) return startDeno(Deno, fetch, port, hostname);
  if (Bun !== undefined) return startBun(Bun, fetch, port, hostname);
  if (findSockets() !== undefined) return startNode(fetch, port, hostname);
  throw new Error("Cannot listen as this platform has no servers: export the 'fetch' instead");
}

/** What is used of Deno, by shape: who compiles for Node has no types of it. */
interface DenoServers {
  serve(
    options: { port: number; hostname: string; onListen(): void },
    fetch: Fetch,
  ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
}

// deno-lint-ignore require-await -- What it throws must be a rejection.
async function startDeno(
  deno: DenoServers,
  fetch: Fetch,
  port: number,
  hostname: string,
): Promise<Served> {
  const server = deno.serve({ port, hostname, onListen: () => {} }, fetch);
  return { port: server.addr.port, close: () => server.shutdown() };
}

/** What is used of Bun. */
interface BunServers {
  serve(
    options: { port: number; hostname: string; idleTimeout: number; fetch: Fetch },
  ): { readonly port: number; stop(): Promise<void> };
}

/** Seconds, the most that Bun takes: within its own 10 s the answer would be late. */
const BUN_IDLE = 255;

// deno-lint-ignore require-await -- What it throws must be a rejection.
async function startBun(
  bun: BunServers,
  fetch: Fetch,
  port: number,
  hostname: string,
): Promise<Served> {
  const server = bun.serve({ port, hostname, idleTimeout: BUN_IDLE, fetch });
  return { port: server.port, close: () => server.stop() };
}

async function startNode(fetch: Fetch, port: number, hostname: string): Promise<Served> {
  const { createAdaptorServer } = await import("@hono/node-server");
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server;
  const answering = new Set<ServerResponse>();
  server.prependListener("request", (_request, response: ServerResponse) => {
    // A sender that goes on with its connection would keep the server open for ever.
    response.shouldKeepAlive &&= server.listening;
    answering.add(response);
    response.once("close", () => answering.delete(response));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        for (const response of answering) response.shouldKeepAlive = false;
      }),
  };
}
