import type { SqlConnection } from "./contracts.ts";

/** The database did not answer in time. */
export class SqlTimeoutError extends Error {
  /** Creates the error from the time in milliseconds. */
  constructor(timeout: number) {
    super(`The database did not answer within ${timeout} ms: what was asked for may still be done`);
    this.name = "SqlTimeoutError";
  }
}

/**
 * A connection each of whose calls ends in time: a client may wait for ever for a server that is gone
 * without a word, and a consumer would wait with it.
 */
export function withTimeout(connection: SqlConnection, timeout: number): SqlConnection {
  const { dialect, alone } = connection;
  return {
    dialect,
    query: (sql, values) => inTime(connection.query(sql, values), timeout),
    transaction: (work) => inTime(connection.transaction(work), timeout),
    ...(alone === undefined ? {} : {
      alone: (sql, values) => inTime(alone(sql, values), timeout) as ReturnType<typeof alone>,
    }),
  };
}

function inTime<T>(value: T | Promise<T>, timeout: number): T | Promise<T> {
  if (!(value instanceof Promise)) return value;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new SqlTimeoutError(timeout)), timeout);
    value.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
