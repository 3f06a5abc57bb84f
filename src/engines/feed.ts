import type { RemoteBooks } from "../core/ledger.ts";

/** What brings a flow bus events that other threads have emitted. */
export interface Feed extends RemoteBooks {
  /** Resolves when all that was accepted before has come; with what ends the wait it rejects. */
  pull(signal: AbortSignal | undefined): Promise<void>;
  /** Gives up what was accepted and has not come, as the bus is closed; returns the types. */
  discard(): string[];
}
