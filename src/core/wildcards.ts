import type { Registration } from "./registration.ts";

/** A place in the tree of wildcard patterns: the segments so far. */
interface Node {
  literals: Map<string, Node> | undefined;
  /** Child for `*`. */
  one: Node | undefined;
  /** Child for `**`. */
  many: Node | undefined;
  /** Whether this node stands for a `**`, so that it stays active whatever segment follows. */
  readonly repeats: boolean;
  /** Subscriptions whose pattern ends here, in registration order. */
  ending: Set<Registration> | undefined;
  /** The step of a walk that reached the node last: keeps a walk from counting it twice. */
  step: number;
}

function createNode(repeats: boolean): Node {
  return {
    literals: undefined,
    one: undefined,
    many: undefined,
    repeats,
    ending: undefined,
    step: 0,
  };
}

/**
 * The wildcard subscriptions of a bus, as a tree of segments.
 *
 * A type is matched by walking the tree as a non-deterministic automaton: a set of active nodes
 * moves on segment by segment. A node enters the set at most once a segment, so a walk takes at
 * most segments x nodes steps whatever the patterns are; backtracking over several `**` would be
 * exponential.
 */
export class WildcardTree {
  #root: Node = createNode(false);
  #step = 0;
  /** How many subscriptions the tree holds. */
  size = 0;

  /** Adds a subscription under its segments. */
  add(registration: Registration): void {
    let node = this.#root;
    for (const segment of registration.segments) node = descend(node, segment);
    (node.ending ??= new Set()).add(registration);
    this.size++;
  }

  /** Removes a subscription and every node that served only it. */
  remove(registration: Registration): void {
    const segments = registration.segments;
    const path = [this.#root];
    for (const segment of segments) path.push(child(path[path.length - 1], segment)!);
    const end = path[path.length - 1];
    end.ending!.delete(registration);
    if (end.ending!.size === 0) end.ending = undefined;
    this.size--;
    for (let i = segments.length; i > 0 && isBare(path[i]); i--) {
      detach(path[i - 1], segments[i - 1]);
    }
  }

  /** Appends to `found` the subscriptions that match `type`, grouped by pattern. */
  collect(type: string, found: Registration[]): void {
    if (this.size === 0) return;
    let active: Node[] = [];
    this.#step++;
    this.#activate(this.#root, active);
    let start = 0;
    while (active.length > 0) {
      const dot = type.indexOf(".", start);
      const segment = dot < 0 ? type.slice(start) : type.slice(start, dot);
      const next: Node[] = [];
      this.#step++;
      for (const node of active) {
        if (node.repeats) this.#activate(node, next);
        if (node.one !== undefined) this.#activate(node.one, next);
        const literal = node.literals?.get(segment);
        if (literal !== undefined) this.#activate(literal, next);
      }
      active = next;
      if (dot < 0) break;
      start = dot + 1;
    }
    for (const node of active) {
      if (node.ending !== undefined) { for (const each of node.ending) found.push(each); }
    }
  }

  /** Appends every subscription of the tree to `found`. */
  all(found: Registration[], node: Node = this.#root): void {
    if (node.ending !== undefined) { for (const each of node.ending) found.push(each); }
    if (node.one !== undefined) this.all(found, node.one);
    if (node.many !== undefined) this.all(found, node.many);
    if (node.literals !== undefined) {
      for (const next of node.literals.values()) this.all(found, next);
    }
  }

  /** Makes a node active, and with it the `**` below it, which may stand for no segment at all. */
  #activate(node: Node, active: Node[]): void {
    for (let at: Node | undefined = node; at !== undefined; at = at.many) {
      if (at.step === this.#step) return;
      at.step = this.#step;
      active.push(at);
    }
  }
}

function child(node: Node, segment: string): Node | undefined {
  if (segment === "*") return node.one;
  if (segment === "**") return node.many;
  return node.literals?.get(segment);
}

function descend(node: Node, segment: string): Node {
  if (segment === "*") return node.one ??= createNode(false);
  if (segment === "**") return node.many ??= createNode(true);
  const literals = node.literals ??= new Map();
  let next = literals.get(segment);
  if (next === undefined) literals.set(segment, next = createNode(false));
  return next;
}

function detach(node: Node, segment: string): void {
  if (segment === "*") node.one = undefined;
  else if (segment === "**") node.many = undefined;
  else if (node.literals!.delete(segment) && node.literals!.size === 0) node.literals = undefined;
}

function isBare(node: Node): boolean {
  return node.ending === undefined && node.literals === undefined && node.one === undefined &&
    node.many === undefined;
}
