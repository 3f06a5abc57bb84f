import type { SourceSpec } from "@beat/beat/transport";
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
} from "@nats-io/jetstream";
import type { Opened } from "./connection.ts";
import { GroupLane } from "./group_lane.ts";
import { consumerOf, safeName } from "./names.ts";
import { NANOS } from "./topic_config.ts";
import { type Topic, unlessMissing } from "./topics.ts";

/** The durable consumers of a group, made where there are none yet. */
export async function joinGroup(
  opened: Opened,
  topic: Topic,
  spec: SourceSpec & { group: string },
  lease: number,
): Promise<{ lanes: readonly GroupLane[]; lease: number }> {
  const { subjects, stream } = topic;
  const infos = await Promise.all(subjects.map((subject, partition) => {
    const name = consumerOf(spec.group, partition, subjects.length);
    return join(opened, stream, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      ack_wait: lease * NANOS,
      max_deliver: -1,
      // One message at a time keeps the order of a partition, whoever asks for it.
      max_ack_pending: subjects.length > 1 && spec.ordered ? 1 : -1,
      filter_subject: subject,
      ...startOf(spec.from),
    });
  }));
  const lanes = infos.map((info, partition) => {
    checkConsumer(info, topic, partition, spec.ordered);
    const name = subjects.length === 1 ? "" : String(partition);
    const most = info.config.max_ack_pending === 1 ? 1 : Infinity;
    return new GroupLane({ name, stream, durable: info.name, most });
  });
  return { lanes, lease: Math.min(...infos.map(({ config }) => (config.ack_wait ?? 0) / NANOS)) };
}

async function join(
  { jsm }: Opened,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
): Promise<ConsumerInfo> {
  const find = () => unlessMissing(jsm.consumers.info(stream, config.durable_name));
  const known = await find();
  if (known !== undefined) return known;
  try {
    return await jsm.consumers.add(stream, config);
  } catch (error) {
    // Another member may have been quicker, with a start of its own.
    const other = await find();
    if (other === undefined) throw error;
    return other;
  }
}

/** @throws {RangeError} If somebody has made the consumer for something else. */
function checkConsumer(
  { name, config }: ConsumerInfo,
  topic: Topic,
  partition: number,
  ordered: boolean,
): void {
  const { filter_subject = "", filter_subjects = [filter_subject] } = config;
  const subject = topic.subjects[partition]!;
  const rule = config.ack_policy !== AckPolicy.Explicit
    ? "'ack_policy' must be 'explicit'"
    : config.deliver_subject !== undefined
    ? "'deliver_subject' must be left out"
    : filter_subjects.join() !== subject && !(filter_subjects.join() === "" && isWhole(topic))
    ? `'filter_subject' must be '${subject}'`
    : ordered && config.max_ack_pending !== 1
    ? "'max_ack_pending' must be 1 to keep the order of keys"
    : undefined;
  if (rule === undefined) return;
  throw new RangeError(
    `Cannot subscribe to '${topic.name}' as its consumer '${name}' does not fit: ${rule}`,
  );
}

/** Whether the stream holds the topic and nothing else, so that there is nothing to filter. */
function isWhole({ name, stream, subjects }: Topic): boolean {
  return stream === safeName(name) && subjects.length === 1;
}

function startOf(from: SourceSpec["from"]): Partial<ConsumerConfig> {
  if (from === "latest") return { deliver_policy: DeliverPolicy.New };
  if (from === "earliest") return { deliver_policy: DeliverPolicy.All };
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: from.toISOString() };
}
