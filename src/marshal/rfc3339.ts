const FORMAT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/i;

/**
 * A time as a text of RFC 3339, in UTC and with milliseconds.
 *
 * @throws {RangeError} If its year has not four digits, or it is no time.
 *
 * @example There and back
 * ```ts
 * import { formatTime, parseTime } from "@beat/beat/marshal";
 * import { assertEquals } from "@std/assert";
 *
 * const text = formatTime("write an order", new Date(1_700_000_000_000));
 * assertEquals(text, "2023-11-14T22:13:20.000Z");
 * assertEquals(parseTime(text), 1_700_000_000_000);
 * ```
 */
export function formatTime(action: string, time: Date): string {
  const text = time.toISOString();
  if (!FORMAT.test(text)) {
    throw new RangeError(
      `Cannot ${action} as 'timestamp' must be in the years 0000 to 9999: current value is ${text}`,
    );
  }
  return text;
}

/**
 * The time of a text of RFC 3339 in milliseconds since 1970, cut to whole ones; `undefined` if it is none.
 *
 * @example A day that there is not
 * ```ts
 * import { parseTime } from "@beat/beat/marshal";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseTime("2026-02-28T12:00:00+01:00"), Date.UTC(2026, 1, 28, 11));
 * assertEquals(parseTime("2026-02-29T12:00:00+01:00"), undefined);
 * ```
 */
export function parseTime(text: string): number | undefined {
  const parts = FORMAT.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number);
  const [, , , , , , , fraction = "", sign, offsetHour = "0", offsetMinute = "0"] = parts;
  const time = new Date(0);
  time.setUTCFullYear(year!, month! - 1, day!);
  // A day that its month does not have has become one of the next month.
  if (time.getUTCMonth() !== month! - 1 || time.getUTCDate() !== day) return undefined;
  // A leap second is the 60th of its minute.
  if (hour! > 23 || minute! > 59 || second! > 60) return undefined;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined;
  time.setUTCHours(hour!, minute, second, Number(fraction.slice(0, 3).padEnd(3, "0")));
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000;
  return time.getTime() + (sign === "-" ? offset : -offset);
}
