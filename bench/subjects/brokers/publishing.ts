/**
 * Messages that are published to a broker, loaded by the process that measures one subject.
 *
 * @module
 */
import type { Work } from "../../harness/types.ts";
import { note } from "../handlers.ts";
import { openClient, type Who } from "./clients.ts";
import type { BrokerName } from "./places.ts";

/** How many wait for their confirmation, and who sends them together. */
export type Shape = "one by one" | "256 in flight" | "calls of 100";

const IN_FLIGHT = 256;
const CALL = 100;

/** Publishes messages of so many bytes; what counts is what the broker has confirmed. */
export async function publishing(
  name: BrokerName,
  who: Who,
  shape: Shape,
  size: number,
): Promise<Work> {
  const client = await openClient(name, who, shape === "256 in flight");
  const payload = new Uint8Array(size).fill(97);
  let at = 0;
  const publish = async () => {
    await client.publish(payload, at++);
    note(1);
  };
  const end = async () => void await client.close();
  switch (shape) {
    case "one by one":
      return {
        end,
        async run(rounds) {
          for (let i = 0; i < rounds; i++) await publish();
        },
      };
    case "256 in flight":
      return {
        end,
        opsPerRound: IN_FLIGHT,
        async run(rounds) {
          let left = rounds * IN_FLIGHT;
          const lane = async () => {
            while (left-- > 0) await publish();
          };
          await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
        },
      };
    case "calls of 100":
      return {
        end,
        opsPerRound: CALL,
        async run(rounds) {
          for (let i = 0; i < rounds; i++) {
            await client.publishAll(payload, CALL);
            note(CALL);
          }
        },
      };
  }
}
