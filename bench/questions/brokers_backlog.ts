/**
 * Does a consumer need more memory where a million messages wait for it?
 *
 * @module
 */
import type { Question } from "../harness/types.ts";
import { type BrokerName, BROKERS } from "../subjects/brokers/places.ts";
import { brokerSubject } from "../subjects/brokers/subject.ts";

/** `sync_interval: always` changes nothing of it. */
const MEASURED = (Object.keys(BROKERS) as BrokerName[]).filter((name) => name !== "nats");

/** Memory before a long queue. */
export const brokersBacklogQuestion: Question = {
  id: "brokers_backlog",
  title: "Memory that a consumer grows by while a million messages of 64 bytes wait",
  measure: "memory",
  states: ["fresh"],
  cases: MEASURED.map((name) => ({
    name: BROKERS[name].title,
    subjects: [
      brokerSubject(name, { name: "beat engine, 100 keys in order", kind: "ours" }, async () => {
        const { waiting } = await import("../subjects/brokers/waiting.ts");
        return waiting(name);
      }),
    ],
  })),
  // A million rows take their time.
  timeLimit: 600_000,
  notes: [
    "The most that the resident set grew by in four seconds of consuming, of which another process has filled the topic. With --time below 0.1 fewer wait.",
  ],
};
