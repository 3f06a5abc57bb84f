import { exists, readJson } from "./_files.ts";

/** A package of the workspace that is published. */
export interface Package {
  name: string;
  version: string;
  /** Its folder, "." for the root. */
  folder: string;
  /** The file behind each public name. */
  exports: Record<string, string>;
}

/** The root and the workspace members that have public names. */
export function findPackages(): Package[] {
  const members: string[] = readJson("deno.json").workspace ?? [];
  return [".", ...members].flatMap((folder) => {
    if (!exists(`${folder}/deno.json`)) return [];
    const { name, version, exports } = readJson(`${folder}/deno.json`);
    if (exports === undefined) return [];
    return [{ name, version, folder: withoutDot(folder), exports: namesOf(exports) }];
  });
}

/** The files behind all public names of all packages. */
export function entryPoints(): string[] {
  return findPackages().flatMap(({ folder, exports }) =>
    Object.values(exports).map((file) => {
      const inside = withoutDot(file);
      return folder === "." ? inside : `${folder}/${inside}`;
    })
  );
}

/** How `package.json` and `deno.json` differ in the names that they make public. */
export function findExportDrift(): string[] {
  return findPackages().flatMap(({ name, folder, exports }) => {
    if (!exists(`${folder}/package.json`)) return [];
    const theirs = namesOf(readJson(`${folder}/package.json`).exports ?? {});
    const keys = [...new Set([...Object.keys(exports), ...Object.keys(theirs)])];
    return keys.filter((key) => exports[key] !== theirs[key]).map((key) =>
      `${name} "${key}": ${exports[key] ?? "nothing"} in deno.json, ${
        theirs[key] ?? "nothing"
      } in package.json`
    );
  });
}

function namesOf(exports: string | Record<string, string>): Record<string, string> {
  return typeof exports === "string" ? { ".": exports } : exports;
}

function withoutDot(path: string): string {
  return path === "." ? path : path.replace(/^\.\//, "");
}
