/**
 * What does it cost to send a signed webhook to a server of the same machine, alone and many at once?
 *
 * @module
 */
import type { Case, Kind, ProcessSubject, Question } from "../harness/types.ts";

type Poster = "beat" | "bareFetch";

const load = () => import("../subjects/webhook_posts.ts");

function subject(name: string, kind: Kind, by: Poster, concurrency: number): ProcessSubject {
  return {
    name,
    kind,
    setup: async () => await (await load()).posting(by, concurrency),
    use: async () => void await (await (await load()).posting(by, concurrency)).run(20),
  };
}

function toCase(name: string, concurrency: number): Case {
  return {
    name,
    subjects: [
      subject("beat webhookPublisher", "ours", "beat", concurrency),
      subject("fetch + HMAC of node:crypto", "peer", "bareFetch", concurrency),
    ],
  };
}

/** Webhooks sent. */
export const webhookPublishQuestion: Question = {
  id: "webhook_publish",
  title: "Webhooks of 1 KiB sent to a server in the same process",
  measure: "ns",
  states: ["used"],
  cases: [toCase("one by one", 1), toCase("32 at a time", 32)],
  notes: ["Time ÷ webhooks; the server, a bare one of node:http, is part of it."],
};
