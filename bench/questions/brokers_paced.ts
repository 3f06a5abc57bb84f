/**
 * How long does a message take through a broker, where they come at a pace that it keeps?
 *
 * @module
 */
import type { Case, Goal, Kind, ProcessSubject, Question } from "../harness/types.ts";
import type { Who } from "../subjects/brokers/clients.ts";
import type { Span } from "../subjects/brokers/pacing.ts";
import { type BrokerName, BROKERS } from "../subjects/brokers/places.ts";
import { brokerSubject } from "../subjects/brokers/subject.ts";

/** Messages a second, and milliseconds that one of a hundred may exceed. */
interface Pace {
  readonly perSecond: number;
  readonly limit?: number;
}

const PACES: Readonly<Record<BrokerName, Pace>> = {
  redis: { perSecond: 10_000 },
  "nats-default": { perSecond: 4_000, limit: 6 },
  nats: { perSecond: 1_000 },
  kafka: { perSecond: 10_000, limit: 8 },
  postgres: { perSecond: 500 },
  mariadb: { perSecond: 200 },
  sqlite: { perSecond: 200 },
};

/** Milliseconds from a record's arrival to its handler. */
const ARRIVAL_LIMIT = 1;

function toCase(name: BrokerName): Case {
  const { perSecond, limit } = PACES[name];
  const subject = (
    title: string,
    [kind, who, span]: [Kind, Who, Span],
    most?: number,
  ): ProcessSubject => {
    const goals: Goal[] = most === undefined ? [] : [{ limit: most * 1e6, state: "fresh" }];
    return brokerSubject(name, { name: title, kind, goals }, async () => {
      const { pacing } = await import("../subjects/brokers/pacing.ts");
      return pacing(name, who, perSecond, span);
    });
  };
  return {
    name: `${BROKERS[name].title}: ${perSecond} a second`,
    subjects: [
      subject("beat, publish to handler", ["ours", "engine", "publish"], limit),
      subject("beat router, publish to handler", ["ours", "router", "publish"], limit),
      subject("beat, arrival to handler", ["ours", "engine", "arrival"], ARRIVAL_LIMIT),
      subject("the client alone, publish to handler", ["peer", "client", "publish"]),
    ],
  };
}

/** Times of messages. */
export const brokersPacedQuestion: Question = {
  id: "brokers_paced",
  title: "Time of a message through a broker, at a pace",
  measure: "p99",
  states: ["fresh"],
  cases: (Object.keys(PACES) as BrokerName[]).map(toCase),
  notes: [
    "From the moment when a message was due to be published, held up or not, to the call of its handler, in the same process; of the arrival, from the moment when the client has its record.",
    "CPU µs: processor time of this process for one message, published and handled.",
    "A process measures 20 times as long as --time says: for figures, say at least 0.2.",
  ],
};
