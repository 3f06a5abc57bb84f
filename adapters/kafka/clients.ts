import { Admin, Consumer, Producer } from "@platformatic/kafka";
import type { KafkaClients } from "./client.ts";

/** Makes clients for brokers that ask for no more than that. */
export function clientsOf(brokers: readonly string[]): KafkaClients {
  const bootstrapBrokers = [...brokers];
  return {
    admin: (options) => new Admin({ bootstrapBrokers, ...options }),
    consumer: (options) => new Consumer({ bootstrapBrokers, ...options }),
    producer: (options) => new Producer({ bootstrapBrokers, ...options }),
  };
}
