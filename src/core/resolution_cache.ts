import type { Resolution } from "./resolution.ts";

/** Entries of one generation; a cache holds at most twice as many. */
const GENERATION = 1024;

/** Longer types are resolved anew at each emit, so that the cache is bounded in bytes as well. */
const MAX_TYPE_LENGTH = 256;

/**
 * Resolutions of types that have no exact subscription, in two generations: when the young one is
 * full it becomes the old one, and what the old one held is forgotten. What is used stays.
 */
export class ResolutionCache {
  #young = new Map<string, Resolution>();
  #old = new Map<string, Resolution>();

  /** The resolution of `type`, moved to the young generation. */
  get(type: string): Resolution | undefined {
    const found = this.#young.get(type);
    if (found !== undefined) return found;
    const aged = this.#old.get(type);
    if (aged !== undefined) {
      this.#old.delete(type);
      this.set(aged);
    }
    return aged;
  }

  /** Keeps a resolution; says whether the cache takes a type of that length. */
  set(resolution: Resolution): boolean {
    if (resolution.type.length > MAX_TYPE_LENGTH) return false;
    if (this.#young.size >= GENERATION) this.#age();
    this.#young.set(resolution.type, resolution);
    return true;
  }

  /** Takes a resolution out, for a type that gets its first exact subscription. */
  take(type: string): Resolution | undefined {
    const found = this.#young.get(type) ?? this.#old.get(type);
    if (found !== undefined && !this.#young.delete(type)) this.#old.delete(type);
    return found;
  }

  /** How many resolutions are kept. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /**
   * A forgotten resolution is made stale, because topic handles may hold it: once it is out of
   * reach of `take`, nothing else could tell them of a new exact subscription.
   */
  #age(): void {
    for (const forgotten of this.#old.values()) forgotten.invalidate();
    this.#old = this.#young;
    this.#young = new Map();
  }
}
