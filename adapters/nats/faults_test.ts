import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ClosedError, Message, PublishError } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import { AckPolicy } from "@nats-io/jetstream";
import { Child } from "../../tests/faults/child.ts";
import { Proxy } from "../../tests/faults/proxy.ts";
import { faultsOfRestart } from "../../tests/faults/restart.ts";
import { faultsOfSlowness } from "../../tests/faults/slow.ts";
import { withService } from "../../tests/_services/mod.ts";
import { natsCore, natsTransport } from "./mod.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

/** Longer than a busy machine may stop, and short enough to be waited for. */
const LEASE = 2_000;
/** A quick way back, so that tests do not wait for it. */
const QUICK = { initialDelay: 1, maxDelay: 20 };

/** What has the same faults, by whatever it consumes. */
const KINDS = [
  ["JetStream", (servers: string) => natsTransport({ servers })],
  ["core NATS", (servers: string) => natsCore({ servers })],
] as const;

withService("nats", "BEAT_NATS_URL", ({ url, renew }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("JetStream, when something fails", () => {
    it(
      "acks again what was handled when the ack was lost on its way",
      test(async (place) => {
        const proxy = await Proxy.open(url);
        place.opened(() => proxy.close());
        await place.publish(await place.open(), ["one"]);
        let calls = 0;
        let thaw = () => {};
        const lost = Promise.withResolvers<void>();
        const far = place.transport({ servers: proxy.url, timeout: 1_000 });
        await place.consume(far, () => {
          calls++;
          thaw = proxy.freeze();
        }, {
          onConnection({ kind }) {
            if (kind !== "lost" || calls === 0) return;
            // The ack is in the cable that breaks.
            proxy.cut();
            thaw();
            lost.resolve();
          },
        });
        await lost.promise;
        const acked = async () => (await place.jsm.consumers.info(place.stream, "all")).ack_floor;
        while ((await acked()).stream_seq === 0);
        assertEquals(calls, 1);
      }),
    );

    it(
      "delivers again what a process had that was killed, as a second attempt",
      test(async (place) => {
        const nats = await place.open();
        await place.publish(nats, ["one"]);
        const script = new URL("./testdata/hanging_consumer.ts", import.meta.url);
        const child = new Child(script, [url, place.topic, String(LEASE)]);
        await child.says("attempt 1");
        await child.kill();
        const handled = Promise.withResolvers<number>();
        await place.consume(nats, ([message]) => handled.resolve(message!.attempt));
        assertEquals(await handled.promise, 2);
      }),
    );

    it(
      "keeps a message for a handler that takes longer than the lease",
      test(async (place) => {
        // Twice what others have: only a member that stops for half of it would lose its message.
        const lease = 2 * LEASE;
        const nats = await place.open({ lease });
        await place.publish(nats, ["one"]);
        const release = Promise.withResolvers<void>();
        let calls = 0;
        const handle = async ([message]: readonly Message[]) => {
          if (message!.text() === "one") calls++;
          await release.promise;
        };
        await place.consume(nats, handle);
        await place.consume(place.transport({ lease }), handle);
        place.opened(() => release.resolve());
        // Delays of another message tell the time by the clock of the server: that of a lease and a half.
        await place.publish(nats, ["clock"]);
        const clock = Promise.withResolvers<void>();
        let ticks = 0;
        await place.consume(place.transport(), ([message]) => {
          if (message!.text() !== "clock") return;
          if (++ticks === 4) clock.resolve();
          else message!.nack({ delay: lease / 2 });
        }, { group: "clock" });
        await clock.promise;
        assertEquals(calls, 1);
      }),
    );

    it(
      "lets nobody ack what another member has by then",
      test(async (place) => {
        const nats = await place.open({ lease: LEASE });
        await place.publish(nats, ["one"]);
        const proxy = await Proxy.open(url);
        place.opened(() => proxy.close());
        const far = place.transport({ servers: proxy.url, lease: LEASE, timeout: 1_000 });
        const began = Promise.withResolvers<void>();
        const aborted = Promise.withResolvers<boolean>();
        await place.consume(far, async ([message]) => {
          message!.signal.addEventListener("abort", () => aborted.resolve(message!.ack()));
          began.resolve();
          await aborted.promise;
          // So that nothing that is asked for is on its way to it.
        }, { prefetch: 1 });
        await began.promise;
        proxy.freeze();
        const handled = Promise.withResolvers<number>();
        await place.consume(nats, ([message]) => handled.resolve(message!.attempt));
        assertEquals(await handled.promise, 2);
        assertEquals(await aborted.promise, false);
      }),
    );

    it(
      "goes on when a consumer has as many under way as it may have",
      test(async (place) => {
        const nats = await place.open();
        // Somebody has made the group, and lets it have two at once.
        await place.jsm.consumers.add(place.stream, {
          durable_name: "all",
          ack_policy: AckPolicy.Explicit,
          max_ack_pending: 2,
        });
        await place.publish(nats, ["one", "two", "three", "four", "five"]);
        const done = Promise.withResolvers<void>();
        let meeting = Promise.withResolvers<void>();
        let running = 0;
        let most = 0;
        let calls = 0;
        await place.consume(nats, async () => {
          most = Math.max(most, ++running);
          if (++calls === 5) done.resolve();
          else if (running === 1) await meeting.promise;
          else {
            meeting.resolve();
            meeting = Promise.withResolvers();
          }
          running--;
        }, { workers: 4 });
        await done.promise;
        assertEquals(most, 2);
      }),
    );

    it(
      "makes a group anew that was deleted under its members, and says so",
      test(async (place) => {
        const nats = await place.open();
        const causes: string[] = [];
        const texts: string[] = [];
        const got = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        await place.consume(nats, ([message]) => {
          texts.push(message!.text());
          got[texts.length - 1]?.resolve();
        }, {
          from: "latest",
          reconnect: QUICK,
          onConnection({ kind, cause }) {
            if (kind === "lost") causes.push(String(cause));
            if (kind === "recovered") void place.publish(place.transport(), ["after"]);
          },
        });
        await place.publish(nats, ["before"]);
        await got[0]!.promise;
        assertEquals(await nats.admin.removeGroup(place.topic, "all"), true);
        await got[1]!.promise;
        assertEquals(texts, ["before", "after"]);
        assertEquals(causes.length > 0 && causes[0]!.includes("'all' of stream"), true);
      }),
    );

    for (const group of ["all", undefined]) {
      it(
        `waits for a stream that was deleted, and has all that is in the new one ${
          group === undefined ? "without group" : "in a group"
        }`,
        test(async (place) => {
          const nats = await place.open();
          const { topic } = place;
          const texts: string[] = [];
          const lost = Promise.withResolvers<void>();
          const done = Promise.withResolvers<void>();
          await place.publish(nats, ["one", "two", "three"]);
          const consumption = await consume(nats, ([message]) => {
            texts.push(message!.text());
            if (message!.text() === "three") void nats.admin.remove(topic);
            if (message!.text() === "five") done.resolve();
          }, {
            topic,
            ...(group === undefined ? {} : { group }),
            from: "earliest",
            reconnect: QUICK,
            onConnection: ({ kind }) => kind === "lost" && lost.resolve(),
          });
          place.opened(() => consumption.close());
          await lost.promise;
          const other = place.transport();
          await other.admin.create(topic);
          await place.publish(other, ["four", "five"]);
          await done.promise;
          assertEquals(texts, ["one", "two", "three", "four", "five"]);
        }),
      );
    }

    it(
      "refuses what does not fit with its headers, and names it by its index",
      test(async (place) => {
        const nats = await place.open();
        const metadata = { large: "x".repeat(6_000) };
        const most = new Uint8Array(1_048_576 - 4_096);
        const messages = [
          new Message("first"),
          new Message(most, { key: "a", metadata }),
          new Message("next of its key", { key: "a" }),
          new Message("last"),
        ];
        const error = await assertRejects(
          () => publisher(nats).publish(place.topic, messages),
          PublishError,
        );
        assertEquals(
          error.failed.map(({ index, outcome }) => [index, outcome]),
          [[1, "rejected"], [2, "not-attempted"]],
        );
        const { state } = await place.jsm.streams.info(place.stream);
        assertEquals(state.messages, 2);
      }),
    );

    it(
      "stores again what is published once more after the window",
      test(async (place) => {
        const nats = await place.open({ duplicateWindow: 500 });
        const out = publisher(nats);
        const message = new Message("once", { uuid: "the same" });
        const stored = async () => (await place.jsm.streams.info(place.stream)).state.messages;
        do await out.publish(place.topic, message); while (await stored() === 1);
        assertEquals(await stored(), 2);
      }),
    );

    it(
      "says that nothing was stored while there is no server, and nothing of what broke on its way",
      test(async (place) => {
        await place.open();
        const proxy = await Proxy.open(url);
        const far = place.transport({ servers: proxy.url, timeout: 3_000 });
        const out = publisher(far);
        await out.publish(place.topic, new Message("one"));
        const lost = new Promise<void>((resolve) => {
          far.onConnection(({ kind }) => kind === "lost" && resolve());
        });
        proxy.freeze();
        const unknown = await assertRejects(
          () => out.publish(place.topic, new Message("two")),
          PublishError,
        );
        assertEquals(unknown.failed[0]!.outcome, "unknown");
        await proxy.close();
        await lost;
        assertEquals((await far.health()).ok, false);
        const rejected = await assertRejects(
          () => out.publish(place.topic, new Message("three")),
          PublishError,
        );
        assertEquals(rejected.failed[0]!.outcome, "rejected");
        await out.close();
      }),
    );

    it(
      "skips what was deleted while it was pending, and goes on",
      test(async (place) => {
        const nats = await place.open();
        await place.publish(nats, ["one", "two"]);
        const texts: string[] = [];
        const done = Promise.withResolvers<void>();
        await place.consume(nats, async ([message]) => {
          texts.push(message!.text());
          if (message!.text() === "three") done.resolve();
          if (message!.text() !== "one") return;
          await place.jsm.streams.deleteMessage(place.stream, 1);
          throw new Error("It comes again, or would");
        }, { retry: { delays: [50] } });
        const settled = async () => (await place.jsm.consumers.info(place.stream, "all")).ack_floor;
        // The server lets go of what is not there any more.
        while ((await settled()).stream_seq < 2);
        await place.publish(nats, ["three"]);
        await done.promise;
        assertEquals(texts, ["one", "two", "three"]);
      }),
    );

    it(
      "loses nothing and keeps the order of keys by a slow network",
      test(async (place) => {
        await place.open();
        const proxy = await Proxy.open(url);
        place.opened(() => proxy.close());
        proxy.slowDown(20);
        const transport = place.transport({ servers: proxy.url });
        assertEquals(await faultsOfSlowness({ transport, topic: place.topic }), []);
      }),
    );

    const onOurs = renew === undefined ? it.skip : it;
    onOurs(
      "loses nothing when its server is restarted in good order, idle or busy",
      test(async (place) => {
        const transport = await place.open();
        const { topic } = place;
        const faults = await faultsOfRestart({ transport, topic, restart: renew! });
        assertEquals(faults, []);
      }),
    );
  });

  for (const [name, open] of KINDS) {
    describe(`${name}, when something fails`, () => {
      it(
        "ends in its time when it is closed while its server does not answer",
        test(async (place) => {
          await place.open();
          const proxy = await Proxy.open(url);
          const far = open(proxy.url);
          const options = { topic: place.topic, group: "all" };
          const consumption = await consume(far, () => {}, options);
          proxy.freeze();
          // Its server cannot be told, and it is closed all the same.
          await consumption.close({ timeout: 100 }).catch(() => {});
          await far.close();
          await proxy.close();
        }),
      );

      it(
        "ends at once when it is closed while it connects again",
        test(async (place) => {
          await place.open();
          const proxy = await Proxy.open(url);
          const far = open(proxy.url);
          place.opened(() => far.close());
          const lost = Promise.withResolvers<void>();
          const consumption = await consume(far, () => {}, {
            topic: place.topic,
            group: "all",
            reconnect: { initialDelay: 60_000, maxDelay: 60_000 },
            onConnection: ({ kind }) => kind === "lost" && lost.resolve(),
          });
          await proxy.close();
          await lost.promise;
          await consumption.close();
          await far.close();
          await assertRejects(() => consume(far, () => {}, { topic: place.topic }), ClosedError);
        }),
      );
    });
  }

  describe("core NATS, when something fails", () => {
    it(
      "goes on with what is published when its connection is back, and has nothing of the time between",
      test(async (place) => {
        const { topic, client } = place;
        const proxy = await Proxy.open(url);
        place.opened(() => proxy.close());
        const far = natsCore({ servers: proxy.url });
        place.opened(() => far.close());
        const texts: string[] = [];
        const came = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        const lost = Promise.withResolvers<void>();
        const back = Promise.withResolvers<void>();
        const consumption = await consume(far, ([message]) => {
          texts.push(message!.text());
          came[texts.length - 1]!.resolve();
        }, { topic });
        far.onConnection(({ kind }) => {
          if (kind === "lost") lost.resolve();
          if (kind === "recovered") back.resolve();
        });
        client.publish(topic, "before");
        await came[0]!.promise;
        const thaw = proxy.freeze();
        proxy.cut();
        await lost.promise;
        client.publish(topic, "between");
        await client.flush();
        thaw();
        await back.promise;
        // What was subscribed to before is told to the server with this, and answered after it.
        await far.health();
        client.publish(topic, "after");
        await came[1]!.promise;
        assertEquals(texts, ["before", "after"]);
        await consumption.close();
      }),
    );
  });
});
