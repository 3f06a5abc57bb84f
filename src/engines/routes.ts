import { Registry } from "../core/registry.ts";
import { HOME } from "./mesh.ts";
import type { Registration } from "../core/registration.ts";
import type { Resolution } from "../core/resolution.ts";

/** Which threads want a type. */
export interface Route {
  readonly version: number;
  readonly type: string;
  /** Whether the thread that made the bus does. */
  readonly home: boolean;
  /** Whether any thread of which one gets it subscribes it, dead or alive. */
  readonly hasWorkers: boolean;
  /** The threads of which one gets it, by node. */
  readonly workers: readonly number[];
  /** The threads that all get it, by node. */
  readonly each: readonly number[];
  /** Whether one thread at most gets it. */
  readonly isPlain: boolean;
  /** The number of the type among this thread's topics; -2 until it is first sent. */
  topic: number;
}

/** What one thread knows of the subscriptions of all others. */
export class Routes {
  /** Patterns of all nodes; their handlers are never called. */
  readonly #patterns = new Registry();
  /** Who has subscribed what. */
  readonly #owners = new WeakMap<Registration, number>();
  /** By node, subscriptions by their number. */
  readonly #known: Map<number, Registration>[] = [];
  /** By node, whether it has said all that it subscribes: until then it counts for every type. */
  readonly #isServing: boolean[] = [];
  /** By node, whether nothing may be sent to it. */
  readonly #isGone: boolean[] = [];
  readonly #self: number;
  #version = 1;

  constructor(nodes: number, self: number) {
    this.#self = self;
    for (let node = 0; node < nodes; node++) {
      this.#known.push(new Map());
      this.#isServing.push(false);
      this.#isGone.push(false);
    }
  }

  /** Which threads want a type, remembered with its resolution. */
  of(resolution: Resolution): Route {
    const route = resolution.note as Route | undefined;
    if (route !== undefined && route.version === this.#version) return route;
    const made = this.#make(resolution.type);
    resolution.note = made;
    return made;
  }

  /** Notes a subscription; one that is known is not noted again. */
  add(node: number, id: number, pattern: string, each: boolean): void {
    if (this.#known[node].has(id)) return;
    const registration = this.#patterns.add(pattern, () => {});
    this.#known[node].set(id, registration);
    registration.each = each;
    this.#owners.set(registration, node);
    this.#version++;
  }

  /** Forgets a subscription. */
  remove(node: number, id: number): void {
    const registration = this.#known[node].get(id);
    if (registration === undefined) return;
    this.#known[node].delete(id);
    registration.unsubscribe();
    this.#version++;
  }

  /** Forgets what a thread has said, as another one has taken its place. */
  reset(node: number): void {
    for (const id of this.#known[node].keys()) this.remove(node, id);
    this.#isServing[node] = false;
    this.#version++;
  }

  /** Notes that a thread has said all that it subscribes. */
  serve(node: number): void {
    this.#isServing[node] = true;
    this.#version++;
  }

  /** Notes that nothing may be sent to a thread any more. */
  leave(node: number): void {
    this.#isGone[node] = true;
    this.#version++;
  }

  /** Whether a thread has failed for good. */
  isGone(node: number): boolean {
    return this.#isGone[node];
  }

  #make(type: string): Route {
    const workers = new Set<number>();
    const each = new Set<number>();
    let home = this.#self !== HOME && !this.#isServing[HOME];
    // All run the same module: what one wants that has failed first, the others have said.
    const isSaid = this.#isServing.includes(true, 1);
    for (let node = 1; node < this.#known.length; node++) {
      if (!this.#isServing[node] && !(isSaid && this.#isGone[node])) workers.add(node);
    }
    for (const registration of this.#patterns.current(type).registrations) {
      const node = this.#owners.get(registration)!;
      if (node === HOME) home = true;
      else (registration.each ? each : workers).add(node);
    }
    const isThere = (node: number) => !this.#isGone[node];
    const all = [...each].filter(isThere);
    return {
      version: this.#version,
      type,
      home,
      // What all wanted who have failed is not what nobody wants.
      hasWorkers: workers.size > 0 || each.size > 0 && all.length === 0,
      workers: [...workers].filter(isThere).sort((a, b) => a - b),
      each: all,
      isPlain: !home && all.length === 0,
      topic: -2,
    };
  }
}
