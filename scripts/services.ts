/**
 * Starts and stops the servers that tests run against.
 *
 * ```sh
 * deno task services up redis postgres  # prints the variables that tell tests where they are
 * deno task services status
 * deno task services restart redis
 * deno task services kill redis         # as a crash would; `up` starts it with what it has stored
 * deno task services freeze redis       # its connections stay open; `thaw` lets it go on
 * deno task services down
 * ```
 *
 * Without names it is about all of them.
 *
 * @module
 */

import {
  down,
  findServer,
  freeze,
  kill,
  restart,
  SERVERS,
  type Service,
  status,
  thaw,
  up,
} from "./_services.ts";
import type { Server } from "./services/_server.ts";

const COMMANDS: Record<string, (server: Server) => Promise<Service> | Service> = {
  up: (server) => up(server, true),
  down: async (server) => ({ missing: await down(server) ? "down" : "was not up" }),
  status,
  restart,
  kill: async (server) => {
    await kill(server);
    return status(server);
  },
  freeze: (server) => {
    freeze(server);
    return status(server);
  },
  thaw: (server) => {
    thaw(server);
    return status(server);
  },
};

const [word = "", ...names] = Deno.args;
const command = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
if (command === undefined) {
  console.error(`Say one of ${Object.keys(COMMANDS).join(", ")}, and the names of servers`);
  Deno.exit(2);
}

let isMissing = false;
for (const server of names.length === 0 ? SERVERS : names.map(findServer)) {
  const service = await command(server);
  if ("url" in service) console.log(`${server.variable}=${service.url}`);
  else {
    console.log(`# ${server.name}: ${service.missing}`);
    isMissing ||= word === "up" || word === "restart";
  }
}
Deno.exit(isMissing && Deno.env.get("BEAT_REQUIRE_SERVICES") === "1" ? 1 : 0);
