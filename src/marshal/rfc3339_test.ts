import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { formatTime, parseTime } from "./rfc3339.ts";

describe("parseTime()", () => {
  const accepted: [text: string, same: string][] = [
    ["2018-04-05T17:31:00Z", "2018-04-05T17:31:00.000Z"],
    ["1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520Z"],
    ["1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000Z"],
    ["1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z"],
    ["1990-12-31T23:59:60Z", "1991-01-01T00:00:00.000Z"],
    ["2020-02-29t00:00:00.123456789z", "2020-02-29T00:00:00.123Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
    ["2024-01-01T00:00:00.57Z", "2024-01-01T00:00:00.570Z"],
  ];
  for (const [text, same] of accepted) {
    it(`reads '${text}'`, () => assertEquals(new Date(parseTime(text)!).toISOString(), same));
  }

  const refused = [
    "",
    "2018-04-05",
    "2018-04-05T17:31Z",
    "2018-04-05T17:31:00",
    "2018-04-05 17:31:00Z",
    "2018-4-5T17:31:00Z",
    "2019-02-29T00:00:00Z",
    "2018-13-01T00:00:00Z",
    "2018-00-01T00:00:00Z",
    "2018-04-05T24:00:00Z",
    "2018-04-05T00:60:00Z",
    "2018-04-05T00:00:61Z",
    "2018-04-05T00:00:00+24:00",
    "2018-04-05T00:00:00+00:60",
    "2018-04-05T00:00:00.Z",
    "+012018-04-05T00:00:00Z",
    "2018-04-05T17:31:00Z\n",
    "Thu, 05 Apr 2018 17:31:00 GMT",
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => assertEquals(parseTime(text), undefined));
  }
});

describe("formatTime()", () => {
  it("gives what parseTime() reads, in all years of four digits", () => {
    const min = new Date("0000-01-01T00:00:00Z");
    const max = new Date("9999-12-31T23:59:59.999Z");
    fc.assert(fc.property(fc.date({ min, max, noInvalidDate: true }), (time) => {
      assertEquals(parseTime(formatTime("test", time)), time.getTime());
    }));
  });

  it("refuses other years", () => {
    assertThrows(
      () => formatTime("encode it", new Date(Date.UTC(10_000, 0))),
      RangeError,
      "Cannot encode it as 'timestamp' must be in the years 0000 to 9999: current value is +010000-01-01T00:00:00.000Z",
    );
  });
});
