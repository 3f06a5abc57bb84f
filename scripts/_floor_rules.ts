import type { Import } from "./_graph.ts";

/** The ground plan: a room imports only from rooms on floors below its own; −1 is the cellar, under all. */
export const FLOORS: Record<string, number> = {
  options: -1,
  core: 0,
  runtime: 0,
  message: 0,
  ring: 1,
  marshal: 1,
  transport: 1,
  engines: 2,
  memory: 2,
  router: 2,
  middleware: 2,
  profile: 3,
  local: 3,
  stream: 3,
  testing: 3,
};

/** Rooms that must not know each other although the floors would allow it. */
const STRANGERS: [room: string, other: string][] = [
  ["engines", "message"],
  ["router", "core"],
];

/** Every breach of the ground plan, as text. `exported` are the files behind public names. */
export function findBreaches(imports: Import[], exported: string[]): string[] {
  const breaches = imports.flatMap((entry) => {
    const breach = judgeImport(entry, exported);
    return breach === undefined ? [] : [`${entry.from} imports "${entry.specifier}": ${breach}`];
  });
  return [...breaches, ...findCircles(imports)];
}

function judgeImport(entry: Import, exported: string[]): string | undefined {
  const { from, to, specifier } = entry;
  if (/^(jsr:)?@std\//.test(specifier)) return "only tests use @std";
  if (from.startsWith("src/")) return judgeRoom(entry);
  if (from.startsWith("adapters/")) {
    const own = from.split("/").slice(0, 2).join("/");
    if (!isInside(to) || to.startsWith(`${own}/`)) return undefined;
    if (!specifier.startsWith("@beat/") || !exported.includes(to)) {
      return "an adapter knows only the public names of @beat/beat";
    }
  }
  return undefined;
}

function judgeRoom({ from, to }: Import): string | undefined {
  if (to.startsWith("node:")) return "src takes node: modules by process.getBuiltinModule";
  if (!isInside(to)) return "src has no dependency";
  if (!to.startsWith("src/")) return "src imports nothing from outside src";
  const room = roomOf(from);
  const other = roomOf(to);
  if (room === other) return undefined;
  for (const name of [room, other]) {
    if (FLOORS[name] === undefined) return `${name} has no floor in the ground plan`;
  }
  if (FLOORS[other]! >= FLOORS[room]!) {
    return `${room} (floor ${FLOORS[room]}) must not know ${other} (floor ${FLOORS[other]})`;
  }
  const strangers = STRANGERS.some(([one, two]) => one === room && two === other);
  return strangers ? `${room} must not know ${other}` : undefined;
}

function roomOf(file: string): string {
  return file.split("/")[1]!;
}

/** Tells a path of the repository from a URL such as `npm:…` or `file:///…`. */
function isInside(target: string): boolean {
  return !/^[a-z]+:/.test(target);
}

/** Each circle once, found by walking the imports depth first. */
function findCircles(imports: Import[]): string[] {
  const targets = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    if (!isInside(to)) continue;
    if (!targets.has(from)) targets.set(from, new Set());
    targets.get(from)!.add(to);
  }
  const circles: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    const start = path.indexOf(file);
    if (start !== -1) {
      circles.push(`circle: ${[...path.slice(start), file].join(" → ")}`);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of targets.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of targets.keys()) visit(file);
  return circles;
}
