/** The folder of the repository, as a URL that ends in a slash. */
export const ROOT_URL = new URL("../", import.meta.url);

/** The folder of the repository, as a path without a slash at its end. */
export const ROOT = toPath(ROOT_URL).replace(/[\\/]$/, "");

/**
 * Makes Deno use the lock file of the tools. They would not fit into `deno.lock`: every `deno task`
 * first downloads all that is in there, and the demo needs none of their 200 MB.
 */
export const TOOLS_LOCK = "--lock=scripts/tools.lock";

const NOT_OURS = /^(\.git|\.runtimes|node_modules)$/;

/** The path of a `file:` URL, as the operating system writes it. */
export function toPath(url: URL): string {
  const path = decodeURIComponent(url.pathname);
  return Deno.build.os === "windows" ? path.slice(1).replaceAll("/", "\\") : path;
}

/** Tells whether something stands at `path`, seen from the repository. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT_URL));
    return true;
  } catch {
    return false;
  }
}

/** The text of a file of the repository. */
export function readText(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT_URL));
}

/** The value in a JSON file of the repository. */
// deno-lint-ignore no-explicit-any
export function readJson(path: string): any {
  return JSON.parse(readText(path));
}

/** All files at or below `path` whose path matches, with "/" between folders, in order. */
export function listFiles(path: string, pattern: RegExp): string[] {
  if (!exists(path)) return [];
  if (Deno.statSync(new URL(path, ROOT_URL)).isFile) return pattern.test(path) ? [path] : [];
  const folder = path === "." ? "" : `${path.replace(/\/$/, "")}/`;
  const entries = [...Deno.readDirSync(new URL(`./${folder}`, ROOT_URL))]
    .filter((entry) => !NOT_OURS.test(entry.name))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap((entry) => {
    const inner = `${folder}${entry.name}`;
    if (entry.isDirectory) return listFiles(inner, pattern);
    return pattern.test(inner) ? [inner] : [];
  });
}
