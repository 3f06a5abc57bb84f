import type { CloseOptions } from "../../message/contracts.ts";
import { ClosedError } from "../../message/errors.ts";
import type { Message } from "../../message/message.ts";
import type { ConnectionEvent, Health, HealthReporter } from "../../transport/capabilities.ts";
import type { Transport } from "../../transport/port.ts";
import type { Case } from "../case.ts";
import { demand, demandNone, failureOf } from "../failure.ts";
import { compareLogs, type Consumed, type Produced } from "../logs.ts";
import { all, freeze, restart } from "../needs.ts";
import { chunked, numbered } from "../samples.ts";
import { pause } from "../watch.ts";
import { RETRY, type World } from "../world.ts";

/** That a broker may go and come back. */
export const RECONNECT: readonly Case[] = [
  {
    name: "reconnect: a broker that restarts under load loses nothing that it confirmed",
    needs: restart,
    async run(world) {
      const topic = await world.topic();
      const reader = await Reader.open(world, topic);
      const messages = numbered(world.count(10_000, 300), 17);
      const parts = chunked(messages, messages.length / world.count(100, 10));
      let confirmed = 0;
      const restarts = [1 / 3, 1 / 2].map((share) => share * messages.length);
      let restarting = Promise.resolve();
      const logs = await Promise.all(parts.map(async (part) => {
        const out = await world.publisher();
        const log: Produced[] = [];
        for (const message of part) {
          log.push(...await world.deliver(out, topic, [message]));
          confirmed++;
          if (confirmed < (restarts[0] ?? Infinity)) continue;
          restarts.shift();
          restarting = restarting.then(() => world.terms.restartBroker!());
          // That it failed is told where it is awaited.
          restarting.catch(() => {});
        }
        return log;
      }));
      await restarting;
      await reader.ends(world, topic, logs.flat());
    },
  },
  {
    name: "reconnect: a broker that is down at the start is waited for",
    needs: restart,
    async run(world) {
      const topic = await world.topic();
      const transport: Transport & Partial<HealthReporter> = await world.connect();
      let opening: Promise<Reader> | undefined;
      let health: Health | undefined;
      await world.terms.restartBroker!(async () => {
        opening = Reader.open(world, topic);
        // It is told of by whoever waits for it below.
        opening.catch(() => {});
        const abort = new AbortController();
        const asking = transport.health?.(abort);
        await world.silence();
        abort.abort();
        health = await asking;
      });
      demand(health?.ok !== true, "A broker that is down must not be said to be there");
      const reader = await opening!;
      await reader.ends(world, topic, []);
    },
  },
  {
    name:
      "reconnect: a restart while nothing happens goes unnoticed by who consumes, and holds up no close",
    needs: restart,
    async run(world) {
      const topic = await world.topic();
      const reader = await Reader.open(world, topic);
      await reader.ends(world, topic, []);
      const transport = await world.connect();
      const out = await world.publisher(transport);
      const leaving = await world.subscriber(transport);
      const stream = await leaving.subscribe(await world.topic(), world.member("leaving"));
      const produced = await world.deliver(out, topic, numbered(1));
      // A broker that is gone cannot be told: who cannot close in good order says so, and is closed.
      const end = (one: { close(options?: CloseOptions): Promise<void> }) =>
        one.close({ timeout: 100 }).catch(() => {});
      await world.terms.restartBroker!(async () => {
        const closing = Promise.all([stream, leaving, out].map(end)).then(() => end(transport));
        await world.within(closing, "Closing while the broker is down");
      });
      const what = "Publishing after a close while the broker was down";
      const error = await failureOf(world.within(out.publish(topic, numbered(1)), what), what);
      demand(error instanceof ClosedError, `${what} must fail with a ClosedError: ${error}`);
      await reader.ends(world, topic, produced);
    },
  },
  {
    name:
      "reconnect: a restart while a message is handled neither loses it nor what waits behind it",
    needs: restart,
    async run(world) {
      const topic = await world.topic();
      const began = Promise.withResolvers<void>();
      const gate = world.gate();
      const reader = await Reader.open(world, topic, async () => {
        began.resolve();
        await gate.passed;
      });
      const out = await world.publisher();
      const messages = numbered(20, 5);
      const publishing = world.deliver(out, topic, messages);
      await world.within(began.promise, "The call of the handler");
      await world.terms.restartBroker!(() => Promise.resolve(gate.open()));
      await reader.ends(world, topic, await publishing);
    },
  },
  {
    name: "reconnect: a connection that is open by half is noticed, and made anew",
    needs: all(restart, freeze),
    async run(world) {
      const topic = await world.topic();
      const reader = await Reader.open(world, topic);
      const thaw = await world.terms.freezeNetwork!();
      try {
        await reader.loses();
      } finally {
        await thaw();
      }
      await reader.ends(world, topic, []);
    },
  },
];

/** Consumes a topic for as long as the test goes on, and remembers what came. */
class Reader {
  readonly #consumed: Consumed[] = [];
  readonly #ids = new Set<string>();
  readonly #produced: Produced[] = [];
  readonly #events: ConnectionEvent["kind"][] = [];
  readonly #watch;

  private constructor(world: World) {
    this.#watch = world.watch();
  }

  static async open(
    world: World,
    topic: string,
    handle: (message: Message) => Promise<void> | void = () => {},
  ): Promise<Reader> {
    const reader = new Reader(world);
    await world.consume(async ([message]) => {
      await handle(message!);
      reader.#consumed.push({ id: message!.uuid });
      reader.#ids.add(message!.uuid);
      reader.#watch.notify();
    }, {
      topic,
      ...world.member("all"),
      reconnect: { initialDelay: 10, maxDelay: 100 },
      onConnection({ kind }) {
        reader.#events.push(kind);
        reader.#watch.notify();
      },
    });
    return reader;
  }

  /** Resolves when the connection is known to be lost. */
  async loses(): Promise<void> {
    await this.#watch.until(
      () => this.#events.some((kind) => kind === "lost" || kind === "failed"),
      () => "The loss of the connection was not noticed",
    );
  }

  /** Publishes until something comes through again, then compares the logs. */
  async ends(world: World, topic: string, produced: readonly Produced[]): Promise<void> {
    const out = await world.publisher();
    this.#produced.push(...produced);
    const [last] = numbered(1);
    let isThrough = false;
    const arrive = async () => {
      try {
        await this.#watch.until(
          () => this.#ids.has(last!.uuid),
          () => "What was published after the restart did not come",
        );
      } finally {
        isThrough = true;
      }
    };
    // Where nothing is kept, what is published before the reader is back is gone.
    const publish = async () => {
      do {
        this.#produced.push(...await world.deliver(out, topic, [last!]));
        if (!isThrough) await pause(RETRY);
      } while (!isThrough && !world.traits.retained);
    };
    await Promise.all([arrive(), publish()]);
    if (world.traits.settle === "none") return;
    const acked = this.#produced.filter(({ outcome }) => outcome === "acked").map(({ id }) => id);
    const confirmed = [...new Set(acked)];
    const lost = () => confirmed.filter((id) => !this.#ids.has(id));
    await this.#watch.until(
      // All can have come only then: to look at each message would take longer than they do.
      () => this.#ids.size >= confirmed.length && lost().length === 0,
      () => {
        const ids = lost();
        return `${ids.length} of ${confirmed.length} confirmed messages never came, '${
          ids[0]
        }' first,`;
      },
    );
    const faults = compareLogs(this.#produced, this.#consumed, { duplicates: Infinity });
    demandNone(faults, topic);
  }
}
