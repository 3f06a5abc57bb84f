/**
 * A broker inside this process, and a simulation of one that has a bad day.
 *
 * ```ts
 * import { MemoryBroker } from "@beat/beat/memory";
 * import { Message } from "@beat/beat/message";
 * import { publisher } from "@beat/beat/transport";
 *
 * const broker = new MemoryBroker({ topics: { orders: { maxMessages: 1_000 } } });
 * await publisher(broker).publish("orders", new Message("paid", { key: "order-7" }));
 * console.log(broker.stats("orders"));
 * await broker.close();
 * ```
 *
 * @module
 */

export { type HistoryOptions, MemoryBroker } from "./memory_broker.ts";
export type { MemoryBrokerOptions, MemoryDrop, MemoryTopicConfig } from "./options.ts";
export type { SimulationOptions } from "./simulation.ts";
export type { GroupStats, TopicStats } from "./stats.ts";
export { SimulatedError, TopicFullError } from "./errors.ts";
export type { MemoryTopicAdmin } from "./admin.ts";
