/** A message subscription on a bus has no room for an event: it misses this one. */
export class SubscriptionFullError extends Error {
  /** The topic that is subscribed. */
  readonly topic: string;
  /** How many events may wait. */
  readonly capacity: number;

  /** Creates the error from the topic and the number of events that may wait. */
  constructor(topic: string, capacity: number) {
    super(
      `Cannot take an event of '${topic}' as the message subscription is full: ${capacity} wait`,
    );
    this.name = "SubscriptionFullError";
    this.topic = topic;
    this.capacity = capacity;
  }
}
