import type { StartPosition } from "@beat/beat/message";
import type { Plan, SqlRow } from "./session.ts";
import type { Tables } from "./tables.ts";

/** How a database is spoken to, where databases differ. */
export interface SqlDialect {
  /** Which database. */
  readonly name: "postgres" | "mariadb" | "sqlite";
  /** Whether all use one connection, so that what is not in a transaction may be in another's. */
  readonly isShared: boolean;
  /** Milliseconds since 1970 by the database's clock, as an expression. */
  readonly now: string;
  /** What ends a SELECT whose rows are to be locked, without waiting for those that others have locked. */
  readonly skipLocked: string;
  /** What ends a SELECT whose rows are to be locked. */
  readonly forUpdate: string;
  /** Inserts a row, or locks the one that has its key. */
  ensure(table: string, key: string, columns: readonly string[]): string;
  /** The statements that make the tables. Each may be executed again. */
  schema(tables: Tables): readonly string[];
  /** Makes a queue get what is published to a topic; each statement is a transaction of its own. */
  join(tables: Tables, queue: string, topic: string, from: StartPosition): Plan<void>;
  /** Gives a new queue what it must have of earlier messages; true when nothing is missing any more. */
  catchUp(tables: Tables, queue: string): Plan<boolean>;
  /** Where a reader begins. */
  begin(tables: Tables, topic: string, from: StartPosition): Plan<Position>;
  /** The next messages for a reader, none that could get an earlier neighbour later. */
  read(tables: Tables, topic: string, position: Position, limit: number): Plan<readonly SqlRow[]>;
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
  /** Transactions that ended before the reader began, in the form of the database. */
  readonly base: string;
  /** Nothing that was published before, in milliseconds since 1970. */
  readonly since: number;
}
