import { inTime } from "./in_time.ts";
import type { Delivery, Source } from "./port.ts";
import { after } from "./timer.ts";

/** What a heartbeat asks and tells. */
export interface HeartbeatHooks {
  /** All deliveries that are ours and not settled, queued ones too. */
  held(): readonly Delivery[];
  /** These are no longer ours. */
  lost(deliveries: readonly Delivery[]): void;
  /** The broker did not answer; leases run on. */
  failed(error: unknown): void;
}

/** Prolongs all leases every half lease. What it returns ends it. */
export function startHeartbeat(source: Source, lease: number, hooks: HeartbeatHooks): () => void {
  if (source.extend === undefined || lease === 0) return () => {};
  let beating = false;
  const beat = async () => {
    const held = hooks.held();
    if (beating || held.length === 0) return;
    beating = true;
    // One that never ends must not be the last.
    if (!await inTime(prolong(held), lease)) {
      hooks.failed(new Error(`The leases were not prolonged within ${lease} ms`));
    }
    beating = false;
  };
  const prolong = async (held: readonly Delivery[]) => {
    try {
      const lost = await source.extend!(held);
      if (lost.length > 0) hooks.lost(lost);
    } catch (error) {
      hooks.failed(error);
    }
  };
  let cancel = () => {};
  const wait = () => {
    cancel = after(lease / 2, () => {
      wait();
      void beat();
    });
  };
  wait();
  return () => cancel();
}
