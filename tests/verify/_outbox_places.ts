import type { SqlConnection } from "../../adapters/sql/mod.ts";
import { type Client, open } from "../../adapters/sql/testdata/servers.ts";

/** Where the outbox is, the broker that it is brought to, and what its messages have effected. */
export type PlaceName = "outbox" | "broker" | "effects";

/** What all processes of a run know of its databases. */
export interface Places {
  readonly client: Client;
  /** A server, or the folder of the files of SQLite. */
  readonly url: string;
  /** What the tables of this run begin with. */
  readonly run: string;
}

/** Tables in a database. */
export interface Place {
  readonly tables: { readonly connection: SqlConnection; readonly prefix: string };
  close(): Promise<void>;
}

/** What makes a consumer a member of the group that gives orders their effect. */
export const MEMBER = { topic: "orders", group: "billing", from: "earliest" } as const;

/** Opens one of the places: a file of its own in SQLite, else tables of their own. */
export async function openPlace({ client, url, run }: Places, name: PlaceName): Promise<Place> {
  const { connection, close } = await open(client, client === "sqlite" ? `${url}/${name}.db` : url);
  return { tables: { connection, prefix: `${run}_${name}_` }, close };
}

/** Resolves after so many milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
