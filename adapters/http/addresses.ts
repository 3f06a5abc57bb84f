import { RefusedAddressError } from "./errors.ts";
import { type Cidr, type IpAddress, isWithin, parseCidr, parseIp } from "./ip_address.ts";
import { purposeOf } from "./special_addresses.ts";

/** Asks DNS for all addresses of a name. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** Milliseconds for which the addresses of a name are not asked for again. */
const KEPT_FOR = 10_000;

/** Names that never leave the machine or its network, whatever a resolver says (RFC 6761, 6762, 8375). */
const INNER_NAME = /(^|\.)(localhost|local|internal|home\.arpa)$/;

/**
 * Reads the blocks that are opened in spite of what they are reserved for.
 *
 * @throws {RangeError} If one is no block.
 */
export function parseAllowed(action: string, allow: readonly string[]): readonly Cidr[] {
  return allow.map((text) => {
    const block = parseCidr(text);
    if (block !== undefined) return block;
    throw new RangeError(
      `Cannot ${action} as 'allow' must hold blocks such as '10.0.0.0/8': current value is '${text}'`,
    );
  });
}

/** Refuses an address of a host that is reserved and not opened, and what is no address. */
export function checkAddress(host: string, address: string, allowed: readonly Cidr[]): void {
  const ip = parseIp(address);
  if (ip === undefined) throw new RefusedAddressError(host, address, "not an IP address");
  const purpose = purposeOf(ip);
  if (purpose !== undefined && !isAllowed(ip, allowed)) {
    throw new RefusedAddressError(host, address, purpose);
  }
}

/** Refuses a name that can be told to be an inner one without asking DNS. */
export function checkName(name: string, allowed: readonly Cidr[]): void {
  const isInner = INNER_NAME.test(name) || !name.includes(".");
  if (isInner && allowed.length === 0) {
    throw new RefusedAddressError(name, undefined, "an inner name");
  }
}

function isAllowed(ip: IpAddress, allowed: readonly Cidr[]): boolean {
  return allowed.some((block) => isWithin(ip, block));
}

/**
 * The addresses of a name, every one of them checked: one bad address refuses all, because it is the
 * owner of the name who decides which of them is taken.
 */
export class CheckedAddresses {
  readonly #name: string;
  readonly #allowed: readonly Cidr[];
  readonly #lookup: Lookup;
  #found: Promise<readonly string[]> | undefined;
  #until = 0;

  constructor(name: string, allowed: readonly Cidr[], lookup: Lookup) {
    this.#name = name;
    this.#allowed = allowed;
    this.#lookup = lookup;
  }

  /** At least one address. Many who ask at the same time cause one question. */
  get(): Promise<readonly string[]> {
    if (this.#found === undefined || performance.now() >= this.#until) {
      this.#until = performance.now() + KEPT_FOR;
      const asked = this.#ask();
      this.#found = asked;
      asked.catch(() => this.forget(asked));
    }
    return this.#found;
  }

  /** Asks again next time: nobody answered at these addresses. */
  forget(found: Promise<readonly string[]> | undefined = this.#found): void {
    if (this.#found === found) this.#found = undefined;
  }

  async #ask(): Promise<readonly string[]> {
    const addresses = await this.#lookup(this.#name);
    if (addresses.length === 0) throw new Error(`The name '${this.#name}' has no address`);
    for (const address of addresses) checkAddress(this.#name, address, this.#allowed);
    return addresses;
  }
}
