import type { SqlConnection } from "../mod.ts";

/** A user of a database who may be sent away. */
export interface User {
  /** Where he connects. */
  readonly url: string;
  /** Lets him in no more, and ends his connections. */
  revoke(): Promise<void>;
  /** Whether who connects from now on by his name may write. */
  mayWrite(may: boolean): Promise<void>;
  /** Removes him. */
  remove(): Promise<void>;
}

const PASSWORD = "secret";

/** Makes a user of a server who may do everything with the tables that are there. */
export async function makeUser(
  connection: SqlConnection,
  url: string,
  name: string,
): Promise<User> {
  const where = new URL(url);
  where.username = name;
  where.password = PASSWORD;
  const run = async (...statements: readonly string[]) => {
    for (const statement of statements) await connection.query(statement, []);
  };
  const user = connection.dialect.name === "postgres" ? postgres(name) : mariadb(name);
  await run(...user.make);
  return {
    url: where.href,
    async revoke() {
      await run(...user.revoke);
      const own = await connection.query(user.connections, []);
      for (const { id } of own) {
        // One of them may have gone meanwhile.
        await Promise.resolve(connection.query(user.end(Number(id)), [])).catch(() => {});
      }
    },
    mayWrite: (may) => run(user.mayWrite(may)),
    remove: () => run(...user.remove),
  };
}

function postgres(name: string) {
  return {
    make: [
      `CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}'`,
      `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${name}`,
    ],
    revoke: [`ALTER ROLE ${name} NOLOGIN`],
    connections: `SELECT pid AS id FROM pg_stat_activity WHERE usename = '${name}'`,
    end: (id: number) => `SELECT pg_terminate_backend(${id})`,
    mayWrite: (may: boolean) =>
      `ALTER ROLE ${name} SET default_transaction_read_only = ${may ? "off" : "on"}`,
    remove: [`DROP OWNED BY ${name}`, `DROP ROLE ${name}`],
  };
}

function mariadb(name: string) {
  return {
    make: [
      `CREATE USER '${name}'@'%' IDENTIFIED BY '${PASSWORD}'`,
      `GRANT ALL ON beat_test.* TO '${name}'@'%'`,
    ],
    revoke: [`ALTER USER '${name}'@'%' ACCOUNT LOCK`],
    connections: `SELECT id FROM information_schema.processlist WHERE user = '${name}'`,
    end: (id: number) => `KILL ${id}`,
    // All users are meant, but not who made this one.
    mayWrite: (may: boolean) => `SET GLOBAL read_only = ${may ? 0 : 1}`,
    remove: [`DROP USER '${name}'@'%'`],
  };
}
