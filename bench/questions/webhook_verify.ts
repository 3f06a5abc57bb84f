/**
 * What does it cost to verify the signature of a webhook, by the size of its body?
 *
 * @module
 */
import type { Case, Kind, ProcessSubject, Question } from "../harness/types.ts";

type Verifier = "beat" | "bare" | "standard";

const load = () => import("../subjects/webhook_verifiers.ts");

function subject(name: string, kind: Kind, by: Verifier, kib: number): ProcessSubject {
  return {
    name,
    kind,
    setup: async () => await (await load()).verifying(by, kib),
    async use() {
      const { verifying } = await load();
      for (const size of [1, 2, 3, 5, 8]) await (await verifying(by, size)).run(50);
    },
  };
}

function toCase(kib: number): Case {
  return {
    name: `bodies of ${kib} KiB, a KiB`,
    subjects: [
      subject("beat StandardWebhook", "ours", "beat", kib),
      subject("bare HMAC of node:crypto", "bound", "bare", kib),
      subject("standardwebhooks", "peer", "standard", kib),
    ],
  };
}

/** Signatures checked. */
export const webhookVerifyQuestion: Question = {
  id: "webhook_verify",
  title: "The signature of a webhook, for each KiB of its body",
  measure: "ns",
  states: ["used"],
  cases: [toCase(1), toCase(64)],
};
