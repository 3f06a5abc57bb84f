import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { KvDatabase, KvEntry } from "../kv_store.ts";
import { FakeKv } from "./fake_kv.ts";

/** A database in a file, which outlives the process that writes to it; one process at a time may. */
export function openFileKv(file: string): KvDatabase {
  return new FakeKv(readFileKv(file), (entries) => {
    // Who is killed while he writes leaves what was there before.
    writeFileSync(`${file}.new`, JSON.stringify([...entries]));
    renameSync(`${file}.new`, file);
  });
}

/** What is in such a file. */
export function readFileKv(file: string): ReadonlyMap<string, KvEntry> {
  return new Map(existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : []);
}
