import { check, type Rule } from "@beat/beat/transport";
import { checkAddress, checkName, parseAllowed } from "./addresses.ts";
import type { Cidr } from "./ip_address.ts";
import { parseIp } from "./ip_address.ts";

/** What an endpoint may be. */
export interface EndpointRules {
  /** Whether `http:` will do. */
  readonly insecureHttp: boolean;
  /** Blocks that are opened in spite of what they are reserved for. */
  readonly allow: readonly string[];
}

/** Where webhooks are sent to, checked as far as its text goes. */
export interface Endpoint {
  readonly origin: string;
  /** The path, without a slash at its end. */
  readonly path: string;
  /** The query with its question mark, which may hold a token: never part of an error. */
  readonly query: string;
  readonly secure: boolean;
  /** With brackets around an IPv6 address, and the port if it is not the default one. */
  readonly host: string;
  /** A name, or an address without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Whether `hostname` is an address: then it is checked already. */
  readonly isAddress: boolean;
  readonly allowed: readonly Cidr[];
}

const URL_TEXT: Rule = ["a URL such as 'https://example.com/hooks'", "string"];

/** Characters of a URL that an error shows. */
const LONGEST_SHOWN = 200;

/**
 * Reads the URL of an endpoint.
 *
 * @throws {TypeError} If it is no URL.
 * @throws {RangeError} If it may not be sent to: not `https:`, with user name, password or fragment, or an odd host.
 * @throws {RefusedAddressError} If its host is a reserved address.
 */
export function parseEndpoint(action: string, text: string, rules: EndpointRules): Endpoint {
  if (typeof text !== "string") check(action, "url", text, URL_TEXT);
  const url = URL.parse(text);
  if (url === null) refuse(action, `be ${URL_TEXT[0]}`, text, TypeError);
  const fault = faultOf(url, text, rules.insecureHttp);
  if (fault !== undefined) refuse(action, fault, text, RangeError);
  const allowed = parseAllowed(action, rules.allow);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const isAddress = parseIp(hostname) !== undefined;
  if (isAddress) checkAddress(hostname, hostname, allowed);
  else checkName(hostname, allowed);
  const secure = url.protocol === "https:";
  return {
    origin: url.origin,
    path: url.pathname.replace(/\/+$/, ""),
    query: url.search,
    secure,
    host: url.host,
    hostname,
    port: Number(url.port) || (secure ? 443 : 80),
    isAddress,
    allowed,
  };
}

function faultOf(url: URL, text: string, insecureHttp: boolean): string | undefined {
  if (url.protocol !== "https:" && !(insecureHttp && url.protocol === "http:")) {
    return insecureHttp
      ? "begin with https or http"
      : "begin with https (http needs 'insecureHttp')";
  }
  if (url.username !== "" || url.password !== "") return "have no user name and no password";
  if (url.hash !== "") return "have no fragment";
  if (url.hostname.endsWith(".")) return "have a host without a dot at its end";
  // The parser turns 0x7f.1, 2130706433 and 127.0.0.1. into 127.0.0.1: whoever writes so hides something.
  const isV4 = !url.hostname.startsWith("[") && parseIp(url.hostname) !== undefined;
  if (isV4 && writtenHost(text) !== url.hostname) {
    return "write an IPv4 address as four decimal numbers";
  }
  return undefined;
}

/** The host as it is written, without its port. */
function writtenHost(text: string): string | undefined {
  return /^\s*[a-z]+:[\\/]*([^\\/?#:]*)/i.exec(text)?.[1];
}

function refuse(
  action: string,
  fault: string,
  text: string,
  Refusal: typeof TypeError | typeof RangeError,
): never {
  const shown = withoutSecrets(text).slice(0, LONGEST_SHOWN);
  throw new Refusal(`Cannot ${action} as 'url' must ${fault}: current value is '${shown}'`);
}

/** Without a user, a query and a fragment, which may hold secrets. */
function withoutSecrets(text: string): string {
  const [place] = /^[^?#]*/.exec(text)!;
  // A password that was not encoded may have such a character, too.
  return text.includes("@", place.length) ? "…" : place.replace(/^.*@/s, "…@");
}
