/**
 * How long does it take until a thread that has died is replaced by one that handles events?
 *
 * @module
 */
import type { ProcessSubject, Question } from "../harness/types.ts";
import { ourRestart, startAnew } from "../subjects/restart.ts";
import { ours } from "../subjects/subject.ts";
import { piscinaRestart } from "../subjects/thread_calls.ts";

const BARE: ProcessSubject = {
  name: "a thread that loads the same modules",
  kind: "bound",
  setup: startAnew,
  use() {},
};

const PISCINA: ProcessSubject = {
  name: "piscina, process.exit",
  kind: "peer",
  isolates: true,
  setup: piscinaRestart,
  use() {},
};

/** From the crash of a thread to the first event that the next one has handled. */
export const restartQuestion: Question = {
  id: "restart",
  title: "From a crash to the first event handled",
  measure: "ms",
  states: ["fresh"],
  cases: [{
    name: "one thread",
    subjects: [
      ours("process.exit in a handler", () => ourRestart("exit")),
      ours("an error that nobody catches", () => ourRestart("error")),
      BARE,
      PISCINA,
    ],
  }],
  notes: [
    "From the emit of the event of which the thread dies to the answer to the event behind it.",
    "Nearly all of it is what the runtime takes to start a thread and to load modules.",
  ],
};
