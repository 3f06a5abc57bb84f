import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { checkAddress, CheckedAddresses, parseAllowed } from "./addresses.ts";
import { parseEndpoint } from "./endpoint.ts";
import { RefusedAddressError } from "./errors.ts";
import { isWithin, parseCidr, parseIp } from "./ip_address.ts";
import { purposeOf } from "./special_addresses.ts";

function purpose(address: string): string | undefined {
  return purposeOf(parseIp(address)!);
}

describe("purposeOf()", () => {
  const special: Record<string, string[]> = {
    "this network": ["0.0.0.0", "0.255.255.255"],
    "private use": ["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1"],
    "shared address space": ["100.64.0.0", "100.127.255.255"],
    loopback: ["127.0.0.1", "127.255.255.255", "::1"],
    "link local": ["169.254.169.254", "fe80::1", "febf::1"],
    documentation: ["192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "3fff:fff::1"],
    benchmarking: ["198.18.0.0", "198.19.255.255"],
    "IETF protocol assignments": [
      "192.0.0.0",
      "192.0.0.9",
      "192.0.0.170",
      "2001:1::1",
      "2001:2::1",
      "2001:20::1",
    ],
    AS112: ["192.31.196.1", "192.175.48.1", "2620:4f:8000::1"],
    AMT: ["192.52.193.1"],
    "6to4 relay anycast": ["192.88.99.1"],
    multicast: ["224.0.0.1", "239.255.255.255", "ff02::1"],
    reserved: ["240.0.0.1", "255.255.255.255"],
    unspecified: ["::"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:7f00:1"],
    "IPv4-compatible": ["::127.0.0.1", "::7f00:1"],
    "IPv4 translation (NAT64)": ["64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1"],
    "discard only": ["100::1"],
    "dummy prefix": ["100:0:0:1::1"],
    Teredo: ["2001::1", "2001:0:ffff::1"],
    "6to4": ["2002:7f00:1::1"],
    "segment routing": ["5f00::1"],
    "unique local": ["fc00::1", "fd12:3456::1"],
    "site local": ["fec0::1"],
    "not assigned": ["4000::1", "8000::1", "1::1"],
  };
  for (const [name, addresses] of Object.entries(special)) {
    it(`knows ${name}: ${addresses.join(", ")}`, () => {
      for (const address of addresses) assertEquals([address, purpose(address)], [address, name]);
    });
  }

  it("lets the neighbours of the reserved blocks pass", () => {
    const ordinary = [
      "1.0.0.0",
      "9.255.255.255",
      "11.0.0.0",
      "100.63.255.255",
      "100.128.0.0",
      "126.255.255.255",
      "128.0.0.0",
      "169.253.255.255",
      "169.255.0.0",
      "172.15.255.255",
      "172.32.0.0",
      "191.255.255.255",
      "192.0.1.0",
      "192.0.3.0",
      "192.167.255.255",
      "192.169.0.0",
      "198.17.255.255",
      "198.20.0.0",
      "223.255.255.255",
      "8.8.8.8",
      "2000::1",
      "2001:200::1",
      "2003::1",
      "2606:4700::1111",
      "3ffe::1",
    ];
    assertEquals(ordinary.filter((address) => purpose(address) !== undefined), []);
  });
});

describe("parseIp()", () => {
  for (
    const odd of [
      "0x7f.1",
      "0x7f000001",
      "2130706433",
      "127.1",
      "0177.0.0.1",
      "127.0.0.1.",
      "127.0.0.256",
      "127.0.0.01",
      " 127.0.0.1",
      "127.0.0.1/8",
      "1.2.3",
      "1.2.3.4.5",
      "",
      "localhost",
      "[::1]",
      "::1%eth0",
      "1::2::3",
      ":::",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7::8",
      "12345::",
      "::g",
      "::1.2.3",
      "1.2.3.4::",
      "::1.2.3.4:5",
      ":1:2:3:4:5:6:7:8",
      "1:",
      ":",
    ]
  ) {
    it(`reads no address in '${odd}'`, () => assertEquals(parseIp(odd), undefined));
  }

  it("reads every IPv4 address", () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(fc.property(fc.tuple(byte, byte, byte, byte), (bytes) => {
      assertEquals([...parseIp(bytes.join("."))!], bytes);
    }));
  });

  it("reads every IPv6 address as the platform writes it", () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const text = groups.map((value) => value.toString(16)).join(":");
      const expected = groups.flatMap((value) => [value >> 8, value & 255]);
      const written = new URL(`http://[${text}]/`).hostname.slice(1, -1);
      assertEquals([...parseIp(text)!], expected);
      assertEquals([...parseIp(written)!], expected);
    }));
  });

  it("throws at no text", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseIp(text)));
    fc.assert(fc.property(fc.stringMatching(/^[0-9a-f:.]{0,40}$/), (text) => void parseIp(text)));
  });
});

describe("isWithin()", () => {
  it("agrees with arithmetic", () => {
    const any = fc.integer({ min: 0, max: 0xffff_ffff });
    const dotted = (value: number) => [24, 16, 8, 0].map((by) => value >>> by & 255).join(".");
    fc.assert(fc.property(any, any, fc.integer({ min: 0, max: 32 }), (ip, base, bits) => {
      const size = 2 ** (32 - bits);
      const expected = Math.floor(ip / size) === Math.floor(base / size);
      const block = parseCidr(`${dotted(base)}/${bits}`)!;
      assertEquals(isWithin(parseIp(dotted(ip))!, block), expected);
    }));
  });
});

describe("checkAddress()", () => {
  const allowed = parseAllowed("test", ["127.0.0.1/32", "fd00::/8"]);

  it("lets an opened block pass, and nothing beside it", () => {
    checkAddress("h", "127.0.0.1", allowed);
    checkAddress("h", "fd00::7", allowed);
    for (const address of ["127.0.0.2", "::1", "::ffff:127.0.0.1", "fc00::1", "10.0.0.1"]) {
      assertThrows(() => checkAddress("h", address, allowed), RefusedAddressError, address);
    }
  });

  for (
    const block of ["127.0.0.1", "127.0.0.1/33", "::1/129", "x/8", "10.0.0.0/08", "10.0.0.0/-1"]
  ) {
    it(`refuses '${block}' as a block`, () => {
      assertThrows(() => parseAllowed("test", [block]), RangeError, block);
    });
  }
});

describe("parseEndpoint()", () => {
  const parse = (url: string, rules = {}) =>
    parseEndpoint("send", url, { insecureHttp: false, allow: [], ...rules });

  it("takes a URL apart", () => {
    const { host, hostname, port, path, query, secure } = parse(
      "https://Hooks.Example.com:8443/a/?t=1",
    );
    assertEquals([host, hostname, port], ["hooks.example.com:8443", "hooks.example.com", 8443]);
    assertEquals([path, query, secure], ["/a", "?t=1", true]);
    const plain = parse("http://example.com", { insecureHttp: true });
    assertEquals([parse("https://example.com").port, plain.port, plain.secure], [443, 80, false]);
  });

  const refused: [url: string, why: string][] = [
    ["http://example.com", "begin with https (http needs 'insecureHttp')"],
    ["ftp://example.com", "begin with https (http needs 'insecureHttp')"],
    ["https://user:password@example.com", "no user name"],
    ["https://user@example.com", "no user name"],
    ["https://:password@example.com", "no password"],
    ["https://example.com/#a", "no fragment"],
    ["https://example.com./", "without a dot at its end"],
    ["https://0x8.8.8.8", "four decimal numbers"],
    ["https://134744072", "four decimal numbers"],
    ["https://8.8.8.8.", "four decimal numbers"],
    ["https://８.8.8.8", "four decimal numbers"],
    ["https://8.8.8.%38", "four decimal numbers"],
  ];
  for (const [url, why] of refused) {
    it(`refuses ${url}`, () => {
      const error = assertThrows(() => parse(url), RangeError, why);
      assertEquals(error.message.includes("password@"), false);
    });
  }

  const special = [
    "https://127.0.0.1",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://169.254.169.254/latest",
    "https://[64:ff9b::7f00:1]",
    "https://localhost",
    "https://LOCALHOST",
    "https://a.localhost",
    "https://db",
    "https://metadata.google.internal",
    "https://printer.local",
  ];
  for (const url of special) {
    it(`refuses ${url}`, () => void assertThrows(() => parse(url), RefusedAddressError));
  }

  it("says how to open what it refuses", () => {
    const refusals: [url: string, text: string][] = [
      [
        "https://localhost",
        "'localhost' as it is an inner name: name its address in 'allow' to open it, such as '127.0.0.1/32'",
      ],
      [
        "https://10.0.0.1",
        "'10.0.0.1' as its address 10.0.0.1 is special (private use): name it in 'allow' to open it, as '10.0.0.1/32'",
      ],
      [
        "https://[::1]",
        "'::1' as its address ::1 is special (loopback): name it in 'allow' to open it, as '::1/128'",
      ],
    ];
    for (const [url, text] of refusals) {
      const { message } = assertThrows(() => parse(url), RefusedAddressError);
      assertEquals(message, `Cannot send webhooks to ${text}`);
      const [block] = /[^']+\/\d+/.exec(text)!;
      if (url !== "https://localhost") parse(url, { allow: [block] });
    }
    parse("https://localhost", { allow: ["127.0.0.1/32"] });
  });

  it("opens what it is told to", () => {
    const opened = { insecureHttp: true, allow: ["127.0.0.1/32"] };
    assertEquals(parse("http://127.0.0.1:80/x", opened).port, 80);
    assertEquals(parse("http://localhost:81", opened).isAddress, false);
    assertThrows(() => parse("http://0x7f.1", opened), RangeError, "four decimal numbers");
  });

  const shown: [url: unknown, shown: string][] = [
    ["example.com/hooks", "'example.com/hooks'"],
    ["hooks?token=t", "'hooks'"],
    ["//user:password@example.com", "'…@example.com'"],
    ["https://user:pass?word@example.com", "'…'"],
    ["https://user:pass/wo#rd@example.com", "'…'"],
    ["https://", "'https://'"],
    ["", "''"],
    [undefined, "undefined"],
    [new URL("https://example.com"), "[object URL]"],
  ];
  for (const [url, text] of shown) {
    it(`refuses ${url}, which is none, and shows no secret`, () => {
      const { message } = assertThrows(() => parse(url as string), TypeError);
      assertEquals(
        message,
        `Cannot send as 'url' must be a URL such as 'https://example.com/hooks': current value is ${text}`,
      );
    });
  }

  const refusedAs: [url: string, shown: string][] = [
    ["localhost:8080/hooks", "localhost:8080/hooks"],
    ["http://example.com/hooks?token=t", "http://example.com/hooks"],
    ["http://example.com/hooks?to=a@b&token=t", "…"],
    ["https://user:password@example.com/a#b", "…@example.com/a"],
    [`ftp://${"a".repeat(300)}`, `ftp://${"a".repeat(194)}`],
  ];
  for (const [url, text] of refusedAs) {
    it(`shows ${url} as ${text}`, () => {
      const { message } = assertThrows(() => parse(url), RangeError);
      assertEquals(message.slice(message.indexOf("current")), `current value is '${text}'`);
    });
  }
});

describe("CheckedAddresses", () => {
  function addresses(...answers: (readonly string[] | Error)[]) {
    let asked = 0;
    const checked = new CheckedAddresses("hooks.example.com", [], () => {
      const answer = answers[Math.min(asked++, answers.length - 1)]!;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    });
    return { checked, asked: () => asked };
  }

  it("asks once for many", async () => {
    const { checked, asked } = addresses(["8.8.8.8", "2606:4700::1111"]);
    await Promise.all([checked.get(), checked.get()]);
    assertEquals(await checked.get(), ["8.8.8.8", "2606:4700::1111"]);
    assertEquals(asked(), 1);
  });

  it("refuses all addresses when one is special", async () => {
    const { checked } = addresses(["8.8.8.8", "10.0.0.1"]);
    await assertRejects(() => checked.get(), RefusedAddressError, "10.0.0.1");
  });

  it("refuses a name without address, and an answer that is none", async () => {
    await assertRejects(() => addresses([]).checked.get(), Error, "has no address");
    await assertRejects(() => addresses(["fe80::1%eth0"]).checked.get(), RefusedAddressError);
  });

  it("asks again after a failure, and when told to forget", async () => {
    const { checked, asked } = addresses(new Error("no answer"), ["8.8.8.8"]);
    await assertRejects(() => checked.get(), Error, "no answer");
    assertEquals(await checked.get(), ["8.8.8.8"]);
    checked.forget();
    await checked.get();
    assertEquals(asked(), 3);
  });
});
