/** A claim on a key: who holds it until when, told apart from later holders by its token. */
export interface Claim {
  /** Grows with each claim of the key: a write with an older one is refused. */
  readonly token: number | string;
}

/** What became of a claim. */
export type ClaimResult =
  | { readonly kind: "claimed"; readonly claim: Claim }
  | { readonly kind: "in-flight"; readonly retryAfter: number }
  | { readonly kind: "done" };

/**
 * Remembers what was done, for consumers that must not do it twice: claim before, mark as done after
 * success, release after failure.
 */
export interface Store {
  /**
   * Claims a key for `lease` milliseconds; a claim whose lease is over counts as released.
   * `"in-flight"` names the milliseconds until then.
   */
  claim(key: string, lease: number): Promise<ClaimResult>;
  /** Prolongs a claim to `lease` milliseconds from now; false if it is no longer ours. */
  extend(key: string, claim: Claim, lease: number): Promise<boolean>;
  /** Marks the key as done for `ttl` milliseconds; false if the claim is no longer ours. */
  done(key: string, claim: Claim, ttl: number): Promise<boolean>;
  /** Gives the key free; false if the claim is no longer ours. */
  release(key: string, claim: Claim): Promise<boolean>;
  /** Ends what the store itself has opened. */
  close?(): Promise<void>;
}
