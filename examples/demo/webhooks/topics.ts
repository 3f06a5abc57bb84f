/** Every topic that the webhooks go through. */
export interface Topics {
  /** What can wait. */
  readonly events: string;
  /** What somebody should look at now. */
  readonly urgent: string;
  /** What could not be handled, with its reason. */
  readonly dead: string;
  /** What is put back after the fix. */
  readonly again: string;
}

/** What the receiver lets in. */
export const RECEIVED = "github";

/** The topics of a broker under a name of their own: other runs may have left theirs there. */
export function topicsUnder(name: string): Topics {
  return {
    events: `${name}.events`,
    urgent: `${name}.urgent`,
    dead: `${name}.dead`,
    again: `${name}.again`,
  };
}
