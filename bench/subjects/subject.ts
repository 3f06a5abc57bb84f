/**
 * How subjects are written down.
 *
 * @module
 */
import type { Goal, Kind, ProcessSubject, Work } from "../harness/types.ts";
import { useSyncBus } from "./ours.ts";
import type { Peer, PeerKind } from "./peers.ts";
import { usePeer } from "./used.ts";

/** What a subject of this project may say beside its name and its work. */
export interface OursOptions {
  goals?: Goal[];
  goHead?: number;
  /** @default useSyncBus */
  use?: () => void | Promise<void>;
  /** @default true */
  isolates?: boolean;
}

/** A subject of this project. */
export function ours(
  name: string,
  setup: ProcessSubject["setup"],
  options: OursOptions = {},
): ProcessSubject {
  return {
    name: `beat ${name}`,
    kind: "ours",
    isolates: options.isolates ?? true,
    setup,
    use: options.use ?? useSyncBus,
    ...(options.goals && { goals: options.goals }),
    ...(options.goHead !== undefined && { goHead: options.goHead }),
  };
}

/** A library, or a bound in the form of one, with the work that `build` makes of it. */
export function peer(
  kind: PeerKind,
  build: (peer: Peer) => Work | Promise<Work>,
  as: Kind = "peer",
): ProcessSubject {
  return {
    name: kind.name,
    kind: as,
    isolates: kind.isolates,
    setup: async () => build(await kind.make()),
    use: kind.use ?? (async () => usePeer(await kind.make())),
  };
}
