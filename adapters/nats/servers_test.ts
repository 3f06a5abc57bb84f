import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { isServer, readServers } from "./servers.ts";

describe("isServer()", () => {
  it("takes URLs and hosts, and nothing else", () => {
    for (const server of ["a", "a:1", "nats://a", "tls://u:p@[::1]:1"]) {
      assertEquals([server, isServer(server)], [server, true]);
    }
    for (const server of ["", "nats://", "a b", "a:port", 1, undefined]) {
      assertEquals([server, isServer(server)], [server, false]);
    }
  });
});

describe("readServers()", () => {
  it("takes a host as it is, with or without a port", () => {
    assertEquals(readServers(["127.0.0.1", "nats://a:4223", "[::1]:4222"]), {
      servers: ["127.0.0.1", "a:4223", "[::1]:4222"],
    });
  });

  it("reads who connects, or the token of whoever has no password", () => {
    assertEquals(readServers(["nats://a", "nats://me:p%40ss@b:1"]), {
      servers: ["a", "b:1"],
      user: "me",
      pass: "p@ss",
    });
    assertEquals(readServers(["nats://t%2Fken@a"]), { servers: ["a"], token: "t/ken" });
  });

  it("encrypts where one URL says so", () => {
    assertEquals(readServers(["tls://a", "nats://b"]), { servers: ["a", "b"], tls: {} });
  });
});
