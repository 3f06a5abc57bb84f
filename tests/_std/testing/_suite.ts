type Hook = () => void | Promise<void>;

interface Hooks {
  beforeAll: Hook[];
  afterAll: Hook[];
  beforeEach: Hook[];
  afterEach: Hook[];
}

/** A `describe` block: where it stands, its hooks, and how many of its cases are still to run. */
export class Suite {
  readonly hooks: Hooks = { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] };
  readonly path: string[];
  readonly skipped: boolean;
  readonly #outer: Suite | undefined;
  #casesLeft = 0;
  #prepared: Promise<void> | undefined;

  constructor(name?: string, outer?: Suite, skip = false) {
    this.#outer = outer;
    this.path = [...(outer?.path ?? []), ...(name === undefined ? [] : [name])];
    this.skipped = skip || (outer?.skipped ?? false);
  }

  /** Announces a case, so that `afterAll` knows which one is the last. */
  expectCase(): void {
    for (const suite of this.#chain()) suite.#casesLeft++;
  }

  /** Runs a case with the hooks of this suite and of those around it. */
  async run(fn: Hook): Promise<void> {
    const inwards = this.#chain();
    const outwards = inwards.toReversed();
    const failures: unknown[] = [];
    const attempt = async (hook: Hook) => {
      try {
        await hook();
      } catch (error) {
        failures.push(error);
      }
    };

    await attempt(async () => {
      for (const suite of inwards) await suite.#prepare();
      for (const suite of inwards) await runInOrder(suite.hooks.beforeEach);
      await fn();
    });
    for (const suite of outwards) {
      for (const hook of suite.hooks.afterEach) await attempt(hook);
    }
    for (const suite of outwards) {
      if (--suite.#casesLeft > 0) continue;
      for (const hook of suite.hooks.afterAll) await attempt(hook);
    }

    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, messagesOf(failures));
  }

  /** All cases wait for the same promise: when `beforeAll` fails, each of them does. */
  #prepare(): Promise<void> {
    return this.#prepared ??= runInOrder(this.hooks.beforeAll);
  }

  /** The suites around this one, outermost first, and itself. */
  #chain(): Suite[] {
    const outer = this.#outer;
    return outer === undefined ? [this] : [...outer.#chain(), this];
  }
}

async function runInOrder(hooks: Hook[]): Promise<void> {
  for (const hook of hooks) await hook();
}

function messagesOf(failures: unknown[]): string {
  return failures.map((failure) => failure instanceof Error ? failure.message : String(failure))
    .join("; ");
}
