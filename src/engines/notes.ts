import { FLAG_NOTE } from "../ring/frame.ts";
import { NODE_SUBSCRIBED } from "../ring/layout.ts";
import { HOME } from "./mesh.ts";
import type { DropReport } from "../core/bus_options.ts";
import type { Registration } from "../core/registration.ts";
import type { Mesh } from "./mesh.ts";
import type { Outbox } from "./outbox.ts";
import type { Routes } from "./routes.ts";

/** What threads tell each other, in the rings, in its place among the events. */
export type Note =
  | readonly [kind: "hello", generation: number]
  | readonly [kind: "welcome", generation: number]
  | readonly [kind: "on", id: number, pattern: string, each: boolean]
  | readonly [kind: "off", id: number]
  | readonly [kind: "serving", generation: number]
  | readonly [kind: "gone", node: number]
  | readonly [kind: "dropped", report: DropReport]
  | readonly [kind: "fault", error: ErrorReport];

/** An error as another thread gets it. */
export interface ErrorReport {
  name: string;
  message: string;
  stack?: string;
}

/**
 * A failure as another thread gets it: of the handlers of a pattern, of a stage, or of neither. That
 * of a batch says how many of its events have come before.
 */
export type FailureReport = readonly [
  pattern: string | null,
  error: ErrorReport,
  count?: number,
  stage?: number,
];

/** Tells the other threads what this one subscribes, and hears what they do. */
export class Notes {
  readonly #mesh: Mesh;
  readonly #routes: Routes;
  readonly #outbox: Outbox;
  /** What this thread subscribes, with the numbers by which it is told. */
  readonly #ids = new Map<Registration, number>();
  /**
   * What found no room, by node, each under what it is about: what is said of it later takes its
   * place, so that no more waits than there is to say, however long a thread reads nothing.
   */
  readonly #waiting: Map<string, Note>[] = [];
  /** Nodes that have not heard of a subscription, and what to do when all have. */
  readonly #open = new Map<number, { nodes: Set<number>; resolve: () => void }>();
  /**
   * By node, whether it has answered the greeting of this very thread. What it had told the thread
   * before, in the same ring, is not the whole: some of it has died with that one.
   */
  readonly #isWelcome: boolean[] = [];
  readonly #generation: number;
  #isServing = false;

  constructor(mesh: Mesh, routes: Routes, outbox: Outbox, generation: number) {
    this.#mesh = mesh;
    this.#generation = generation;
    this.#routes = routes;
    this.#outbox = outbox;
    for (let node = 0; node <= mesh.layout.threads; node++) {
      this.#waiting.push(new Map());
      // The thread of the bus never dies before the others, so it has always heard everything.
      this.#isWelcome.push(mesh.self === HOME);
    }
  }

  /** Says hello: from now on the others send what they know. */
  greet(): void {
    this.#tellAll(["hello", this.#generation]);
  }

  /** Says that all that this thread subscribes at first has been said. */
  serve(): void {
    this.#isServing = true;
    this.#routes.serve(this.#mesh.self);
    this.#tellAll(["serving", this.#generation]);
  }

  /** Tells of a subscription, which is ready when all have heard. */
  add(registration: Registration): void {
    const { cells, words } = this.#mesh;
    // Who was in this place before has numbered its own: what others have noted of those is no answer.
    const id = cells.get(words + NODE_SUBSCRIBED) + 1;
    cells.set(words + NODE_SUBSCRIBED, id);
    this.#ids.set(registration, id);
    const { pattern, each = false } = registration;
    const nodes = new Set(this.#others());
    if (this.#mesh.self !== HOME) this.#routes.add(this.#mesh.self, id, pattern, each);
    if (nodes.size === 0) return;
    registration.readiness = new Promise((resolve) => this.#open.set(id, { nodes, resolve }));
    this.#tellAll(this.#describe(id, registration));
    // The answers are words, at which a turn looks.
    this.#outbox.awaitRoom();
  }

  /** Whether others have not heard yet of what this thread has subscribed. */
  get isAwaited(): boolean {
    return this.#open.size > 0;
  }

  /** Tells that a subscription has ended. */
  remove(registration: Registration): void {
    const id = this.#ids.get(registration);
    if (id === undefined) return;
    this.#ids.delete(registration);
    this.#routes.remove(this.#mesh.self, id);
    for (const node of this.#others()) {
      this.#settleOne(id, node);
      // Who has not heard of the beginning needs not hear of the end.
      if (!this.#waiting[node].delete("on" + id)) this.tell(node, ["off", id]);
    }
  }

  /** Tells one thread something, at once or when there is room: no event overtakes it. */
  tell(node: number, note: Note): void {
    const waiting = this.#waiting[node];
    const about = note[0] + note[1];
    waiting.delete(about);
    waiting.set(about, note);
    if (this.#sendTo(node)) this.#outbox.awaitRoom();
  }

  /** Sends what waits and finds room now, and sees who has heard; says whether anything still waits. */
  flush(): boolean {
    for (const [id, { nodes }] of this.#open) {
      for (const node of nodes) {
        if (((this.#mesh.writers[node]!.heard - id) | 0) >= 0) this.#settleOne(id, node);
      }
    }
    const late = this.#waiting.filter(({ size }, node) => size > 0 && this.#sendTo(node));
    return late.length > 0;
  }

  /** Does what a note from `node` says. */
  hear(node: number, note: Note): void {
    const routes = this.#routes;
    switch (note[0]) {
      case "welcome":
        this.#isWelcome[node] ||= note[1] === this.#generation;
        // All that holds is told behind it: an end is not, where its beginning is not told again.
        routes.reset(node);
        break;
      case "hello":
        this.tell(node, ["welcome", note[1]]);
        // The thread before may have died of something with this one's greeting, or with its answer.
        if (!this.#isWelcome[node]) this.tell(node, ["hello", this.#generation]);
        for (const [other] of this.#waiting.entries()) {
          if (routes.isGone(other)) this.tell(node, ["gone", other]);
        }
        routes.reset(node);
        for (const [own, id] of this.#ids) this.tell(node, this.#describe(id, own));
        if (this.#isServing) this.tell(node, ["serving", this.#generation]);
        break;
      case "on":
        routes.add(node, note[1], note[2], note[3]);
        // A word, as what waits for it may be what keeps the ring to there full.
        this.#mesh.readers[node]!.confirm(note[1]);
        break;
      case "off":
        routes.remove(node, note[1]);
        break;
      case "serving":
        if (this.#isWelcome[node]) routes.serve(node);
        break;
      case "gone":
        this.leave(note[1]);
        break;
    }
  }

  /** Sends nothing more to a thread, and tells the others that nobody should. */
  exclude(node: number): void {
    this.leave(node);
    this.#tellAll(["gone", node]);
  }

  /** Nothing is sent to a thread any more, nor waited for. */
  leave(node: number): void {
    this.#routes.leave(node);
    this.#waiting[node].clear();
    for (const id of this.#open.keys()) this.#settleOne(id, node);
  }

  /** Tells all others something. */
  #tellAll(note: Note): void {
    for (const node of this.#others()) this.tell(node, note);
  }

  #others(): number[] {
    const { self, layout } = this.#mesh;
    const nodes = [];
    for (let node = 0; node <= layout.threads; node++) {
      if (node !== self && !this.#routes.isGone(node)) nodes.push(node);
    }
    return nodes;
  }

  /**
   * How a subscription is told. One that no frame holds is told as one of all types, though events that
   * others want go to this thread then, too: it would never be told otherwise.
   */
  #describe(id: number, { pattern, each = false }: Registration): Note {
    const note: Note = ["on", id, pattern, each];
    return this.#outbox.holds(note) ? note : ["on", id, "**", each];
  }

  /** Sends what waits for one thread and finds room now; says whether anything still waits. */
  #sendTo(node: number): boolean {
    const waiting = this.#waiting[node];
    const writer = this.#mesh.writers[node]!;
    writer.hold(undefined);
    for (const [about, note] of waiting) {
      if (!this.#outbox.sendTo(node, { type: "note", data: note }, FLAG_NOTE)) {
        writer.hold(() => this.#sendTo(node));
        return true;
      }
      waiting.delete(about);
    }
    return false;
  }

  #settleOne(id: number, node: number): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    open.nodes.delete(node);
    if (open.nodes.size > 0) return;
    this.#open.delete(id);
    open.resolve();
  }
}

/** An error as it can cross. */
export function reportError(error: unknown): ErrorReport {
  try {
    if (error instanceof Error) {
      // They may be of any type, even of one that JSON has not.
      const { name, message, stack } = error;
      const said = { name: String(name), message: String(message) };
      return stack === undefined ? said : { ...said, stack: String(stack) };
    }
    return { name: "Error", message: String(error) };
  } catch {
    return { name: "Error", message: "an error that cannot be read" };
  }
}

/** An error that has crossed. */
export function reviveError({ name, message, stack }: ErrorReport): Error {
  const error = new Error(message);
  Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  if (stack !== undefined) {
    Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
  }
  return error;
}
