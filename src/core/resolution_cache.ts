import type { Resolution } from "./resolution.ts";

/** What a generation holds, in characters; a type counts for 64 and its length. */
const GENERATION = 2 ** 17;

/**
 * Resolutions of types that have no exact subscription, in two generations: when the young one is
 * full it becomes the old one, and what the old one held is forgotten. What is used stays, and
 * however many types come, whatever their length, the memory is bounded.
 */
export class ResolutionCache {
  #young = new Map<string, Resolution>();
  #old = new Map<string, Resolution>();
  #weight = 0;

  /** Keeps a resolution, and returns it. */
  add(resolution: Resolution): Resolution {
    this.#weight += 64 + resolution.type.length;
    if (this.#weight > GENERATION) this.forget();
    this.#young.set(resolution.type, resolution);
    return resolution;
  }

  /** Forgets the old generation, and begins another one. */
  forget(): void {
    // Topic handles may hold what is forgotten here. Out of reach of `take` nothing else could
    // tell them of a new exact subscription, so they must ask again.
    for (const forgotten of this.#old.values()) forgotten.expire();
    this.#old = this.#young;
    this.#young = new Map();
    this.#weight = 0;
  }

  /** The resolution of `type`, moved to the young generation. */
  get(type: string): Resolution | undefined {
    const young = this.#young.get(type);
    if (young !== undefined) return young;
    const old = this.#old.get(type);
    this.#old.delete(type);
    return old && this.add(old);
  }

  /** Takes a resolution out, for a type that gets its first exact subscription. */
  take(type: string): Resolution | undefined {
    const found = this.get(type);
    this.#young.delete(type);
    return found;
  }

  /** How many resolutions are kept. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
