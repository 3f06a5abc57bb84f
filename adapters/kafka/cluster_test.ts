import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { EventEmitter } from "node:events";
import type { KafkaAdmin } from "./client.ts";
import { Cluster } from "./cluster.ts";
import { planTransport } from "./options.ts";

/** A cluster whose client that administers is ours, and what it has told of its connections. */
function clusterOf(): { admin: EventEmitter; kinds: string[] } {
  const admin = new EventEmitter();
  const unused = (): never => {
    throw new Error("Not asked for");
  };
  const clients = {
    admin: () => admin as unknown as KafkaAdmin,
    consumer: unused,
    producer: unused,
  };
  const cluster = new Cluster(planTransport({ clients }));
  const kinds: string[] = [];
  cluster.news.onConnection(({ kind }) => kinds.push(kind));
  cluster.admin("test");
  return { admin, kinds };
}

describe("Cluster", () => {
  it("tells that it is lost when the last connection is, and recovered with the next", () => {
    const { admin, kinds } = clusterOf();
    const [one, other] = [{ connection: {} }, { connection: {} }];
    admin.emit("client:broker:connect", one);
    admin.emit("client:broker:connect", other);
    admin.emit("client:broker:disconnect", one);
    assertEquals(kinds, ["connected"]);
    admin.emit("client:broker:disconnect", other);
    admin.emit("client:broker:connect", one);
    assertEquals(kinds, ["connected", "lost", "recovered"]);
  });

  it("takes a connection that a broker did not let in for none", () => {
    const { admin, kinds } = clusterOf();
    admin.emit("client:broker:disconnect", { connection: {} });
    admin.emit("client:broker:connect", { connection: {} });
    assertEquals(kinds, ["connected"]);
  });
});
