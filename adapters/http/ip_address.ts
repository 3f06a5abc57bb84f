/** An address in the bytes of the wire: 4 of IPv4 or 16 of IPv6. */
export type IpAddress = Uint8Array;

const DECIMAL = /^(0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;
const GROUPS = 8;

/**
 * Reads an address as RFC 5952 and dotted decimals write it, without brackets; anything else is
 * `undefined`. Octal, hexadecimal and short forms (`0x7f.1`, `2130706433`) and zones are no addresses
 * here: they mean different things to different programs.
 */
export function parseIp(text: string): IpAddress | undefined {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): IpAddress | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte < 256) ? Uint8Array.from(bytes) : undefined;
}

function parseV6(text: string): IpAddress | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!, 0, halves);
  const tail = halves.length === 1 ? [] : groupsOf(halves[1]!, 1, halves);
  if (head === undefined || tail === undefined) return undefined;
  const missing = GROUPS - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** The groups of one side of `::`; an IPv4 address at the end makes two. */
function groupsOf(half: string, side: number, halves: string[]): number[] | undefined {
  if (half === "") return halves.length === 2 ? [] : undefined;
  const parts = half.split(":");
  const groups: number[] = [];
  for (const [at, part] of parts.entries()) {
    const isLast = side === halves.length - 1 && at === parts.length - 1;
    const v4 = isLast && part.includes(".") ? parseV4(part) : undefined;
    if (v4 !== undefined) groups.push(v4[0]! << 8 | v4[1]!, v4[2]! << 8 | v4[3]!);
    else if (GROUP.test(part)) groups.push(parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** A block of addresses: those that share the first `bits` bits. */
export interface Cidr {
  /** Any address of the block. */
  readonly address: IpAddress;
  /** Length of the prefix. */
  readonly bits: number;
}

/** Reads `10.0.0.0/8` or `fc00::/7`; anything else is `undefined`. */
export function parseCidr(text: string): Cidr | undefined {
  const [, ip, length] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const address = ip === undefined ? undefined : parseIp(ip);
  const bits = Number(length);
  return address === undefined || bits > address.length * 8 ? undefined : { address, bits };
}

/** Tells whether an address is in a block; an IPv4 address is never in a block of IPv6. */
export function isWithin(ip: IpAddress, { address, bits }: Cidr): boolean {
  if (ip.length !== address.length) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (ip[at] !== address[at]) return false;
  const mask = 0xff00 >> (bits & 7) & 0xff;
  return mask === 0 || (ip[whole]! & mask) === (address[whole]! & mask);
}
