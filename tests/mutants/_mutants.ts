/** A way to break the consumption engine that its tests must notice. */
export interface Mutant {
  /** What is wrong with it. */
  name: string;
  /** In which file of src/transport. */
  file: string;
  /** What stands there, exactly once. */
  find: string;
  /** What stands there instead. */
  replace: string;
  /** The test that notices. @default {"consumption_model_test.ts"} */
  test?: string;
}

/** The mutants; those that transport.md names come first. */
export const MUTANTS: Mutant[] = [
  {
    name: "a dropped entry counts as settled",
    file: "holdings.ts",
    find: `    if (slot.settled) return;
    this.unsettled--;
  }`,
    replace: `    if (slot.settled) return;
    this.unsettled--;
    slot.settled = true;
    const commit = this.#books.get(slot.delivery.lane)?.advance();
    if (commit !== undefined) this.#settler!.ack(commit);
  }`,
  },
  {
    name: "a commit stops one short of the prefix",
    file: "lane_book.ts",
    find: "while (this.#head?.settled) {",
    replace: "while (this.#head?.settled && this.#head.nextOfLane !== undefined) {",
  },
  {
    name: "a commit goes beyond the prefix",
    file: "holdings.ts",
    find: "if (commit !== undefined) this.#settler!.ack(commit);",
    replace: "this.#settler!.ack(commit ?? delivery);",
  },
  {
    name: "an ack is sent after the fence",
    file: "settler.ts",
    find: "return acks.some(isFenced) ? acks.filter((delivery) => !isFenced(delivery)) : acks;",
    replace: "return acks;",
    test: "lanes_test.ts",
  },
  {
    name: "what is lost is settled like the rest",
    file: "slot.ts",
    find: "return this.#lost !== undefined || this.delivery.lane.fenced;",
    replace: "return false;",
  },
  {
    name: "a retry lets the next of its key pass",
    file: "attempts.ts",
    find: "      slot.cancel = after(verdict.delay, () => {",
    replace: `      this.#hooks.advance(slot);
      slot.cancel = after(verdict.delay, () => {`,
  },
  {
    name: "giving back does not return the credit",
    file: "attempts.ts",
    find: "    this.#holdings.giveBack(slot.delivery);",
    replace: "    this.#holdings.giveBack(slot.delivery);\n    this.#holdings.unsettled++;",
  },
  {
    name: "the heartbeat forgets what is queued",
    file: "holdings.ts",
    find: "!slot.settled && !slot.isLost)",
    replace: '!slot.settled && !slot.isLost && slot.phase === "running")',
    test: "heartbeat_test.ts",
  },
  {
    name: "the heartbeat forgets what waits for room",
    file: "engine.ts",
    find: "[...this.#holdings.held(), ...this.#intake.admissions.deliveries]",
    replace: "this.#holdings.held()",
    test: "heartbeat_test.ts",
  },
  {
    name: "the heartbeat prolongs what is lost",
    file: "holdings.ts",
    find: "!slot.settled && !slot.isLost)",
    replace: "!slot.settled)",
    test: "heartbeat_test.ts",
  },
  {
    name: "decisions that need not be told any more keep others out",
    file: "settler.ts",
    find: "      this.#hooks.advanced();\n",
    replace: "",
    test: "settler_test.ts",
  },
  {
    name: "a decision during the end of a call wakes nobody",
    file: "settler.ts",
    find: "    this.#flushing = undefined;\n",
    replace: "    await undefined;\n    this.#flushing = undefined;\n",
    test: "settler_test.ts",
  },
  {
    name: "a dead letter that was not published is acked",
    file: "letter_post.ts",
    find: "if (attempt === 1) this.#report(slot, cause);",
    replace: 'this.#report(slot, cause);\n        return "published";',
  },
  {
    name: "what is given back counts as an attempt",
    file: "holdings.ts",
    find: "this.requeue({ delivery, delay: 0, unstarted: true });",
    replace: "this.requeue({ delivery, delay: 0, unstarted: false });",
    test: "closing_test.ts",
  },
  {
    name: "one retry too few",
    file: "retry_policy.ts",
    find: "if (n > maxRetries ||",
    replace: "if (n >= maxRetries ||",
  },
  {
    name: "one retry too many",
    file: "retry_policy.ts",
    find: "if (n > maxRetries ||",
    replace: "if (n > maxRetries + 1 ||",
  },
  {
    name: "what arrives beyond its budget is handled",
    file: "attempts.ts",
    find: 'if (onExhausted === "redeliver" || slot.attempt <= allowed) return undefined;',
    replace: "if (allowed > 0) return undefined;",
  },
  {
    name: "an offer is taken above prefetch",
    file: "intake.ts",
    find: "if (this.admissions.size > 0 || this.room <= 0) return false;",
    replace: "",
    test: "push_test.ts",
  },
  {
    name: "what is handed over is taken above prefetch",
    file: "intake.ts",
    find: "if (waits) return this.admissions.add(delivery);",
    replace: "",
  },
  {
    name: "a signal that aborts closes nothing",
    file: "engine.ts",
    find: '      signal?.addEventListener("abort", abort, { once: true });\n',
    replace: "",
  },
  {
    name: "a cancelled handler's messages are given up at once",
    file: "engine.ts",
    find: "this.#deadline.set(options.timeout ?? CLOSE_TIMEOUT);",
    replace: "this.#deadline.set(options.timeout ?? 0);",
  },
  {
    name: "a failure after an ack is not told",
    file: "attempts.ts",
    find: '    if (isLate) this.#failed(slot, outcome.error, { kind: "acked" });\n',
    replace: "",
    test: "attempts_test.ts",
  },
  {
    name: "close does not wait for handlers",
    file: "engine.ts",
    find: "if (workers.running > 0 || attempts.burying > 0) return false;",
    replace: "if (attempts.burying > 0) return false;",
  },
  {
    name: "close does not wait for dead letters",
    file: "engine.ts",
    find: "if (workers.running > 0 || attempts.burying > 0) return false;",
    replace: "if (workers.running > 0) return false;",
    test: "closing_test.ts",
  },
  {
    name: "close does not flush acks",
    file: "engine.ts",
    find: "      this.#intake.giveBack(() => true);\n      return this.#holdings.flush();",
    replace: "      this.#intake.giveBack(() => true);",
    test: "closing_test.ts",
  },
  {
    name: "a handler that had to stop has failed",
    file: "attempts.ts",
    find: "if (isNacked && slot.stopped) {",
    replace: "if (failed && slot.isGone) {",
    test: "closing_test.ts",
  },
  {
    name: "a slot makes way for the next of its key before that is lost too",
    file: "intake.ts",
    find: `    for (const slot of lost) slot.lose(cause);
    for (const slot of lost) if`,
    replace: "    for (const slot of lost) if (slot.lose(cause), true) if",
    test: "lanes_test.ts",
  },
  {
    name: "what waits for room is kept when all is given back",
    file: "intake.ts",
    find:
      "    for (const delivery of this.admissions.take(holds)) this.#holdings.refuse(delivery);\n",
    replace: "",
    test: "push_test.ts",
  },
  {
    name: "nobody hears that there is a source",
    file: "engine.ts",
    find: "    this.#attached = true;\n    this.#update();\n    this.#intake.advance();",
    replace: "    this.#attached = true;\n    this.#update();",
    test: "push_test.ts",
  },
  {
    name: "a revoked lane goes on",
    file: "engine.ts",
    find: "if (this.#closing === undefined) return this.#intake.isRevoking(lane);",
    replace: "if (this.#closing === undefined) return false;",
    test: "lanes_test.ts",
  },
  {
    name: "a lane is given away before its acks are",
    file: "intake.ts",
    find: "      this.giveBack(isOfLane);\n      return this.#holdings.flush();",
    replace: "      this.giveBack(isOfLane);",
    test: "lanes_test.ts",
  },
  {
    name: "a lane that was full stays left out",
    file: "intake.ts",
    find: "if (this.#full.size < before) this.#hooks.interrupt();",
    replace: "",
    test: "lanes_test.ts",
  },
  {
    name: "a slot that leaves from the end of its chain leaves the end with it",
    file: "key_chains.ts",
    find: "else if (previous !== undefined) this.#tails.set(slot.key, previous);",
    replace: "",
    test: "key_chains_test.ts",
  },
  {
    name: "one worker too many",
    file: "workers.ts",
    find: "while (this.running < this.#limit &&",
    replace: "while (this.running <= this.#limit &&",
  },
  {
    name: "a batch that is not full never leaves",
    file: "collector.ts",
    find: "else this.#cancel ??= after(maxWait, () => this.#expire());",
    replace: "",
  },
  {
    name: "a batch lets the next one of its lane pass",
    file: "collector.ts",
    find: "this.#busy = this.#exclusive;",
    replace: "this.#busy = false;",
    test: "batching_test.ts",
  },
  {
    name: "an innocent message of a batch is given up",
    file: "batching.ts",
    find: 'failed.kind !== "retry" && mayBeInnocent',
    replace: 'failed.kind !== "retry" && mayBeInnocent && slot.spared',
  },
  {
    name: "in a batch a message passes one of its key",
    file: "batching.ts",
    find: "if (held.keys.has(slot.key)) return this.#hold(slot, failed, held);",
    replace: "",
    test: "batching_test.ts",
  },
  {
    name: "a source that was given up still speaks",
    file: "source_host.ts",
    find: "    this.#left = true;\n",
    replace: "",
    test: "feed_test.ts",
  },
  {
    name: "a fast source starves everybody else",
    file: "feed.ts",
    find: "if (taken >= BURST) {",
    replace: "if (taken >= Infinity) {",
    test: "feed_test.ts",
  },
];
