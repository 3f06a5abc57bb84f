/** That the reader which the tests of metrics trust refuses what Prometheus refuses. */
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseExposition } from "./testdata/exposition.ts";

const HEAD = "# HELP a What it is\n# TYPE a counter\n";
const HISTOGRAM = "# HELP h What it is\n# TYPE h histogram\n";
const BUCKETS = 'h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\n';

describe("parseExposition()", () => {
  it("reads names, labels with escapes, and values", () => {
    const [family] = parseExposition(`${HEAD}a{b="x\\"\\\\\\n}, y",c=""} 1.5e+3\na 0\n`);
    assertEquals(family!.samples.map(({ name, labels, value }) => [name, [...labels], value]), [
      ["a", [["b", 'x"\\\n}, y'], ["c", ""]], 1_500],
      ["a", [], 0],
    ]);
    assertEquals(parseExposition(`${HISTOGRAM}${BUCKETS}h_sum 2.5\nh_count 2\n`).length, 1);
    assertEquals(parseExposition(""), []);
  });

  const malformed: [what: string, text: string][] = [
    ["the last line has no end", `${HEAD}a 1`],
    ["no name", `${HEAD}1a 1\n`],
    ["no label", `${HEAD}a{b-c="x"} 1\n`],
    ["no label", `${HEAD}a{b="x"c="y"} 1\n`],
    ["no label", `${HEAD}a{b="x\\r"} 1\n`],
    ["no label", `${HEAD}a{b="x"y"} 1\n`],
    ["label 'b'", `${HEAD}a{b="x",b="y"} 1\n`],
    ["no value", `${HEAD}a one\n`],
    ["no value", `${HEAD}a Infinity\n`],
    ["no value", `${HEAD}a{b="x"}1\n`],
    ["a counter below 0", `${HEAD}a -1\n`],
    ["a sample twice", `${HEAD}a{b="x"} 1\na{b="x"} 2\n`],
    ["a sample within 'a'", `${HEAD}b 1\n`],
    ["a sample without a head", "a 1\n"],
    ["no head", "# EOF\n"],
    ["no type", "# HELP a What it is\na 1\n"],
    ["no type", "# HELP a What it is\n# TYPE a number\n"],
    ["heads out of order", "# HELP a What it is\n# TYPE b counter\n"],
    ["a metric in two groups", `${HEAD}a 1\n${HEAD}`],
    ["a bad escape", "# HELP a What \\it is\n# TYPE a counter\n"],
    ["no sum or no count", `${HISTOGRAM}${BUCKETS}h_sum 1\n`],
    ["no bucket of +Inf", `${HISTOGRAM}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`],
    ["a count of its own", `${HISTOGRAM}${BUCKETS}h_sum 1\nh_count 3\n`],
    [
      "counts that fall",
      `${HISTOGRAM}h_bucket{le="1"} 3\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 2\n`,
    ],
    [
      "buckets out of order",
      `${HISTOGRAM}h_bucket{le="2"} 0\nh_bucket{le="1"} 1\n${
        BUCKETS.slice(19)
      }h_sum 1\nh_count 2\n`,
    ],
    ["a sample of its own name", `${HISTOGRAM}${BUCKETS}h_sum 1\nh_count 2\nh 1\n`],
  ];
  for (const [what, text] of malformed) {
    it(`refuses ${what}: ${JSON.stringify(text.split("\n").at(-2))}`, () => {
      assertThrows(() => parseExposition(text), Error, `Prometheus would not take this: ${what}: `);
    });
  }
});
