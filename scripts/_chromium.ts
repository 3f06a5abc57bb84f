import { dirname } from "node:path";
import { bundleModule, bundleTests } from "./_bundle.ts";
import type { Collected } from "./_collected.ts";
import { exists } from "./_files.ts";
import { run } from "./_process.ts";

/** Milliseconds until the page must have answered, start of the browser included. */
const TIME_LIMIT = 120_000;
/** Milliseconds that the browser gets to end by itself. */
const STOP_LIMIT = 3_000;

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

// A page has SharedArrayBuffer only when it is cross-origin isolated.
const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

const PAGE = `<!doctype html><meta charset="utf-8"><title>Tests</title>
<script>
  const post = (report) => fetch("/report", { method: "POST", body: JSON.stringify(report) });
  // A module that does not load rejects here, one that throws at its top as well.
  import("/tests.js").catch((error) => post({ broken: String(error.stack ?? error) }));
</script>`;

const PLATFORM = { conditions: ["browser"] };

const START = `
const results = await runCollected();
await fetch("/report", { method: "POST", body: JSON.stringify({ results }) });`;

interface Report {
  results?: Collected[];
  broken?: string;
}

/** Finds Chromium, installing Debian's package first where that is wanted and allowed. */
export async function findChromium(
  install: boolean,
): Promise<{ program: string } | { missing: string }> {
  const found = await installedChromium();
  if (found !== undefined) return { program: found };
  if (!install) return { missing: "no chromium found and --no-install was given" };
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    return { missing: "no chromium found; only root on Debian can install it" };
  }
  const failure = await installPackage();
  const installed = await installedChromium();
  return installed === undefined
    ? { missing: `chromium cannot be installed: ${failure}` }
    : { program: installed };
}

/** Runs the tests of the given files in a page of a headless Chromium. */
export async function runInChromium(program: string, files: string[]): Promise<Collected[]> {
  const bundle = await bundleTests(files, { ...PLATFORM, start: START });
  const findThread = serveThreads(files);
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/report") resolve(await request.json());
      if (pathname === "/tests.js") return respond(bundle, "text/javascript");
      if (pathname === "/") return respond(PAGE, "text/html");
      const thread = await findThread(pathname);
      if (thread !== undefined) return respond(thread, "text/javascript");
      return respond("", "text/plain", pathname === "/report" ? 200 : 404);
    },
  );
  const profile = await Deno.makeTempDir({ prefix: "beat-chromium-" });
  const browser = new Deno.Command(program, {
    args: [...FLAGS, `--user-data-dir=${profile}`, `http://127.0.0.1:${server.addr.port}/`],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const ended = browser.output();
  ended.then(({ code, stderr }) =>
    reject(new Error(`Chromium ended with ${code}: ${new TextDecoder().decode(stderr).trim()}`))
  );
  const timer = setTimeout(
    () => reject(new Error(`Chromium sent no results within ${TIME_LIMIT / 1000} s`)),
    TIME_LIMIT,
  );
  try {
    const { results, broken } = await promise;
    if (broken !== undefined) throw new Error(`The tests do not load: ${broken}`);
    return results!;
  } finally {
    clearTimeout(timer);
    await stop(browser, ended);
    await server.shutdown();
    await removeQuietly(profile);
  }
}

/**
 * Gives the modules that tests start threads with. A test names one by its own address, which is
 * that of the bundle in the page: so its path is that from the folder of the test.
 */
function serveThreads(files: string[]): (pathname: string) => Promise<string> | undefined {
  const folders = new Set(files.map((file) => dirname(file)));
  const bundles = new Map<string, Promise<string>>();
  return (pathname) => {
    const file = [...folders].map((folder) => `${folder}${pathname}`).find((path) =>
      path.endsWith(".ts") && exists(path)
    );
    if (file === undefined) return undefined;
    const known = bundles.get(file);
    if (known !== undefined) return known;
    const made = bundleModule(file, PLATFORM);
    bundles.set(file, made);
    return made;
  };
}

function respond(body: string, type: string, status = 200): Response {
  const headers = { ...ISOLATED, "content-type": `${type}; charset=utf-8` };
  return new Response(body, { headers, status });
}

/** Asks the browser to end, so that its helpers end as well, and insists a moment later. */
async function stop(browser: Deno.ChildProcess, ended: Promise<unknown>): Promise<void> {
  signal(browser, "SIGTERM");
  const timer = setTimeout(() => signal(browser, "SIGKILL"), STOP_LIMIT);
  await ended;
  clearTimeout(timer);
}

function signal(browser: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    browser.kill(name);
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError)) throw error;
  }
}

/** The browser's helpers may write for a moment after it was stopped. */
async function removeQuietly(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function installedChromium(): Promise<string | undefined> {
  const candidates = [Deno.env.get("CHROMIUM"), "/usr/bin/chromium", "/usr/bin/google-chrome"];
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    const there = await Deno.stat(candidate).then((info) => info.isFile, () => false);
    if (there) return candidate;
  }
  return undefined;
}

async function installPackage(): Promise<string> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"];
  try {
    const first = await run(install, { env });
    if (first.code === 0) return "";
    // The list of packages may be missing or old.
    await run(["apt-get", "update"], { env });
    return (await run(install, { env })).output.trim();
  } catch (error) {
    return String(error);
  }
}
