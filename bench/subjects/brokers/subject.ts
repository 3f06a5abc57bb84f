/**
 * How subjects of brokers are written down.
 *
 * @module
 */
import type { Goal, Kind, OwnWork, ProcessSubject, Work } from "../../harness/types.ts";
import { type BrokerName, BROKERS } from "./places.ts";

/** What a subject is called, and measured by. */
export interface BrokerSubject {
  readonly name: string;
  readonly kind: Kind;
  readonly goals?: Goal[];
  /** What it needs of what stands in no lock file. */
  readonly pack?: string;
}

/** A subject that needs the server of a broker. */
export function brokerSubject(
  broker: BrokerName,
  { name, kind, goals = [], pack }: BrokerSubject,
  setup: () => Work | OwnWork | Promise<Work | OwnWork>,
): ProcessSubject {
  const { server } = BROKERS[broker];
  return {
    ...{ name, kind, setup },
    use() {},
    ...(goals.length > 0 && { goals }),
    ...(server !== undefined && { server }),
    ...(pack !== undefined && { pack }),
  };
}
