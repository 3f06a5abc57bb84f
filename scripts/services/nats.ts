import { run } from "../_process.ts";
import { findPackaged, isFile } from "./_debian.ts";
import { answers } from "./_probe.ts";
import type { Found, Place, Server } from "./_server.ts";

/** A version that writes to the disk before it confirms; Debian's does not know how. */
const VERSION = "v2.15.2";
const MODULE = `github.com/nats-io/nats-server/v2@${VERSION}`;
const GO = ["/usr/local/go/bin/go", "/usr/bin/go"];
/** Milliseconds that Go may take to build it. */
const LIMIT = 600_000;

/** NATS with JetStream, as Debian has it. */
export const natsDebian: Server = {
  ...nats("nats-debian", "BEAT_NATS_DEBIAN_URL", ""),
  find: (install) => findPackaged("nats-server", () => ["/usr/sbin/nats-server"], install),
};

/** The newest NATS with JetStream; every write is on the disk before it is confirmed. */
export const natsNewest: Server = {
  ...nats("nats", "BEAT_NATS_URL", "  sync_interval: always\n"),
  find: findNewest,
};

/** The same as it is without settings: what it confirms is on the disk within two minutes. */
export const natsDefault: Server = {
  ...nats("nats-default", "BEAT_NATS_DEFAULT_URL", ""),
  find: findNewest,
};

function nats(name: string, variable: string, settings: string): Omit<Server, "find"> {
  return {
    name,
    variable,
    stopSignal: "SIGTERM",

    async prepare(_program, place) {
      await Deno.writeTextFile(configOf(place), config(place, settings));
    },

    command: (program, place) => [program, "--config", configOf(place)],

    isReady: (_program, { port }) => answers(port, "", "INFO "),

    url: ({ port }) => `nats://127.0.0.1:${port}`,
  };
}

function configOf({ folder }: Place): string {
  return `${folder}/nats.conf`;
}

function config({ folder, port }: Place, settings: string): string {
  return `host: 127.0.0.1
port: ${port}
jetstream {
  store_dir: "${folder}"
${settings}}
`;
}

async function findNewest(install: boolean): Promise<Found> {
  const folder = `${Deno.env.get("HOME") ?? ""}/.cache/beat/nats-server-${VERSION}`;
  const program = `${folder}/nats-server`;
  if (isFile(program)) return { program };
  if (!install) return { missing: `nats-server ${VERSION} is not installed` };
  const go = GO.find(isFile);
  if (go === undefined) {
    return { missing: `nats-server ${VERSION} needs Go, which is in none of ${GO.join(", ")}` };
  }
  const { code, output } = await run([go, "install", MODULE], {
    env: { GOBIN: folder, GOFLAGS: "-p=2" },
    timeLimit: LIMIT,
  });
  return code === 0 ? { program } : { missing: `go install ${MODULE} failed: ${output.trim()}` };
}
