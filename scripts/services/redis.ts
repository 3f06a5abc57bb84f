import { findPackaged } from "./_debian.ts";
import { answers } from "./_probe.ts";
import type { Server } from "./_server.ts";

/** Redis; every write is on the disk before it is confirmed. */
export const redis: Server = {
  name: "redis",
  variable: "BEAT_REDIS_URL",
  stopSignal: "SIGTERM",

  find: (install) => findPackaged("redis-server", () => ["/usr/bin/redis-server"], install),

  command: (program, { folder, port }) => [
    program,
    ...["--bind", "127.0.0.1", "--port", String(port), "--dir", folder],
    ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
    // The title would hide the words that tell this server from others.
    ...["--set-proc-title", "no"],
  ],

  isReady: (_program, { port }) => answers(port, "PING\r\n", "+PONG"),

  url: ({ port }) => `redis://127.0.0.1:${port}`,
};
