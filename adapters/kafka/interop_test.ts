import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { cloudEvents, watermill } from "@beat/beat/marshal";
import { Message } from "@beat/beat/message";
import { publisher } from "@beat/beat/transport";
import { Buffer } from "node:buffer";
import { withService } from "../../tests/_services/mod.ts";
import { partitionOfKey } from "./murmur2.ts";
import { findJars, runTool } from "./testdata/console_tool.ts";
import { take, textsOf } from "../../tests/_services/test_host.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

const PARTITIONS = 5;
const KEYS = Array.from({ length: 20 }, (_, at) => `key ${at} ü`);
const TIME = 1_700_000_000_000;

withService("kafka", "BEAT_KAFKA_URL", ({ url }) => {
  const jars = findJars();
  if (jars === undefined) {
    it.skip("skipped as the jars of Kafka are not there: `deno task services up kafka` gets them", () => {});
    return;
  }
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  describe("Kafka's console tools", () => {
    it(
      "read what is published here: the payload as it is, the rest as key, headers and time",
      test(async (place) => {
        const kafka = await place.withTopic();
        const message = (uuid: string) =>
          new Message("hello", {
            ...{ uuid, key: "order-7", metadata: { tenant: "ä" } },
            timestamp: new Date(TIME),
          });
        const codecs = [{}, { codec: watermill() }, {
          codec: cloudEvents({ source: "/shop", binding: "kafka" }),
        }];
        for (const [at, options] of codecs.entries()) {
          const out = publisher(kafka, options);
          await out.publish(place.topic, message(`id ${at}`));
          await out.close();
        }
        const shown = ["timestamp", "key", "headers"].flatMap((part) => {
          return ["--formatter-property", `print.${part}=true`];
        });
        const lines = await runTool(jars, "consumer.ConsoleConsumer", [
          ...["--bootstrap-server", url, "--topic", place.topic, "--from-beginning"],
          ...["--max-messages", "3", "--timeout-ms", "60000", ...shown],
        ]);
        const line = (headers: string) => `CreateTime:${TIME}\t${headers}\torder-7\thello`;
        const time = new Date(TIME).toISOString();
        assertEquals(lines, [
          line("beat-id:id 0,tenant:ä"),
          line("_watermill_message_uuid:id 1,tenant:ä"),
          line(
            `ce_specversion:1.0,ce_id:id 2,ce_source:/shop,ce_type:${place.topic},ce_time:${time},ce_partitionkey:order-7,ce_tenant:ä`,
          ),
        ]);
      }),
    );

    it(
      "write what is read here, and put each key where it is put here",
      test(async (place) => {
        const kafka = await place.withTopic(PARTITIONS);
        const read = ["parse.key=true", "parse.headers=true"].flatMap((property) => {
          return ["--reader-property", property];
        });
        await runTool(
          jars,
          "ConsoleProducer",
          ["--bootstrap-server", url, "--topic", place.topic, ...read],
          KEYS.map((key) => `tenant:ä,tenant:b\t${key}\thello`),
        );
        const source = await place.source(kafka);
        const taken = await take(source, KEYS.length);
        assertEquals(new Set(textsOf(taken)), new Set(["hello"]));
        assertEquals(taken.map(({ rec: { key } }) => key).sort(), KEYS.toSorted());
        for (const { lane, rec: { id, key, headers }, token } of taken) {
          assertEquals(lane.name, String(partitionOfKey(Buffer.from(key), PARTITIONS)), key);
          assertEquals(headers, [["tenant", "ä"], ["tenant", "b"]]);
          assertEquals(id, `${place.topic}/${lane.name}/${token}`);
        }
      }),
    );
  });
});
