/** Milliseconds that an endpoint may ask to wait at most. */
export const LONGEST_WAIT = 86_400_000;

/** The milliseconds of a `Retry-After`, which is seconds or a date (RFC 9110, section 10.2.3); at most a day. */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), LONGEST_WAIT);
}

/** A wait in milliseconds as `Retry-After`: whole seconds, not fewer. */
export function formatRetryAfter(wait: number): string {
  return String(Math.ceil(wait / 1000));
}
