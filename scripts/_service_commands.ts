import { down, freeze, kill, restart, type Service, status, thaw, up } from "./_services.ts";
import type { Server } from "./services/_server.ts";

/** What can be done to a server, by the words of the command line; tells where it is then. */
export const COMMANDS: Record<string, (server: Server) => Promise<Service> | Service> = {
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

/** The commands after which a server is there, or they have failed. */
const STARTING = ["up", "restart"];

/**
 * Does something to servers, one after the other, and says where each is then; resolves with the names of
 * those that should be there and are not.
 */
export async function command(
  word: string,
  servers: readonly Server[],
  say: (line: string) => void = () => {},
): Promise<string[]> {
  const away: string[] = [];
  for (const server of servers) {
    const service = await COMMANDS[word]!(server);
    if ("url" in service) say(`${server.variable}=${service.url}`);
    else {
      say(`# ${server.name}: ${service.missing}`);
      if (STARTING.includes(word)) away.push(server.name);
    }
  }
  return away;
}
