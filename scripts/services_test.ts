import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { findServer, SERVERS } from "./_services.ts";
import { findTestServices } from "./_test_services.ts";

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
