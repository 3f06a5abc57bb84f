import { run } from "../_process.ts";
import { findPackaged } from "./_debian.ts";
import type { Place, Server } from "./_server.ts";

const USER = "root";

/** MariaDB; every commit is on the disk before it is confirmed. */
export const mariadb: Server = {
  name: "mariadb",
  variable: "BEAT_MARIADB_URL",
  stopSignal: "SIGTERM",

  find: (install) => findPackaged("mariadb-server", () => ["/usr/sbin/mariadbd"], install),

  async prepare(_program, place) {
    const { code, output } = await run([
      "mariadb-install-db",
      "--no-defaults",
      `--user=${USER}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      `--datadir=${dataOf(place)}`,
    ]);
    if (code !== 0) throw new Error(`mariadb-install-db failed: ${output.trim()}`);
  },

  command: (program, place) => [
    program,
    "--no-defaults",
    `--user=${USER}`,
    `--datadir=${dataOf(place)}`,
    `--socket=${place.folder}/mariadb.sock`,
    `--pid-file=${place.folder}/mariadb.pid`,
    "--bind-address=127.0.0.1",
    `--port=${place.port}`,
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-size=64M",
    // One test of the conformance suite opens a hundred.
    "--max-connections=400",
  ],

  async isReady(_program, { folder }) {
    const command = ["mariadb-admin", "--no-defaults", `--socket=${folder}/mariadb.sock`];
    return (await run([...command, `--user=${USER}`, "ping"])).code === 0;
  },

  url: ({ port }) => `mysql://${USER}@127.0.0.1:${port}/mysql`,
};

function dataOf({ folder }: Place): string {
  return `${folder}/data`;
}
