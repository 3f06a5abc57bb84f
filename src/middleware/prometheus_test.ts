import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  asynchronous,
  batch,
  eachForm,
  failing,
  failureOf,
  messagesOf,
  single,
  withFakeTime,
} from "../../tests/_messages/harness.ts";
import { AbortScope } from "../message/abort_scope.ts";
import type { Publisher } from "../message/contracts.ts";
import { loseMessage, Message, receiveMessage } from "../message/message.ts";
import { prometheus, type PrometheusOptions } from "./prometheus.ts";
import { parseExposition } from "./testdata/exposition.ts";

const broken = new Error("broken");

/** The samples of a scrape by name and labels; the whole of it must be what Prometheus takes. */
function samples(text: string): Map<string, number> {
  return new Map(
    parseExposition(text).flatMap(({ samples }) => {
      return samples.map(({ text, value }) => [text, value] as const);
    }),
  );
}

function delivered(attempt = 1): Message {
  const message = new Message("{}");
  receiveMessage(message, {
    attempt,
    origin: { transport: "kafka", topic: "orders", partition: "0", offset: "0" },
    scope: new AbortScope(),
    settle: () => true,
  });
  return message;
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

function publisherThat(publish: Publisher["publish"]): Publisher & { closed: number } {
  const close = () => {
    publisher.closed++;
    return Promise.resolve();
  };
  const publisher = { publish, close, [Symbol.asyncDispose]: close, closed: 0 };
  return publisher;
}

describe("prometheus", () => {
  describe("middleware", () => {
    eachForm((form, make) => {
      it(`measures calls by handler and success, ${form}`, () =>
        withFakeTime(async (time) => {
          time.tick(1_000);
          const metrics = prometheus();
          const slow = metrics.middleware(() =>
            new Promise<void>((resolve) => setTimeout(resolve, 200))
          );
          const done = slow(make());
          await time.runAllAsync();
          await done;
          for (const shape of [(handle: ReturnType<typeof failing>) => handle, asynchronous]) {
            const handle = metrics.middleware(shape(failing(broken)));
            assertStrictEquals(await failureOf(() => handle(make())), broken);
          }
          const found = samples(metrics.text());
          const at = (rest: string) => found.get(`handler_execution_time_seconds_${rest}`);
          assertEquals(at('count{handler_name="bill",success="true"}'), 1);
          assertEquals(at('sum{handler_name="bill",success="true"}'), 0.2);
          assertEquals(at('bucket{handler_name="bill",success="true",le="0.1"}'), 0);
          assertEquals(at('bucket{handler_name="bill",success="true",le="0.25"}'), 1);
          assertEquals(at('bucket{handler_name="bill",success="true",le="+Inf"}'), 1);
          assertEquals(at('count{handler_name="bill",success="false"}'), 2);
        }));

      it(`counts what is in handlers, ${form}`, async () => {
        const metrics = prometheus();
        const { promise, resolve } = Promise.withResolvers<void>();
        const work = make();
        const done = metrics.middleware(() => promise)(work);
        const inflight = () => samples(metrics.text()).get('handler_inflight{handler_name="bill"}');
        assertEquals(inflight(), work.messages.length);
        resolve();
        await done;
        assertEquals(inflight(), 0);
      });

      it(`returns at once what a synchronous handler returns, ${form}`, () => {
        const produced = new Message("paid");
        assertStrictEquals(prometheus().middleware(() => produced)(make()), produced);
      });
    });

    it("counts messages when they are settled, by how", async () => {
      const metrics = prometheus();
      const messages = [delivered(), delivered(), delivered(), delivered()];
      await metrics.middleware(() => {})(batch(messages));
      const count = (how: string) =>
        samples(metrics.text()).get(
          `subscriber_messages_received_total{handler_name="bill",subscriber_name="kafka",acked="${how}"}`,
        );
      assertEquals(count("acked"), undefined);
      messages[0].ack();
      messages[1].ack();
      messages[2].nack();
      loseMessage(messages[3], new Error("lease lost"));
      await turn();
      assertEquals(["acked", "nacked", "lost"].map(count), [2, 1, 1]);
    });

    it("counts a message again that has come again, and one that nobody delivered", async () => {
      const metrics = prometheus();
      const handle = metrics.middleware(() => {});
      const message = new Message();
      const other = new Message();
      for (const one of [message, other]) {
        await handle(single(one));
        one.ack();
        await turn();
      }
      // As for a codec that gives the same message for the same record.
      receiveMessage(message, {
        attempt: 2,
        origin: { transport: "kafka", topic: "orders", partition: "", offset: "0" },
        scope: new AbortScope(),
        settle: () => true,
      });
      await handle(single(message));
      message.nack();
      await turn();
      const lines = metrics.text().split("\n").filter((line) => /^subscriber.*{/.test(line));
      assertEquals(lines, [
        'subscriber_messages_received_total{handler_name="bill",subscriber_name="<no subscriber>",acked="acked"} 2',
        'subscriber_messages_received_total{handler_name="bill",subscriber_name="kafka",acked="nacked"} 1',
      ]);
    });

    it("counts a message once that is handled again before it is settled", async () => {
      const metrics = prometheus();
      const message = delivered();
      const handle = metrics.middleware(failing(broken));
      await failureOf(() => handle(single(message)));
      await handle(single(message));
      message.ack();
      await turn();
      const received = [...samples(metrics.text())].filter(([name]) => name.includes("received"));
      assertEquals(received.map(([, value]) => value), [1]);
    });

    it("notes the attempts that a message took until it was acked", async () => {
      const metrics = prometheus();
      for (const message of [delivered(1), delivered(3), delivered(40)]) {
        await metrics.middleware(() => {})(single(message));
        message.ack();
      }
      await turn();
      const found = samples(metrics.text());
      const bucket = (le: string) =>
        found.get(`handler_attempts_bucket{handler_name="bill",le="${le}"}`);
      assertEquals(["1", "2", "3", "10", "+Inf"].map(bucket), [1, 1, 2, 2, 3]);
    });
  });

  describe("publisher()", () => {
    it("measures calls by handler, publisher and success", () =>
      withFakeTime(async (time) => {
        time.tick(1_000);
        const metrics = prometheus();
        let fails = false;
        const slow = publisherThat(async () => {
          await new Promise((resolve) => setTimeout(resolve, 30));
          if (fails) throw broken;
        });
        const publisher = metrics.publisher(slow, { name: "kafka", handler: "bill" });
        for (const publish of [() => publisher.publish("paid", new Message())]) {
          const done = publish();
          await time.runAllAsync();
          await done;
          fails = true;
          const failed = assertRejects(publish, Error, "broken");
          await time.runAllAsync();
          await failed;
        }
        const found = samples(metrics.text());
        const labels = 'handler_name="bill",publisher_name="kafka"';
        assertEquals(found.get(`publish_time_seconds_sum{${labels},success="true"}`), 0.03);
        assertEquals(found.get(`publish_time_seconds_count{${labels},success="false"}`), 1);
      }));

    it("says '<no handler>' where there is none, and measures no empty call", async () => {
      const metrics = prometheus();
      let calls = 0;
      const publisher = metrics.publisher(publisherThat(() => Promise.resolve(void calls++)));
      await publisher.publish("paid", []);
      assertEquals([calls, samples(metrics.text()).size], [1, 0]);
      await publisher.publish("paid", messagesOf("a", "b"));
      const labels = 'handler_name="<no handler>",publisher_name="publisher",success="true"';
      assertEquals(samples(metrics.text()).get(`publish_time_seconds_count{${labels}}`), 1);
    });

    it("counts dead letters that were confirmed, by the handler that they name", async () => {
      const metrics = prometheus();
      let fails = true;
      const publisher = metrics.publisher(
        publisherThat(() => fails ? Promise.reject(broken) : Promise.resolve()),
        { deadLetters: true },
      );
      const letter = new Message("", { metadata: { dlq_handler: "bill" } });
      await assertRejects(() => publisher.publish("dead", letter), Error, "broken");
      fails = false;
      await publisher.publish("dead", [letter, letter.copy(), new Message()]);
      const found = samples(metrics.text());
      assertEquals(found.get('dlq_total{handler_name="bill"}'), 2);
      assertEquals(found.get('dlq_total{handler_name="<no handler>"}'), 1);
    });

    it("counts letters that name handlers without end as those of others", async () => {
      const metrics = prometheus();
      const options = { deadLetters: true };
      const publishers = [1, 2].map(() =>
        metrics.publisher(publisherThat(() => Promise.resolve()), options)
      );
      for (let at = 0; at < 1_500; at++) {
        const metadata = { dlq_handler: `h${at}` };
        for (const one of publishers) await one.publish("dead", new Message("", { metadata }));
      }
      const letters = [...samples(metrics.text())].filter(([name]) => name.startsWith("dlq_total"));
      assertEquals(letters.length, 1_001);
      assertEquals(letters.at(-1), ['dlq_total{handler_name="<other>"}', 1_000]);
    });

    it("closes the publisher that it measures", async () => {
      const inner = publisherThat(() => Promise.resolve());
      const publisher = prometheus().publisher(inner);
      await publisher.close();
      await publisher[Symbol.asyncDispose]();
      assertEquals(inner.closed, 2);
    });
  });

  describe("text()", () => {
    it("is what Prometheus reads", async () => {
      const metrics = prometheus({ namespace: "shop", subsystem: "orders", buckets: [0.5, 2] });
      await withFakeTime(() => metrics.middleware(() => {})(single()) as void);
      assertEquals(metrics.contentType, "text/plain; version=0.0.4; charset=utf-8");
      const [help, type, ...rest] = metrics.text().split("\n");
      const name = "shop_orders_handler_execution_time_seconds";
      const labels = 'handler_name="bill",success="true"';
      assertEquals(help, `# HELP ${name} Seconds that a call of a handler took`);
      assertEquals(type, `# TYPE ${name} histogram`);
      assertEquals(rest.slice(0, 5), [
        `${name}_bucket{${labels},le="0.5"} 1`,
        `${name}_bucket{${labels},le="2"} 1`,
        `${name}_bucket{${labels},le="+Inf"} 1`,
        `${name}_sum{${labels}} 0`,
        `${name}_count{${labels}} 1`,
      ]);
      assert(metrics.text().endsWith("\n"));
    });

    it("is what its grammar asks for, whatever the labels hold", async () => {
      const metrics = prometheus({ namespace: "shop", subsystem: "orders" });
      const names = [
        'a"b\\c\nd',
        "",
        " ",
        "}",
        ",",
        "=",
        "\\n",
        "\\",
        '"',
        "日本 🧾",
        "le",
        "\r\t\0",
      ];
      const ended = publisherThat(() => Promise.resolve());
      for (const [at, name] of names.entries()) {
        const message = delivered(at + 1);
        const handle = metrics.middleware(() => {});
        await handle(single(message, { handler: name }));
        if (at % 2 === 0) message.ack();
        else message.nack();
        await metrics.publisher(ended, { name, handler: name }).publish("a", new Message());
        const letter = new Message("", {
          metadata: { dlq_handler: name.replace(/[\r\n\0]/g, "") },
        });
        await metrics.publisher(ended, { deadLetters: true }).publish("dead", letter);
      }
      await failureOf(() => metrics.middleware(failing(broken))(single()));
      await turn();
      const lags = [0, 7, 2 ** 53, 1e21, 0.1, 1e-7].map((lag, at) => ({
        lane: names[at]!,
        lag,
        measuredAt: 0,
      }));
      const lagging = names.map((name) => ({ name, lag: () => Promise.resolve(lags) }));
      const families = parseExposition(await metrics.scrape(lagging));
      assertEquals(families.map(({ name, type }) => [name, type]), [
        ["shop_orders_handler_execution_time_seconds", "histogram"],
        ["shop_orders_subscriber_messages_received_total", "counter"],
        ["shop_orders_handler_attempts", "histogram"],
        ["shop_orders_handler_inflight", "gauge"],
        ["shop_orders_handler_lag", "gauge"],
        ["shop_orders_publish_time_seconds", "histogram"],
        ["shop_orders_dlq_total", "counter"],
      ]);
      for (const { help } of families) assert(help.length > 10);
      const family = (end: string) => families.find(({ name }) => name.endsWith(end))!;
      const labelled = (end: string, label: string) => {
        return [...new Set(family(end).samples.map(({ labels }) => labels.get(label)))].sort();
      };
      assertEquals(labelled("_inflight", "handler_name"), [...names, "bill"].sort());
      assertEquals(
        labelled("_publish_time_seconds", "publisher_name"),
        [...names, "publisher"].sort(),
      );
      const lag = family("_lag").samples.filter(({ labels }) => labels.get("handler_name") === "}");
      assertEquals(lag.map(({ value }) => value), [0, 7, 2 ** 53, 1e21, 0.1, 1e-7]);
    });

    it("escapes what labels hold", async () => {
      const metrics = prometheus();
      await metrics.middleware(() => {})(single(undefined, { handler: 'a"b\\c\nd' }));
      assert(metrics.text().includes('handler_inflight{handler_name="a\\"b\\\\c\\nd"} 0'));
    });
  });

  it("refuses malformed options", () => {
    const refused: PrometheusOptions[] = [
      { namespace: "my shop" },
      { subsystem: "1st" },
      { buckets: [2, 1] },
      { buckets: [1, 1] },
      { buckets: [1, Infinity] },
    ];
    for (const options of refused) assertThrows(() => prometheus(options), Error, "must be");
    prometheus({ namespace: "_9shop", subsystem: "Z8" });
    const publisher = publisherThat(() => Promise.resolve());
    const misspelt = { deadletters: true } as never;
    assertThrows(() => prometheus().publisher(publisher, misspelt), TypeError, "unknown");
  });

  it("has the ranges of Watermill, so that its dashboard shows them, and up to ten attempts", async () => {
    const metrics = prometheus();
    const message = new Message();
    metrics.middleware(() => {})(single(message));
    message.ack();
    await message.settled();
    const out = metrics.publisher(publisherThat(() => Promise.resolve()));
    await out.publish("orders", new Message());
    const boundsOf = (name: string) =>
      Array.from(
        metrics.text().matchAll(new RegExp(`^${name}_bucket.*le="(.*?)"`, "gm")),
        ([, bound]) => bound,
      ).join();
    assertEquals(
      boundsOf("handler_execution_time_seconds"),
      "0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,+Inf",
    );
    // Those of Prometheus' own client for Go, which Watermill leaves as they are.
    assertEquals(
      boundsOf("publish_time_seconds"),
      "0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10,+Inf",
    );
    assertEquals(boundsOf("handler_attempts"), "1,2,3,5,10,+Inf");
  });

  describe("scrape", () => {
    const lane = (name: string, lag: number) => ({ lane: name, lag, measuredAt: 0 });

    it("tells how far each handler is behind, by lane, and forgets what is gone", async () => {
      const metrics = prometheus({ namespace: "shop" });
      let lanes = [lane("0", 7), lane("1", 0)];
      const bill = { name: "bill", lag: () => Promise.resolve(lanes) };
      assertEquals(samples(metrics.text()).size, 0);
      const first = samples(await metrics.scrape([bill]));
      assertEquals([...first], [
        ['shop_handler_lag{handler_name="bill",lane="0"}', 7],
        ['shop_handler_lag{handler_name="bill",lane="1"}', 0],
      ]);
      lanes = [lane("1", 3)];
      const second = samples(await metrics.scrape([bill]));
      assertEquals([...second], [['shop_handler_lag{handler_name="bill",lane="1"}', 3]]);
    });

    it("leaves out who fails or does not answer in time", () =>
      withFakeTime(async (time) => {
        const metrics = prometheus();
        const silent = { name: "silent", lag: () => new Promise<never>(() => {}) };
        const down = { name: "down", lag: () => Promise.reject(broken) };
        const well = { name: "well", lag: () => Promise.resolve([lane("", 1)]) };
        for (const options of [undefined, { timeout: 10 }]) {
          const scraped = metrics.scrape([silent, down, well], options);
          await time.tickAsync(options?.timeout ?? 5_000);
          assertEquals([...samples(await scraped).keys()], [
            'handler_lag{handler_name="well",lane=""}',
          ]);
        }
        await assertRejects(() => metrics.scrape([], { timeout: -1 }), RangeError, "'timeout'");
      }));

    it("asks a broker that does not answer once, however often it is scraped", () =>
      withFakeTime(async (time) => {
        const metrics = prometheus();
        const answers: ((lanes: ReturnType<typeof lane>[]) => void)[] = [];
        const slow = {
          name: "slow",
          lag: () => new Promise<ReturnType<typeof lane>[]>((resolve) => answers.push(resolve)),
        };
        const scrape = async () => {
          const scraped = metrics.scrape([slow], { timeout: 10 });
          await time.tickAsync(10);
          return samples(await scraped).size;
        };
        assertEquals([await scrape(), await scrape(), answers.length], [0, 0, 1]);
        const third = metrics.scrape([slow], { timeout: 10 });
        answers[0]([lane("", 1)]);
        assertEquals(samples(await third).size, 1);
        assertEquals([await scrape(), answers.length], [0, 2]);
      }));

    it("asks a broker again that has said nothing for a minute", () =>
      withFakeTime(async (time) => {
        const metrics = prometheus();
        const answers: ((lanes: ReturnType<typeof lane>[]) => void)[] = [];
        const lost = {
          name: "lost",
          lag: () => new Promise<ReturnType<typeof lane>[]>((resolve) => answers.push(resolve)),
        };
        const scrape = async (wait: number) => {
          const scraped = metrics.scrape([lost], { timeout: 10 });
          await time.tickAsync(wait);
          return samples(await scraped);
        };
        assertEquals((await scrape(10)).size, 0);
        await time.tickAsync(59_980);
        await scrape(10);
        assertEquals(answers.length, 1);
        await scrape(10);
        assertEquals(answers.length, 2);
        // The first answer comes too late to make room for a third question.
        answers[0]([lane("", 1)]);
        await time.tickAsync(0);
        assertEquals((await scrape(10)).size, 0);
        assertEquals(answers.length, 2);
        answers[1]([lane("", 7)]);
        await time.tickAsync(0);
        const scraped = metrics.scrape([lost], { timeout: 10 });
        await time.tickAsync(0);
        answers[2]([lane("", 7)]);
        assertEquals([...samples(await scraped).values()], [7]);
      }));
  });
});
