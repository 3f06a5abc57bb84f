import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { consumerOf, isConsumerOf, safeName, subjectsOf, topicOf } from "./names.ts";

/** Names that could be taken for each other. */
const NAMES = [
  "a",
  "a.b",
  "a=b",
  "a%3Db",
  "a%2Eb",
  "a~b",
  "a~1",
  "a.1",
  "a~",
  "a b",
  "a*b",
  "ä",
  "A",
];

describe("safeName()", () => {
  it("makes of each name another, which the server takes", () => {
    assertEquals(new Set(NAMES.map(safeName)).size, NAMES.length);
    for (const name of NAMES) assertMatch(safeName(name), /^[A-Za-z0-9_%=-]+$/);
  });
});

describe("topicOf()", () => {
  it("knows a topic by its stream, with partitions or without", () => {
    for (const topic of ["a", "a.b", "a-b.c_d.e"]) {
      for (const partitions of [1, 2, 16]) {
        assertEquals(topicOf(safeName(topic), subjectsOf(topic, partitions)), topic);
      }
    }
  });

  it("knows that a stream of somebody else is none", () => {
    assertEquals(topicOf("ORDERS", ["orders.>"]), undefined);
  });
});

describe("isConsumerOf()", () => {
  it("knows the consumers of a group from those of all others", () => {
    for (const one of NAMES) {
      for (const other of NAMES) {
        for (const consumer of [consumerOf(other, 0, 1), consumerOf(other, 1, 2)]) {
          assertEquals([consumer, isConsumerOf(one, consumer)], [consumer, one === other]);
        }
      }
    }
  });
});
