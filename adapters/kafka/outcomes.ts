import type { SendFailure } from "@beat/beat/transport";
import { protocolErrorsCodesById } from "@platformatic/kafka";
import { errorsIn } from "./errors.ts";

/** What a broker answers that has stored nothing; with all else it may have. */
const REFUSALS = [
  "CLUSTER_AUTHORIZATION_FAILED",
  "CORRUPT_MESSAGE",
  "INVALID_RECORD",
  "INVALID_REQUIRED_ACKS",
  "INVALID_TIMESTAMP",
  "INVALID_TOPIC_EXCEPTION",
  "MESSAGE_TOO_LARGE",
  "NOT_ENOUGH_REPLICAS",
  "POLICY_VIOLATION",
  "RECORD_LIST_TOO_LARGE",
  "TOPIC_AUTHORIZATION_FAILED",
  "UNKNOWN_TOPIC_OR_PARTITION",
  "UNSUPPORTED_FOR_MESSAGE_FORMAT",
];

/** What brokers answer to records, as far as it is used. */
interface Produced {
  readonly responses?: readonly {
    readonly partitionResponses: readonly { readonly index: number; readonly errorCode: number }[];
  }[];
}

/** What became of the records of each partition when some of a call were not stored. */
export function failuresOf(cause: unknown): (partition: number) => undefined | SendFailure {
  // Of several attempts the last answer counts.
  const answers = new Map<number, number>();
  for (const { response } of errorsIn(cause)) {
    for (const { partitionResponses } of (response as Produced | undefined)?.responses ?? []) {
      for (const { index, errorCode } of partitionResponses) answers.set(index, errorCode);
    }
  }
  const names: Record<number, string> = protocolErrorsCodesById;
  return (partition) => {
    const code = answers.get(partition);
    if (code === 0) return undefined;
    const isRefused = code !== undefined && REFUSALS.includes(names[code] ?? "");
    return { cause, outcome: isRefused ? "rejected" : "unknown" };
  };
}
