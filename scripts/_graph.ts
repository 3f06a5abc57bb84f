import { listFiles, ROOT, ROOT_URL } from "./_files.ts";
import { run } from "./_process.ts";

/** One import statement: paths inside the repository, or what stands outside as a URL. */
export interface Import {
  from: string;
  to: string;
  /** As it is written in the file. */
  specifier: string;
}

interface Info {
  modules: { specifier: string; error?: string; dependencies?: Dependency[] }[];
  redirects: Record<string, string>;
}

interface Dependency {
  specifier: string;
  code?: { specifier?: string; error?: string };
  type?: { specifier?: string; error?: string };
}

/** The files whose imports the floor rules judge: what is published, so neither tests nor `testdata`. */
export function publishedFiles(): string[] {
  return ["mod.ts", "src", "adapters"]
    .flatMap((path) => listFiles(path, /\.tsx?$/))
    .filter((file) => !/_test\.tsx?$|\/testdata\//.test(file));
}

/** Reads every import of the given files, type-only and dynamic ones included, as Deno resolves it. */
export async function readImports(files: string[]): Promise<Import[]> {
  const folder = await Deno.makeTempDir({ prefix: "beat-graph-" });
  try {
    // One entry for all files, since each call of `deno info` costs a tenth of a second.
    const entry = `${folder}/entry.ts`;
    const urls = files.map((file) => new URL(file, ROOT_URL).href);
    await Deno.writeTextFile(entry, urls.map((url) => `import "${url}";\n`).join(""));
    const command = [Deno.execPath(), "info", "--json", "--config", `${ROOT}/deno.json`, entry];
    const { code, stdout, output } = await run(command);
    if (code !== 0) throw new Error(`Cannot read the imports: ${output}`);
    return importsOf(JSON.parse(stdout), files);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function importsOf(info: Info, files: string[]): Import[] {
  const imports: Import[] = [];
  for (const { specifier: url, error, dependencies = [] } of info.modules) {
    const from = insideRepository(url);
    if (!files.includes(from)) continue;
    if (error !== undefined) throw new Error(`Cannot read ${from}: ${error}`);
    for (const { specifier, code, type } of dependencies) {
      const target = code?.specifier ?? type?.specifier ?? specifier;
      imports.push({ from, to: insideRepository(info.redirects[target] ?? target), specifier });
    }
  }
  return imports;
}

function insideRepository(url: string): string {
  return url.startsWith(ROOT_URL.href) ? url.slice(ROOT_URL.href.length) : url;
}
