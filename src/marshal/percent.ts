import { decodeUtf8 } from "./bytes.ts";

/** Spaces, quotes, percent signs and all that is not printable ASCII. */
const UNSAFE = /(?:[^\x21-\x7e]|["%])+/gu;
const ENCODED = /(?:%[0-9a-f]{2})+/gi;
const QUOTED = /"((?:[^"\\]|\\.)*)"/gs;

/** An attribute's text as a header value of the HTTP and NATS bindings; lone surrogates must not be in it. */
export function encodePercent(text: string): string {
  return text.replace(UNSAFE, encodeURIComponent);
}

/**
 * The attribute's text of a header value: quoted strings are opened, then percent signs are resolved
 * once; `undefined` if what comes out is not UTF-8.
 */
export function decodePercent(value: string): string | undefined {
  const unquoted = value.replace(QUOTED, (_, inner: string) => inner.replace(/\\(.)/gs, "$1"));
  let valid = true;
  const text = unquoted.replace(ENCODED, (run) => {
    const bytes = run.slice(1).split("%").map((hex) => parseInt(hex, 16));
    const decoded = decodeUtf8(Uint8Array.from(bytes));
    valid &&= decoded !== undefined;
    return decoded ?? "";
  });
  return valid ? text : undefined;
}
