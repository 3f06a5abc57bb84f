import type { FakeTime } from "@std/testing/time";
import { withFakeTime } from "../../../tests/_messages/harness.ts";
import type { Message } from "../../message/message.ts";
import type { ConsumeOptions } from "../consume_options.ts";
import { consume, type Consumption } from "../consumption.ts";
import type { Transport } from "../port.ts";

/** Lets promises settle that wait for nothing but each other. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await undefined;
}

/** Runs a test of today under a clock that moves only when it is told to. */
export function withTime(body: (time: FakeTime) => Promise<void>): Promise<void> {
  return withFakeTime(body, Date.now());
}

/** Consumes "orders", message by message. */
export function start(
  transport: Transport,
  handler: (message: Message) => unknown,
  options: Partial<ConsumeOptions> = {},
): Promise<Consumption> {
  return consume(transport, ([message]) => handler(message!), { topic: "orders", ...options });
}

/** A handler whose calls end when the test says so, by the uuid of their message. */
export class HeldHandler {
  /** Uuids and attempts, in the order of the calls. */
  readonly calls: string[] = [];
  readonly messages = new Map<string, Message>();
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();

  readonly handle = (message: Message): Promise<void> => {
    this.calls.push(`${message.uuid}${message.attempt}`);
    this.messages.set(message.uuid, message);
    const end = Promise.withResolvers<void>();
    this.#ends.set(message.uuid, end);
    return end.promise;
  };

  /** Ends the last call with a message well. */
  async end(uuid: string): Promise<void> {
    this.#ends.get(uuid)!.resolve();
    await settle();
  }

  /** Has the last call with a message fail. */
  async fail(uuid: string, error: unknown = new Error("no")): Promise<void> {
    this.#ends.get(uuid)!.reject(error);
    await settle();
  }
}
