import { exists, listFiles } from "./_files.ts";
import { ALL_RUNTIMES, type RuntimeName } from "./_runtimes.ts";

/** One row of the table of tests. */
export interface Suite {
  /** What `--only` takes. */
  name: string;
  /** The folder or file that holds the tests. */
  path: string;
  /** Where it runs; {@linkcode EVERYWHERE} unless given. */
  runtimes?: RuntimeName[];
  /** What Deno may do while it runs; nothing unless given. */
  permissions?: string[];
  /** Whether Deno fails a test that leaves a timer, an operation or a resource behind. */
  sanitize?: boolean;
  /** Whether real threads or processes have a say in it; servers always have. */
  isReal?: boolean;
  /** The servers that it needs, by the names of `scripts/services.ts`. */
  services?: string[];
  /** Test files that do not fit some runtimes, by the end of their path. */
  omit?: { files: string[]; on: RuntimeName[] }[] | undefined;
}

const EVERYWHERE = ALL_RUNTIMES;
const PROCESSES: RuntimeName[] = ["deno", "bun", "node22", "node24", "node26"];

/** Processes that are killed: what is left of them is in the database, not in the runtime. */
const SQL_OMIT: NonNullable<Suite["omit"]> = [{
  files: [
    "/relay_faults_test.ts",
    "/outbox_test.ts",
    "/order_test.ts",
    "/faults_test.ts",
    "/interop_test.ts",
  ],
  on: ["bun", "node22", "node24", "node26"],
}];

/** On servers, faults are suites of their own. */
const SERVER_OMIT: Suite["omit"] = [
  ...SQL_OMIT,
  { files: ["/faults_test.ts"], on: ["deno"] },
];

/** All suites. One whose path does not exist is not run and not shown. */
const SUITES: Suite[] = [
  { name: "options", path: "src/options", sanitize: true },
  { name: "core", path: "src/core", sanitize: true },
  { name: "runtime", path: "src/runtime", permissions: ["-A"], sanitize: true },
  {
    name: "runtime-no-env",
    path: "src/runtime",
    // A test loads a module once more.
    permissions: ["--allow-read=src/runtime"],
    runtimes: ["deno"],
    sanitize: true,
  },
  { name: "ring", path: "src/ring", sanitize: true },
  {
    name: "engines",
    path: "src/engines",
    sanitize: true,
    omit: [
      // Home of a bus with threads sleeps by `waitAsync`, which resolves outside the request there.
      // There are no threads either, so nobody but its test would ever start it.
      { files: ["/home_engine_test.ts"], on: ["workerd"] },
      // On Bun the stack may end where nothing is called: a count may be off by one then.
      { files: ["/stack_overflow_test.ts"], on: ["bun"] },
    ],
  },
  {
    name: "threads",
    path: "tests/threads",
    permissions: ["-A"],
    runtimes: [...PROCESSES, "chromium"],
    isReal: true,
  },
  {
    // The tests of the suite before, in a program without shared memory.
    name: "threads-by-message",
    path: "tests/threads_by_message",
    permissions: ["-A"],
    runtimes: [...PROCESSES, "chromium"],
    isReal: true,
  },
  { name: "message", path: "src/message", sanitize: true },
  { name: "marshal", path: "src/marshal", sanitize: true },
  { name: "transport", path: "src/transport", sanitize: true },
  {
    name: "memory",
    path: "src/memory",
    sanitize: true,
    // The clock of workerd stands still while a handler runs: it cannot be blocked for a time.
    omit: [{ files: ["/blocked_loop_test.ts"], on: ["workerd"] }],
  },
  { name: "middleware", path: "src/middleware", sanitize: true },
  {
    name: "router",
    path: "src/router",
    sanitize: true,
    // In a bundle a stack does not tell from which file a call came.
    omit: [{ files: ["/one_engine_test.ts"], on: ["workerd", "chromium"] }],
  },
  { name: "local", path: "src/local", sanitize: true },
  { name: "testing", path: "src/testing", sanitize: true },
  {
    name: "conformance",
    path: "tests/conformance",
    // One of its defects leaves a listener behind; the assertions are counted in the files.
    permissions: ["--allow-net=127.0.0.1", "--allow-read=src/testing/cases"],
    sanitize: true,
    // That the suite finds what is broken is a matter of the suite, not of the platform.
    omit: [{
      files: ["/broken_test.ts"],
      on: ["bun", "node22", "node24", "node26", "workerd", "chromium"],
    }],
  },
  {
    name: "profile",
    path: "src/profile",
    permissions: ["--allow-env=BEAT_SCENARIO"],
    // Pages and workerd have no environment.
    omit: [{ files: ["/environment_test.ts"], on: ["workerd", "chromium"] }],
  },
  { name: "profile-no-env", path: "src/profile", runtimes: ["deno"] },
  { name: "root", path: "mod_test.ts", permissions: ["-A"], runtimes: PROCESSES },
  {
    name: "runtimes",
    path: "tests/runtimes",
    permissions: ["-A"],
    omit: [{ files: ["/processes_test.ts", "/docs_test.ts"], on: ["workerd", "chromium"] }],
  },
  {
    name: "http",
    path: "adapters/http",
    // The database of Deno is one of those that the replay guard writes to.
    permissions: ["-A", "--unstable-kv"],
    runtimes: [...PROCESSES, "workerd"],
    omit: [
      {
        files: [
          "/listen_test.ts",
          "/end_to_end_test.ts",
          "/webhook_publisher_test.ts",
          "/webhook_sink_test.ts",
          "/socket_poster_test.ts",
          "/cloud_events_test.ts",
          "/watermill_test.ts",
          "/conformance_test.ts",
          "/retry_schedule_test.ts",
        ],
        on: ["workerd"],
      },
      { files: ["/workerd_test.ts"], on: ["bun", "node22", "node24", "node26", "workerd"] },
      // Who dies is told by one runtime of each kind.
      { files: ["/faults_test.ts"], on: ["node22", "node26", "workerd"] },
    ],
  },
  {
    name: "redis",
    path: "adapters/redis",
    permissions: ["-A"],
    runtimes: ["deno", "bun", "node24"],
    services: ["redis"],
    // What fails, and what its tool says, is told by one runtime; the others take the short form.
    omit: [
      { files: ["/interop_test.ts", "/partitions_test.ts"], on: ["bun", "node24"] },
      { files: ["/faults_test.ts"], on: ["deno", "bun", "node24"] },
    ],
  },
  {
    name: "redis-faults",
    path: "adapters/redis/faults_test.ts",
    permissions: ["-A"],
    runtimes: ["deno"],
    services: ["redis"],
  },
  { name: "sql", path: "adapters/sql", permissions: ["-A"], runtimes: PROCESSES, omit: SQL_OMIT },
  {
    name: "nats",
    path: "adapters/nats",
    permissions: ["-A"],
    runtimes: ["deno", "bun", "node24"],
    services: ["nats"],
    // What fails and who dies is told by one runtime; the others take the short form.
    omit: [
      { files: ["/order_test.ts", "/credentials_test.ts"], on: ["bun", "node24"] },
      // Suites of their own.
      { files: ["/faults_test.ts", "/debian_test.ts"], on: ["deno", "bun", "node24"] },
    ],
  },
  {
    name: "nats-faults",
    path: "adapters/nats/faults_test.ts",
    permissions: ["-A"],
    runtimes: ["deno"],
    services: ["nats"],
  },
  {
    name: "nats-debian",
    path: "adapters/nats/debian_test.ts",
    permissions: ["-A"],
    runtimes: ["deno"],
    services: ["nats-debian"],
  },
  {
    name: "kafka",
    path: "adapters/kafka",
    permissions: ["-A"],
    runtimes: ["deno", "bun", "node24"],
    services: ["kafka"],
    // What fails, and what tools of Java say, is told by one runtime; the others take the short form.
    omit: [
      { files: ["/interop_test.ts"], on: ["bun", "node24"] },
      { files: ["/faults_test.ts"], on: ["deno", "bun", "node24"] },
    ],
  },
  {
    name: "kafka-faults",
    path: "adapters/kafka/faults_test.ts",
    permissions: ["-A"],
    runtimes: ["deno"],
    services: ["kafka"],
  },
  {
    name: "sql-postgres",
    path: "adapters/sql",
    permissions: ["-A"],
    runtimes: ["deno", "bun", "node24"],
    services: ["postgres"],
    omit: SERVER_OMIT,
  },
  {
    name: "postgres-faults",
    path: "adapters/sql/faults_test.ts",
    permissions: ["-A"],
    runtimes: ["deno"],
    services: ["postgres"],
  },
  {
    name: "sql-mariadb",
    path: "adapters/sql",
    permissions: ["-A"],
    runtimes: ["deno", "bun", "node24"],
    services: ["mariadb"],
    omit: SERVER_OMIT,
  },
  {
    name: "mariadb-faults",
    path: "adapters/sql/faults_test.ts",
    permissions: ["-A"],
    runtimes: ["deno"],
    services: ["mariadb"],
  },
  {
    name: "examples",
    path: "tests/examples",
    permissions: ["-A"],
    runtimes: PROCESSES,
    isReal: true,
  },
  {
    // Whole and in short form the suites above run elsewhere.
    name: "smoke",
    path: "tests/smoke",
    permissions: ["-A"],
    runtimes: ["node22", "node26"],
    services: ["redis", "nats", "kafka", "postgres", "mariadb"],
  },
  {
    name: "demo-brokers",
    path: "tests/demo_brokers",
    permissions: ["-A"],
    runtimes: ["deno", "node24"],
    services: ["redis", "nats", "kafka", "postgres", "mariadb"],
  },
  {
    name: "interop",
    path: "tests/interop",
    permissions: ["-A"],
    runtimes: ["deno", "bun", "node24"],
    services: ["redis", "nats", "kafka"],
    // What stands on a broker is told by one runtime; headers are read by the platform.
    omit: [{ files: ["/watermill_test.ts"], on: ["bun", "node24"] }],
  },
  { name: "guarantees", path: "tests/guarantees", permissions: ["-A"], runtimes: ["deno"] },
  { name: "soak", path: "tests/soak", runtimes: ["deno"] },
  { name: "bundlers", path: "tests/bundlers", permissions: ["-A"], runtimes: ["deno"] },
  {
    name: "compile-errors",
    path: "tests/compile_errors",
    permissions: ["-A"],
    runtimes: ["deno"],
  },
  { name: "requests", path: "tests/requests", permissions: ["-A"], runtimes: ["deno"] },
  { name: "compilers", path: "tests/compilers", permissions: ["-A"], runtimes: ["deno"] },
  { name: "asyncapi", path: "tests/asyncapi", permissions: ["-A"], runtimes: PROCESSES },
  { name: "telemetry", path: "tests/telemetry", permissions: ["-A"], runtimes: PROCESSES },
  { name: "heap", path: "tests/memory", permissions: ["-A"], runtimes: PROCESSES },
  { name: "bench", path: "bench", permissions: ["-A"], runtimes: ["deno"] },
  { name: "mutants", path: "tests/mutants", permissions: ["-A"], runtimes: ["deno"] },
  { name: "stand-ins", path: "tests/_std" },
  { name: "scripts", path: "scripts", permissions: ["-A"], runtimes: ["deno"] },
];

const TEST_FILE = /_test\.tsx?$/;
const TYPES_TEST_FILE = /(^|_|\/)types_test\.ts$/;

/** The suites that exist here. */
export function findSuites(): Suite[] {
  return SUITES.filter((suite) => exists(suite.path) && testFiles(suite).length > 0);
}

/** Where a suite runs. */
export function runtimesOf(suite: Suite): RuntimeName[] {
  return suite.runtimes ?? EVERYWHERE;
}

/** The test files of a suite, without those that do not fit `runtime`. */
export function testFiles(suite: Suite, runtime?: RuntimeName): string[] {
  const omitted = (suite.omit ?? [])
    .filter(({ on }) => runtime !== undefined && on.includes(runtime))
    .flatMap(({ files }) => files);
  const found = suite.path.endsWith(".ts") ? [suite.path] : listFiles(suite.path, TEST_FILE);
  return found
    .filter((file) => !TYPES_TEST_FILE.test(file))
    .filter((file) => !omitted.some((end) => file.endsWith(end)));
}

/** The files that are tested by type-checking them. */
export function typeTestFiles(): string[] {
  return listFiles(".", TYPES_TEST_FILE);
}
