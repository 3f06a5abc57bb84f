import { type Cidr, type IpAddress, isWithin, parseCidr } from "./ip_address.ts";

/**
 * The IPv4 and IPv6 Special-Purpose Address Registries of IANA (RFC 6890 and what updated it), those
 * that are globally reachable included, since no webhook receiver lives there. Multicast and what was
 * given back to IANA stand in other registries and are no places for a receiver either.
 */
const SPECIAL: readonly (readonly [block: string, purpose: string])[] = [
  ["0.0.0.0/8", "this network"],
  ["10.0.0.0/8", "private use"],
  ["100.64.0.0/10", "shared address space"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link local"],
  ["172.16.0.0/12", "private use"],
  ["192.0.0.0/24", "IETF protocol assignments"],
  ["192.0.2.0/24", "documentation"],
  ["192.31.196.0/24", "AS112"],
  ["192.52.193.0/24", "AMT"],
  ["192.88.99.0/24", "6to4 relay anycast"],
  ["192.168.0.0/16", "private use"],
  ["192.175.48.0/24", "AS112"],
  ["198.18.0.0/15", "benchmarking"],
  ["198.51.100.0/24", "documentation"],
  ["203.0.113.0/24", "documentation"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
  ["::/128", "unspecified"],
  ["::1/128", "loopback"],
  ["::ffff:0:0/96", "IPv4-mapped"],
  ["::/96", "IPv4-compatible"],
  ["64:ff9b::/96", "IPv4 translation (NAT64)"],
  ["64:ff9b:1::/48", "IPv4 translation (NAT64)"],
  ["100::/64", "discard only"],
  ["100:0:0:1::/64", "dummy prefix"],
  ["2001::/32", "Teredo"],
  ["2001::/23", "IETF protocol assignments"],
  ["2001:db8::/32", "documentation"],
  ["2002::/16", "6to4"],
  ["2620:4f:8000::/48", "AS112"],
  ["3fff::/20", "documentation"],
  ["5f00::/16", "segment routing"],
  ["fc00::/7", "unique local"],
  ["fe80::/10", "link local"],
  ["fec0::/10", "site local"],
  ["ff00::/8", "multicast"],
];

const BLOCKS = SPECIAL.map(([block, purpose]) => [parseCidr(block)!, purpose] as const);
const GLOBAL_UNICAST_V6: Cidr = parseCidr("2000::/3")!;

/** What an address is reserved for, or `undefined` if it is an ordinary one of the internet. */
export function purposeOf(ip: IpAddress): string | undefined {
  const special = BLOCKS.find(([block]) => isWithin(ip, block));
  if (special !== undefined) return special[1];
  return ip.length === 16 && !isWithin(ip, GLOBAL_UNICAST_V6) ? "not assigned" : undefined;
}
