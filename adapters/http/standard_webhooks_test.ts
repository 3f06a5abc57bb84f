import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Webhook } from "standardwebhooks";
import { SignatureError, type SignatureFault } from "./errors.ts";
import { StandardWebhook, type WebhookHeaders } from "./standard_webhooks.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY = '{"test": 2432232314}';
const NOW = new Date(1_614_265_330_000);
const MINUTES = 60_000;

const bytes = (text: string) => new TextEncoder().encode(text);
const later = (ms: number) => new Date(NOW.getTime() + ms);

async function signed(
  change: Partial<Record<keyof WebhookHeaders, string | undefined>> = {},
): Promise<Record<string, string | undefined>> {
  return { ...await new StandardWebhook(SECRET).sign(ID, bytes(BODY), NOW), ...change };
}

async function faultOf(
  headers: Record<string, string | undefined>,
  { body = bytes(BODY), now = NOW, secrets = [SECRET] } = {},
): Promise<SignatureFault | undefined> {
  try {
    await new StandardWebhook(secrets).verify(headers, body, now);
  } catch (error) {
    assert(error instanceof SignatureError);
    assertEquals(error.message, "The signature of the webhook is missing or invalid");
    return error.fault;
  }
}

describe("StandardWebhook.sign()", () => {
  it("makes the published signature", async () => {
    assertEquals(await new StandardWebhook(SECRET).sign(ID, bytes(BODY), NOW), {
      "webhook-id": ID,
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  it("signs with each secret", async () => {
    const headers = await new StandardWebhook([OTHER_SECRET, SECRET]).sign(ID, bytes(BODY), NOW);
    assertEquals(headers["webhook-signature"].split(" ").length, 2);
    assertEquals(await faultOf({ ...headers }), undefined);
    assertEquals(await faultOf({ ...headers }, { secrets: [OTHER_SECRET] }), undefined);
  });

  for (const id of ["", "a.b", "a b", "ü", "a\r\nb", "x".repeat(1025)]) {
    it(`refuses the id ${JSON.stringify(id.slice(0, 10))}`, async () => {
      await assertRejects(
        () => new StandardWebhook(SECRET).sign(id, bytes("")),
        RangeError,
        "Cannot sign a webhook as its id must be 1 to 1024 visible ASCII characters without a dot",
      );
    });
  }
});

describe("StandardWebhook.verify()", () => {
  it("accepts the published signature", async () => {
    const headers = {
      "webhook-id": ID,
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    assertEquals(await faultOf(headers), undefined);
  });

  it("accepts a secret without its prefix, which means the same", async () => {
    assertEquals(await faultOf(await signed(), { secrets: [SECRET.slice(6)] }), undefined);
  });

  it("reads Headers, whatever their case was", async () => {
    const headers = new Headers();
    for (const [name, value] of Object.entries(await signed())) {
      headers.set(name.toUpperCase(), value!);
    }
    await new StandardWebhook(SECRET).verify(headers, bytes(BODY), NOW);
  });

  for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
    it(`refuses a webhook without ${name}`, async () => {
      assertEquals(await faultOf(await signed({ [name]: undefined })), "missing-header");
      assertEquals(await faultOf(await signed({ [name]: "" })), "missing-header");
    });
  }

  for (
    const time of [
      "hello",
      "1614265330abc",
      "-1614265330",
      "+1614265330",
      "1.5",
      " 1",
      "0x10",
      "9".repeat(16),
    ]
  ) {
    it(`refuses the timestamp '${time}'`, async () => {
      assertEquals(
        await faultOf(await signed({ "webhook-timestamp": time })),
        "malformed-timestamp",
      );
    });
  }

  it("refuses an id with a dot, which could be read in two ways", async () => {
    assertEquals(await faultOf(await signed({ "webhook-id": "a.1" })), "malformed-id");
  });

  const signatures: [what: string, value: string][] = [
    ["a wrong signature", "v1,dawfeoifkpqwoekfpqoekf"],
    ["a part of the signature", "v1,"],
    ["half of the signature", "v1,g0hM9SsE+OTPJTGt/tmIKg=="],
    ["a longer signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OFB"],
    ["no version", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="],
    ["another version", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="],
    ["the version of another kind of key", "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="],
    ["base64url", "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE="],
    ["commas", ",,,,"],
    ["spaces", "   "],
  ];
  for (const [what, value] of signatures) {
    it(`refuses ${what}`, async () => {
      assertEquals(await faultOf(await signed({ "webhook-signature": value })), "no-match");
    });
  }

  it("accepts webhooks up to the tolerance old or early, and no others", async () => {
    const headers = await signed();
    assertEquals(await faultOf(headers, { now: later(5 * MINUTES) }), undefined);
    assertEquals(await faultOf(headers, { now: later(5 * MINUTES + 1) }), "too-old");
    assertEquals(await faultOf(headers, { now: later(-5 * MINUTES) }), undefined);
    assertEquals(await faultOf(headers, { now: later(-5 * MINUTES - 1) }), "too-new");
    assertEquals(await faultOf(headers, { now: later(60 * MINUTES) }), "too-old");
    assertEquals(await faultOf(headers, { now: later(-60 * MINUTES) }), "too-new");
  });

  it("finds the right signature among others", async () => {
    const right = (await signed())["webhook-signature"];
    const list = `v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,x v1,x ${right}`;
    assertEquals(await faultOf(await signed({ "webhook-signature": list })), undefined);
  });

  it("looks at the first 10 signatures only", async () => {
    const right = (await signed())["webhook-signature"];
    const wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= ";
    const list = (before: number) => ({ "webhook-signature": wrong.repeat(before) + right });
    assertEquals(await faultOf(await signed(list(9))), undefined);
    assertEquals(await faultOf(await signed(list(10))), "no-match");
  });

  it("takes the shortest id and time, and headers with a member 'get'", async () => {
    const webhook = new StandardWebhook(SECRET);
    const headers = await webhook.sign("a", bytes(BODY), new Date(7_000));
    assertEquals([headers["webhook-id"], headers["webhook-timestamp"]], ["a", "7"]);
    await webhook.verify({ ...headers, get: "a header" }, bytes(BODY), new Date(7_000));
  });

  it("looks at a list of 4 096 characters, and at none that is longer", async () => {
    const headers = await new StandardWebhook(SECRET).sign(ID, bytes(BODY), NOW);
    const { "webhook-signature": right } = headers;
    for (const [length, fault] of [[4_096, undefined], [4_097, "no-match"]] as const) {
      const list = `${right} `.padEnd(length, "x");
      assertEquals(await faultOf({ ...headers, "webhook-signature": list }), fault);
    }
  });

  it("refuses another body, id or secret", async () => {
    const headers = await signed();
    assertEquals(await faultOf(headers, { body: bytes(`${BODY} `) }), "no-match");
    assertEquals(await faultOf({ ...headers, "webhook-id": "msg_other" }), "no-match");
    assertEquals(await faultOf(headers, { secrets: [OTHER_SECRET] }), "no-match");
  });

  it("verifies an empty body, and one that is no text", async () => {
    const webhook = new StandardWebhook(SECRET);
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    for (const body of [new Uint8Array(), all]) {
      await webhook.verify({ ...await webhook.sign(ID, body) }, body);
    }
    const headers = { ...await webhook.sign(ID, Uint8Array.of(0xff), NOW) };
    assertEquals(await faultOf(headers, { body: Uint8Array.of(0xfe) }), "no-match");
  });
});

describe("StandardWebhook with Ed25519", () => {
  // RFC 8032, section 7.1, test 1.
  const SEED = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
  const PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

  it("verifies by the public key what the private key has signed", async () => {
    const headers = { ...await new StandardWebhook(`whsk_${SEED}`).sign(ID, bytes(BODY), NOW) };
    assert(headers["webhook-signature"].startsWith("v1a,"));
    assertEquals(await faultOf(headers, { secrets: [`whpk_${PUBLIC}`] }), undefined);
    const other = { secrets: [`whpk_${PUBLIC}`], body: bytes("x") };
    assertEquals(await faultOf(headers, other), "no-match");
    const short = { ...headers, "webhook-signature": "v1a,AAAA" };
    assertEquals(await faultOf(short, { secrets: [`whpk_${PUBLIC}`] }), "no-match");
  });

  it("takes the private key with the public key behind it", async () => {
    const both = btoa(atob(SEED) + atob(PUBLIC));
    const [one, two] = await Promise.all(
      [SEED, both].map((key) => new StandardWebhook(`whsk_${key}`).sign(ID, bytes(BODY), NOW)),
    );
    assertEquals(one, two);
  });

  it("tells what its secrets are good for", () => {
    const uses = [`whsk_${SEED}`, `whpk_${PUBLIC}`, SECRET].map((secret) => {
      const webhook = new StandardWebhook(secret);
      return [webhook.canSign, webhook.canVerify];
    });
    assertEquals(uses, [[true, false], [false, true], [true, true]]);
  });
});

describe("StandardWebhook beside the reference library", () => {
  const now = new Date();

  it("verifies what that has signed", async () => {
    const headers = {
      "webhook-id": ID,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": new Webhook(SECRET).sign(ID, now, BODY),
    };
    await new StandardWebhook(SECRET).verify(headers, bytes(BODY));
  });

  it("signs what that verifies", async () => {
    const headers = await new StandardWebhook([OTHER_SECRET, SECRET]).sign(ID, bytes(BODY), now);
    assertEquals(new Webhook(SECRET).verify(BODY, { ...headers }), JSON.parse(BODY));
  });
});

describe("new StandardWebhook()", () => {
  const refused: [secrets: unknown, error: typeof TypeError | typeof RangeError, text: string][] = [
    [
      "",
      RangeError,
      "secret 1 of 1 must be base64 of 24 to 64 bytes, with or without 'whsec_': it has 0 bytes",
    ],
    [[], TypeError, "'secrets' must not be empty"],
    [undefined, TypeError, "secret 1 of 1 must be a string: it is of type undefined"],
    [[SECRET, 5], TypeError, "secret 2 of 2 must be a string: it is of type number"],
    ["whsec_AAAA", RangeError, "it has 3 bytes"],
    ["whsec_no base64!", RangeError, "it is no base64"],
    [`whsec_${"A".repeat(88)}`, RangeError, "it has 66 bytes"],
    ["whsk_AAAA", RangeError, "must be base64 of 32 or 64 bytes after 'whsk_'"],
    ["whpk_AAAA", RangeError, "must be base64 of 32 bytes after 'whpk_'"],
  ];
  for (const [secrets, Refusal, text] of refused) {
    it(`says "${text}"`, () => {
      const error = assertThrows(() => new StandardWebhook(secrets as string), Refusal, text);
      assert(!error.message.includes("no base64!"), "the secret must not be shown");
    });
  }

  it("refuses a negative tolerance", () => {
    assertThrows(() => new StandardWebhook(SECRET, { tolerance: -1 }), RangeError, "'tolerance'");
  });
});
