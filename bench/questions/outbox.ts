/**
 * How many rows does the relay of an outbox bring to a broker, and how long after their commit?
 *
 * @module
 */
import type { Question } from "../harness/types.ts";
import { type BrokerName, BROKERS } from "../subjects/brokers/places.ts";
import { brokerSubject } from "../subjects/brokers/subject.ts";

const DATABASES: BrokerName[] = ["postgres", "mariadb", "sqlite"];

function ask(
  id: "outbox" | "outbox_delay",
  { title, measure, notes }: Pick<Question, "title" | "measure" | "notes">,
): Question {
  return {
    ...{ id, title, measure },
    states: ["fresh"],
    cases: DATABASES.map((name) => ({
      name: BROKERS[name].title,
      subjects: [
        brokerSubject(name, { name: "beat relay", kind: "ours" }, async () => {
          const { delaying, relaying } = await import("../subjects/brokers/relaying.ts");
          return id === "outbox" ? relaying(name) : delaying(name);
        }),
      ],
    })),
    ...(notes && { notes }),
  };
}

/** Rows of an outbox. */
export const outboxQuestion: Question = ask("outbox", {
  title: "Rows of an outbox that a relay brings to a broker",
  measure: "thousands",
  notes: [
    "64 bytes, 100 keys in order, 64 on their way; the broker confirms at once, so that all the time is the relay's.",
  ],
});

/** What an outbox adds to the time of a message. */
export const outboxDelayQuestion: Question = ask("outbox_delay", {
  title: "Time from a commit until its row is at the broker, a hundred commits a second",
  measure: "p99",
  notes: ["The relay looks every 100 ms, as it does unless told otherwise."],
});
