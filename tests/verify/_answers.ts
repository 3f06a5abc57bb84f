import { forAsync } from "../../mod.ts";
import { Faults, sleep, type TortureReport } from "./_checks.ts";
import { startWorker } from "./_start_worker.ts";

/** Milliseconds in which no answer comes any more. */
const SILENCE = 5_000;

/**
 * Subscribes the answer to each question just before it asks, in rings that are full of both: a
 * question that overtakes the note of the subscription is answered to nobody.
 */
export async function askOften(questions: number): Promise<TortureReport> {
  const faults = new Faults();
  const bus = forAsync({
    handlers: startWorker,
    threads: 2,
    capacity: 1_024,
    onError: (error) => faults.add(String(error)),
  });
  await bus.ready;
  let answers = 0;
  for (let number = 0; number < questions; number++) {
    const subscription = bus.on(`answer.${number}`, () => {
      answers++;
      subscription.unsubscribe();
    });
    await bus.enqueue({ type: "question", data: number });
  }
  for (let before = -1; answers < questions && answers > before;) {
    before = answers;
    for (let time = 0; time < SILENCE && answers === before; time += 10) await sleep(10);
  }
  faults.expect("questions that were answered", answers, questions);
  await bus.drain({ timeout: 60_000 });
  const { emitted, processed } = bus.stats();
  faults.expect("stats().processed", processed, emitted);
  return { jobs: questions, inDoubt: 0, faults: faults.list };
}
