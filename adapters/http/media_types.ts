import { contentModeOf } from "@beat/beat/marshal";
import { Refusal } from "./answer.ts";

/** What a request without `Content-Type` is (RFC 9110, section 8.3). */
const UNKNOWN = "application/octet-stream";

const EVENT = ["application/cloudevents+json", "application/cloudevents"];
const BATCH = ["application/cloudevents-batch+json", "application/cloudevents-batch"];

/** Which content types are let in. */
export interface TypeRules {
  /** Of plain bodies and of data of binary events. */
  readonly contentTypes: readonly string[];
  /** Whether batches are. */
  readonly batch: boolean;
}

/** Refuses a content type that is not let in, and every encoding of the body. */
export function checkType(headers: Headers, { contentTypes, batch }: TypeRules): void {
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.trim().toLowerCase() !== "identity") {
    throw new Refusal(415, "Content encoding must be left out", { "accept-encoding": "identity" });
  }
  const type = headers.get("content-type") ?? UNKNOWN;
  const essence = type.split(";", 1)[0]!.trim().toLowerCase();
  const mode = contentModeOf(essence);
  const accepted = mode === "batch"
    ? (batch ? BATCH : [])
    : mode === "structured"
    ? EVENT
    : contentTypes;
  if (!accepted.includes(essence)) {
    const all = [...contentTypes, EVENT[0]!, ...(batch ? [BATCH[0]!] : [])];
    throw new Refusal(415, "Content type is not accepted", { accept: all.join(", ") });
  }
}
