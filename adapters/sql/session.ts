import type { Plan, SqlConnection, SqlRow, SqlSession, Statement } from "./contracts.ts";

/** Executes a plan; what it returns is a promise only where the session's rows are. */
export function run<T>(session: SqlSession, plan: Plan<T>): T | Promise<T> {
  let step = plan.next();
  while (!step.done) {
    const [sql, values = []] = step.value;
    const rows = session.query(sql, values);
    if (rows instanceof Promise) return finish(session, plan, rows);
    step = plan.next(rows);
  }
  return step.value;
}

/** Executes a plan in a transaction of its own. */
export async function transact<T>(connection: SqlConnection, plan: () => Plan<T>): Promise<T> {
  return await connection.transaction((session) => run(session, plan()));
}

/** Executes a plan of one statement, or a claim, in a transaction of its own where it needs one. */
export async function execute<T>(connection: SqlConnection, plan: () => Plan<T>): Promise<T> {
  const { isWrapped } = connection.dialect;
  return isWrapped ? await transact(connection, plan) : await run(connection, plan());
}

/** Executes a plan in a transaction of its own, unless the database has it as one statement. */
export async function atomically<T>(connection: SqlConnection, plan: () => Plan<T>): Promise<T> {
  const { isConcise } = connection.dialect;
  return isConcise ? await run(connection, plan()) : await transact(connection, plan);
}

/** Executes one statement in a transaction of its own, unless the database needs none for it. */
export async function executeAlone(
  connection: SqlConnection,
  [sql, values = []]: Statement,
): Promise<readonly SqlRow[]> {
  if (connection.alone !== undefined) return await connection.alone(sql, values);
  // Without a plan, which is a quarter of what it costs to publish one message.
  if (connection.dialect.isConcise) return await connection.query(sql, values);
  return await transact(connection, function* (): Plan<readonly SqlRow[]> {
    return yield [sql, values];
  });
}

async function finish<T>(
  session: SqlSession,
  plan: Plan<T>,
  first: Promise<readonly SqlRow[]>,
): Promise<T> {
  let step = plan.next(await first);
  while (!step.done) {
    const [sql, values = []] = step.value;
    step = plan.next(await session.query(sql, values));
  }
  return step.value;
}
