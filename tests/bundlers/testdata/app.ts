import { type AsyncBus, forAsync, type ThreadOptions } from "@beat/beat";

interface Events {
  "text.added": string;
  "text.sized": number;
}

/** Sends texts to threads, and prints what they have made of them. */
export async function run(handlers: ThreadOptions["handlers"]): Promise<void> {
  const bus: AsyncBus<Events> = forAsync<Events>({ handlers, threads: 2 });
  const sizes: number[] = [];
  bus.on("text.sized", ({ data }) => void sizes.push(data));
  await bus.ready;
  for (const text of ["one", "three", "fifteen"]) bus.emit("text.added", text);
  await bus.drain();
  console.log(sizes.toSorted().join(" "), "by", bus.capabilities.transport);
}
