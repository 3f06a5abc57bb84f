import type { Position } from "./contracts.ts";
import type { StartPosition } from "@beat/beat/message";
import type { Delivery, Lane, Source, Traits } from "@beat/beat/transport";
import { look, type Polling } from "./polling.ts";
import { recordOf } from "./record.ts";
import { run } from "./session.ts";
import type { Tables } from "./tables.ts";

/** What a reader is made of. */
export interface ReaderPlan extends Polling {
  readonly tables: Tables;
  readonly topic: string;
}

/** How far a subscription has come, whichever source it reads by: the database knows nothing of it. */
export interface Bookmark {
  position: Position;
}

/** Opens the bookmark of a reader. */
export async function openBookmark(
  { connection, tables, topic }: ReaderPlan,
  from: StartPosition,
): Promise<Bookmark> {
  return { position: await run(connection, connection.dialect.begin(tables, topic, from)) };
}

/** Reads a topic without leaving anything behind. */
export class ReaderSource implements Source {
  readonly traits: Partial<Traits> = {
    settle: "prefix",
    requeue: "engine",
    lease: 0,
    counts: false,
  };
  readonly #plan: ReaderPlan;
  readonly #bookmark: Bookmark;
  readonly #lane: Lane = { name: "", fenced: false };
  readonly #onClose: () => void;
  #position: Position;

  constructor(plan: ReaderPlan, bookmark: Bookmark, onClose: () => void) {
    this.#plan = plan;
    this.#bookmark = bookmark;
    this.#position = bookmark.position;
    this.#onClose = onClose;
  }

  fetch(
    room: number,
    paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    return look(this.#plan, async () => paused(this.#lane) ? [] : await this.#take(room), signal);
  }

  // deno-lint-ignore require-await
  async ack(deliveries: readonly Delivery[]): Promise<void> {
    this.#bookmark.position = deliveries.at(-1)!.token as Position;
  }

  offset({ token }: Delivery): string {
    return String((token as Position).seq);
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#onClose();
  }

  async #take(room: number): Promise<readonly Delivery[]> {
    const { connection, tables, topic } = this.#plan;
    const before = this.#position;
    const { dialect } = connection;
    const rows = await run(connection, dialect.read(tables, topic, before, room));
    return rows.map((row) => {
      const token = { ...before, seq: Number(row.seq), xid: String(row.xid ?? "0") };
      this.#position = token;
      return { rec: recordOf(row), token, lane: this.#lane, count: 1 };
    });
  }
}
