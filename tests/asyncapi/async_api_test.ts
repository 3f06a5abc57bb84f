import schema from "@asyncapi/specs/schemas/3.0.0-without-$id.json" with { type: "json" };
import { MemoryBroker } from "@beat/beat/memory";
import type { Publisher } from "@beat/beat/message";
import { asyncApi, type AsyncApiDocument, Router } from "@beat/beat/router";
import { fromPublisher, publisher, subscriber } from "@beat/beat/transport";
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Ajv } from "ajv";
import formats from "ajv-formats";

const ajv = new Ajv({ strict: false, allErrors: true });
formats.default(ajv);
const validate = ajv.compile(schema);

const INFO = { title: "Shop", version: "1.2.0", description: "Orders and invoices" };
const broker = new MemoryBroker();
const from = subscriber(broker);
const out = publisher(broker);

/** What the official schema says against a document, as it is written to a file. */
function faults(document: AsyncApiDocument): unknown[] {
  validate(JSON.parse(JSON.stringify(document)));
  return validate.errors ?? [];
}

/** The value that a reference inside a document points to. */
function follow(document: AsyncApiDocument, reference: string): unknown {
  const steps = reference.slice("#/".length).split("/");
  return steps.reduce<unknown>((value, step) => {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    return (value as Record<string, unknown> | undefined)?.[name];
  }, document);
}

function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === "$ref" ? [inner as string] : references(inner)
  );
}

function shop(): Router {
  const router = new Router();
  router.on("audit", "orders.paid", from, () => {});
  router.handle("bill", "orders.paid", from, "invoices", out, (order) => order.copy())
    .dlq({ topic: "orders.dead", publisher: out });
  router.onBatch("store in bulk", "invoices", from, () => {});
  return router;
}

describe("asyncApi()", () => {
  it("is valid by the official schema", () => {
    assertEquals(faults(asyncApi(shop(), INFO)), []);
  });

  it("is valid without handlers, and with schemas of payloads", () => {
    assertEquals(faults(asyncApi(new Router(), INFO)), []);
    const document = asyncApi(shop(), INFO, {
      payloads: { "orders.paid": { type: "object", properties: { total: { type: "number" } } } },
      contentTypes: { invoices: "application/pdf" },
    });
    assertEquals(faults(document), []);
    const message = follow(document, "#/components/messages/orders.paid");
    assertEquals((message as { contentType: string }).contentType, "application/json");
  });

  it("refers to what is there", () => {
    const document = asyncApi(shop(), INFO);
    const dangling = references(document).filter((one) => follow(document, one) === undefined);
    assertEquals(dangling, []);
  });

  it("has an operation for all that a handler receives, publishes and gives up", () => {
    const { operations } = asyncApi(shop(), INFO);
    const told = Object.entries(operations).map(([name, operation]) => {
      const { action, channel } = operation as { action: string; channel: { $ref: string } };
      return [name, action, channel.$ref];
    });
    assertEquals(told, [
      ["audit", "receive", "#/channels/orders.paid"],
      ["bill", "receive", "#/channels/orders.paid"],
      ["bill.out", "send", "#/channels/invoices"],
      ["bill.dead", "send", "#/channels/orders.dead"],
      ["store_in_bulk", "receive", "#/channels/invoices"],
    ]);
  });

  it("has a channel without address for what is routed, beside a topic of the same name", () => {
    const router = new Router();
    router.handle("sort", "sort.routed", from, "later", out, (one) => one.copy())
      .route(({ key }) => key);
    const document = asyncApi(router, INFO);
    assertEquals(faults(document), []);
    assertEquals(references(document).filter((one) => follow(document, one) === undefined), []);
    assertEquals(Object.keys(document.channels), ["sort.routed", "later", "sort.routed_2"]);
    assertEquals((document.channels["sort.routed_2"] as { address: unknown }).address, null);
    const { channel } = document.operations["sort.routed"] as { channel: { $ref: string } };
    assertEquals(channel.$ref, "#/channels/sort.routed_2");
  });

  it("keeps handlers apart whose names differ in what an identifier cannot have", () => {
    const router = new Router();
    for (const name of ["a b", "a_b", "a", "a.out", "größe", "__proto__"]) {
      router.handle(name, "orders", from, "invoices", out, () => {});
    }
    const document = asyncApi(router, INFO);
    assertEquals(Object.keys(document.operations).length, 12);
    assertEquals(faults(document), []);
  });

  it("takes topics and their options by their own names only", () => {
    const router = new Router();
    router.on("odd", "__proto__", from, () => {});
    router.on("odder", "constructor", from, () => {});
    const document = asyncApi(router, INFO, { payloads: {} });
    assertEquals(Object.keys(document.channels), ["__proto__", "constructor"]);
    assertEquals(faults(document), []);
  });

  it("refuses what is said of a topic that the router does not have, and a document about nothing", () => {
    const refused = (info: unknown, options?: object) =>
      assertThrows(() => asyncApi(shop(), info as never, options), TypeError).message;
    const known = "topics are orders.paid, invoices, orders.dead";
    for (const name of ["payloads", "contentTypes"]) {
      assertEquals(
        refused(INFO, { [name]: { "orders.payd": {} } }),
        `Cannot describe a router as '${name}' has 'orders.payd', which is no topic of it: ${known}`,
      );
    }
    assertThrows(
      () => asyncApi(new Router(), INFO, { payloads: { a: {} } }),
      TypeError,
      "are none",
    );
    assertEquals(
      refused(undefined),
      "Cannot describe a router as 'info' must be an object: current value is undefined",
    );
  });

  it("names the transports, and leaves out what it does not know", () => {
    const foreign: Publisher = fromPublisher({ publish: () => Promise.resolve() });
    const router = new Router();
    router.handle("bill", "orders", from, "invoices", foreign, () => {});
    const document = asyncApi(router, INFO);
    assertEquals(faults(document), []);
    const tagsOf = (name: string) => (document.operations[name] as { tags?: unknown }).tags;
    assertEquals(tagsOf("bill"), [{ name: "memory" }]);
  });
});
