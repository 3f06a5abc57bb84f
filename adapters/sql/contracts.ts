import type { Rec, StartPosition } from "@beat/beat/message";
import type { Tables } from "./tables.ts";

/** What goes into a statement. */
export type SqlValue = string | number | Uint8Array | null;

/** A row, by the names of its columns. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** Where statements are executed: a pool, or one transaction. */
export interface SqlSession {
  /** How this database is spoken to. */
  readonly dialect: SqlDialect;
  /** Executes a statement that has a `?` for each value; what it returns are its rows. */
  query(
    sql: string,
    values: readonly SqlValue[],
  ): readonly SqlRow[] | Promise<readonly SqlRow[]>;
}

/** A session that executes while it is called, as SQLite's. */
export interface SyncSqlSession extends SqlSession {
  /** Executes a statement that has a `?` for each value; what it returns are its rows. */
  query(sql: string, values: readonly SqlValue[]): readonly SqlRow[];
}

/** A database that can begin transactions; `Tx` is what its client calls one. */
export interface SqlConnection<Tx = unknown> extends SqlSession {
  /**
   * Runs `work` in a transaction of its own, which is rolled back if it throws. Where sessions are
   * synchronous, `work` must be, too.
   */
  transaction<T>(work: (session: SqlSession, tx: Tx) => T | Promise<T>): T | Promise<T>;
  /** Executes one statement as `transaction` would, where the database needs less for that. */
  alone?(sql: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]>;
}

/** A statement and its values. */
export type Statement = readonly [sql: string, values?: readonly SqlValue[]];

/**
 * Statements, each of which may depend on the rows of those before: written once, it is executed
 * synchronously on SQLite and asynchronously elsewhere.
 */
export type Plan<T> = Generator<Statement, T, readonly SqlRow[]>;

/** A piece of a statement, and the values of that. */
export type Piece = readonly [sql: string, values: readonly SqlValue[]];

/** How a database is spoken to, where databases differ. */
export interface SqlDialect {
  /** Which database. */
  readonly name: "postgres" | "mariadb" | "sqlite";
  /**
   * Whether a single statement, and a claim, must be in a transaction of its own: where all use one
   * connection it may else be part of another's.
   */
  readonly isWrapped: boolean;
  /** Whether `catchUp`, `transfer` and `bury` are one statement each, and need no transaction. */
  readonly isConcise: boolean;
  /** Milliseconds since 1970 by the database's clock, as an expression. */
  readonly now: string;
  /** What ends a SELECT whose rows are to be locked. */
  readonly forUpdate: string;
  /** What ends a SELECT that must see what a locking one has seen before. */
  readonly upToDate: string;
  /**
   * What an INSERT takes messages from: the topic, id, key, headers, payload and time of each.
   *
   * @default {their values}
   */
  rows?(rows: readonly (readonly SqlValue[])[]): Piece;
  /**
   * That a column is one of some numbers, as a condition and its values.
   *
   * @default {a list of placeholders}
   */
  among?(column: string, numbers: readonly number[]): Piece;
  /** Inserts a row, or locks the one that has its key. */
  ensure(table: string, key: string, columns: readonly string[]): string;
  /** The tables that say which queues there are. */
  groupTables(tables: Tables): readonly string[];
  /** The statements that make the tables. Each may be executed again. */
  schema(tables: Tables): readonly string[];
  /** Makes a queue get what is published to a topic; each statement is a transaction of its own. */
  join(tables: Tables, queue: string, topic: string, from: StartPosition): Plan<void>;
  /** Gives a new queue what it must have of earlier messages; true when nothing is missing any more. */
  catchUp(tables: Tables, queue: string): Plan<boolean>;
  /** Whether it is worth a claim; a read that nobody waits for, and fails if the queue was removed. */
  isDue(queue: Queue, stretch: Stretch): Plan<boolean>;
  /** Claims up to `limit` messages that are due; each row has `attempts` beside the message. */
  claim(queue: Queue, stretch: Stretch, lease: string, limit: number): Plan<readonly SqlRow[]>;
  /** Ends deliveries for good; returns those that were no longer ours. */
  settle<T extends { readonly token: Ticket }>(queue: Queue, claimed: readonly T[]): Plan<T[]>;
  /** Ends a delivery and publishes a record instead; false if it was no longer ours. */
  transfer(queue: Queue, ticket: Ticket, topic: string, rec: Rec): Plan<boolean>;
  /** Puts a delivery aside for a reason; false if it was no longer ours. */
  bury(queue: Queue, ticket: Ticket, reason: string): Plan<boolean>;
  /** Where a reader begins. */
  begin(tables: Tables, topic: string, from: StartPosition): Plan<Position>;
  /** The next messages for a reader, none that could get an earlier neighbour later. */
  read(tables: Tables, topic: string, position: Position, limit: number): Plan<readonly Passed[]>;
  /** How many messages a reader has still before it. */
  unread(tables: Tables, topic: string, position: Position): Plan<number>;
  /** Whether the database refused because somebody else was at it: the same may work a moment later. */
  isBusy(error: unknown): boolean;
  /** Whether the database itself said no, so that nothing is stored. */
  isRefusal(error: unknown): boolean;
}

/** Up to where a reader has come. */
export interface Position {
  /** The message, by its number. */
  readonly seq: number;
  /** The transaction that published it; `"0"` where that is of no use. */
  readonly xid: string;
  /**
   * What was committed when the reader began, in the form of the database: on PostgreSQL the transactions
   * that had ended, elsewhere the numbers of messages that were not.
   */
  readonly base: string;
  /** Nothing that was published before, in milliseconds since 1970. */
  readonly since: number;
}

/** A message that a reader has come to. */
export interface Passed {
  /** The message. */
  readonly row: SqlRow;
  /** Where the reader is after it. */
  readonly position: Position;
}

/** A queue: what a group has not settled. */
export interface Queue {
  /** How its database is spoken to. */
  readonly dialect: SqlDialect;
  /** Where it is. */
  readonly tables: Tables;
  /** What its rows have as `queue`. */
  readonly name: string;
  /** Milliseconds that a claim holds. */
  readonly lease: number;
  /** Whether only the first unsettled message of a key may be claimed. */
  readonly ordered: boolean;
}

/** A claimed message: `lease` tells this claim from all others. */
export interface Ticket {
  /** The number of the message. */
  readonly seq: number;
  /** What the claim has written. */
  readonly lease: string;
}

/**
 * Rows of a queue that are looked at together. In order, a row costs a look at its key, whether it is
 * due or not: with a long backlog of few keys all of it would be looked at each time.
 */
export interface Stretch {
  /** The number of the row before. */
  readonly after: number;
  /** The number of the last row. */
  readonly upTo: number;
  /** Whether nothing comes after it. */
  readonly isLast: boolean;
}
