/** A topic has no room, and its `overflow` is `"error"`. */
export class TopicFullError extends Error {
  /** The topic that is full. */
  readonly topic: string;
  /** How many records it holds at most. */
  readonly maxMessages: number;

  /** Creates the error from the topic and the number of records that it holds at most. */
  constructor(topic: string, maxMessages: number) {
    super(
      `Cannot publish to '${topic}' as a group has not settled its oldest records: it holds ${maxMessages}`,
    );
    this.name = "TopicFullError";
    this.topic = topic;
    this.maxMessages = maxMessages;
  }
}

/** A fault that the simulation of a {@linkcode MemoryBroker} made up. */
export class SimulatedError extends Error {
  /** What brings the same faults about again, as `simulate.seed`. */
  readonly seed: number;

  /** Creates the error from what happened and the seed. */
  constructor(fault: string, seed: number) {
    super(`${fault}: this is a simulation with seed ${seed}`);
    this.name = "SimulatedError";
    this.seed = seed;
  }
}
