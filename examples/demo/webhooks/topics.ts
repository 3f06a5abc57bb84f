/** Every topic that the webhooks go through. */
export const TOPICS = {
  /** What the receiver lets in. */
  received: "github",
  /** What can wait. */
  events: "github.events",
  /** What somebody should look at now. */
  urgent: "github.urgent",
  /** What could not be handled, with its reason. */
  dead: "github.dead",
  /** What is put back after the fix. */
  again: "github.again",
} as const;
