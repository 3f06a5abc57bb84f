import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { notRun } from "./_outcome.ts";
import { command } from "./_service_commands.ts";
import { down, findServer, SERVERS, status, up } from "./_services.ts";
import { findTestServices } from "./_test_services.ts";
import type { Server } from "./services/_server.ts";

/** Runs something with a variable of the environment set. */
async function withVariable(name: string, value: string, run: () => Promise<void>): Promise<void> {
  const before = Deno.env.get(name);
  Deno.env.set(name, value);
  try {
    await run();
  } finally {
    if (before === undefined) Deno.env.delete(name);
    else Deno.env.set(name, before);
  }
}

describe("findServer()", () => {
  it("finds each by its name, and names them all where there is none", () => {
    for (const server of SERVERS) assertEquals(findServer(server.name), server);
    assertThrows(() => findServer("rabbit"), RangeError, "there are redis, nats, nats-debian");
  });

  it("tells clients of each by a variable of its own", () => {
    const variables = new Set(SERVERS.map(({ variable }) => variable));
    assertEquals(variables.size, SERVERS.length);
  });
});

describe("command()", () => {
  const nowhere: Server = {
    ...findServer("redis"),
    name: "nowhere",
    find: () => Promise.resolve({ missing: "it is not packaged" }),
  };

  it("names the servers that should be up and are not", async () => {
    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    assertEquals(await command("up", [nowhere], say), ["nowhere"]);
    assertEquals(await command("restart", [nowhere], say), ["nowhere"]);
    assertEquals(lines.map((line) => line.split(": ")[0]), ["# nowhere", "# nowhere"]);
  });

  it("asks for nothing more where a server may be away", async () => {
    for (const word of ["down", "status", "kill", "freeze", "thaw"]) {
      assertEquals(await command(word, [nowhere]), [], word);
    }
  });
});

describe("up()", () => {
  it("forgets no server that is started while others are", async () => {
    const servers = Array.from({ length: 8 }, (_, at): Server => ({
      ...findServer("redis"),
      name: `sleeper-${at}`,
      find: () => Promise.resolve({ program: "sh" }),
      command: (program, { folder }) => [program, "-c", 'sleep 60; : "$0"', folder],
      isReady: () => Promise.resolve(true),
    }));
    try {
      await Promise.all(servers.map((server) => up(server, false)));
      assertEquals(servers.filter((server) => "missing" in status(server)), []);
    } finally {
      await Promise.all(servers.map(down));
    }
    assertEquals(servers.filter((server) => "url" in status(server)), []);
  });
});

describe("findTestServices()", () => {
  it("touches nothing where that was asked for", () =>
    withVariable("BEAT_SERVICES", "skip", async () => {
      const services = await findTestServices(["redis"], true);
      assertEquals(services, { missing: "BEAT_SERVICES=skip was given" });
    }));

  it("leaves alone what the environment names, and gives no means to restart it", () =>
    withVariable(
      "BEAT_SERVICES",
      "",
      () =>
        withVariable("BEAT_REDIS_URL", "redis://elsewhere", async () => {
          assertEquals(await findTestServices(["redis"], true), { env: {} });
        }),
    ));

  it("has nothing to tell to suites without servers", async () => {
    assertEquals(await findTestServices([], true), { env: {} });
  });
});

describe("a suite that could not run", () => {
  const reason = "Redis is not installed";

  it("is skipped aloud", () =>
    withVariable("BEAT_REQUIRE_SERVICES", "", async () => {
      const { failed, skipped } = await notRun(reason);
      assertEquals([failed, skipped], [0, [`not run: ${reason}`]]);
    }));

  it("has failed where BEAT_REQUIRE_SERVICES is 1", () =>
    withVariable("BEAT_REQUIRE_SERVICES", "1", async () => {
      const { failed, skipped, output } = await notRun(reason);
      assertEquals([failed, skipped, output], [1, [], `Could not run: ${reason}`]);
    }));
});
