/** What the server says of a delivery. */
export interface DeliveryInfo {
  /** The consumer that it came by. */
  readonly durable: string;
  /** How often it was delivered, this time included. */
  readonly count: number;
  /** Its number in the stream. */
  readonly sequence: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
  /** What stands before the count: the same for all deliveries of a consumer. */
  readonly beginning: string;
}

/** Words of an ack subject without domain and account; with them there may be more at the end. */
const SHORT = 9;
const DURABLE = 3;

/**
 * Reads the subject that a delivery is acked by: `$JS.ACK.<stream>.<consumer>.<deliveries>.<number in the
 * stream>.<number for the consumer>.<nanoseconds>.<messages behind it>`, of newer servers with domain and
 * account before the stream.
 */
export function readInfo(ackSubject: string): DeliveryInfo {
  const words = ackSubject.split(".");
  const at = words.length === SHORT ? DURABLE : DURABLE + 2;
  return {
    durable: words[at]!,
    count: Number(words[at + 1]),
    sequence: Number(words[at + 2]),
    time: Math.floor(Number(words[at + 4]) / 1e6),
    beginning: `${words.slice(0, at + 1).join(".")}.`,
  };
}

/** Reads nothing but the count; all of it takes as long as the rest of the message. */
export function readCount(ackSubject: string, { length }: string): number {
  return Number(ackSubject.slice(length, ackSubject.indexOf(".", length)));
}
