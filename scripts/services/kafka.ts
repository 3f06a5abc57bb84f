import { run } from "../_process.ts";
import { isFile } from "./_debian.ts";
import { accepts } from "./_probe.ts";
import type { Found, Place, Server } from "./_server.ts";

/** The newest version whose jars are all there. */
export const VERSION = "4.3.1";
const JAVA = "/usr/bin/java";
const MAVEN = "/usr/bin/mvn";
const HEAP = ["-Xms64m", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
const LOGGING = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn";
/** Any 22 characters of base64 will do for a cluster of one. */
const CLUSTER = "YmVhdC1iZWF0LWJlYXQtYg";
/** Milliseconds that Maven may take. */
const LIMIT = 600_000;
const GLANCE = 50;

/** Apache Kafka, one broker that is its own controller. */
export const kafka: Server = {
  name: "kafka",
  variable: "BEAT_KAFKA_URL",
  stopSignal: "SIGTERM",
  // That of the broker, and that of the controller.
  ports: 2,

  find: findJars,

  async prepare(jars, place) {
    await Deno.writeTextFile(configOf(place), kafkaSettings(place));
    const { code, output } = await run([
      ...java(jars),
      ...["kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", configOf(place)],
    ]);
    if (code !== 0) throw new Error(`Formatting the storage of Kafka failed: ${output.trim()}`);
    if (!isFile(archiveOf(jars))) await archiveClasses(jars, place);
  },

  command: (jars, place) => broker(jars, place),

  isReady: (_jars, { port }) => accepts(port),

  url: ({ port }) => `127.0.0.1:${port}`,
};

function broker(jars: string, place: Place, ...options: string[]): string[] {
  return [...java(jars, ...options), "kafka.Kafka", configOf(place)];
}

function java(jars: string, ...options: string[]): string[] {
  const archive = archiveOf(jars);
  // Java goes on without one that another version has made.
  const sharing = isFile(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [];
  return [JAVA, ...HEAP, LOGGING, ...sharing, ...options, "-cp", jars];
}

/** Where the classes of a broker stand as Java has them in memory: it starts in half the time by that. */
function archiveOf(jars: string): string {
  return jars.replace("/libs/*", "/classes.jsa");
}

/** Has a broker run once, as Java writes down at its end what it has loaded. */
async function archiveClasses(jars: string, place: Place): Promise<void> {
  const written = `${place.folder}/classes.jsa`;
  const [program, ...args] = broker(jars, place, `-XX:ArchiveClassesAtExit=${written}`);
  const output = { stdin: "null", stdout: "null", stderr: "null" } as const;
  const child = new Deno.Command(program!, { args, ...output }).spawn();
  let isRunning = true;
  void child.status.then(() => isRunning = false);
  while (isRunning && !await accepts(place.port)) {
    await new Promise((resolve) => setTimeout(resolve, GLANCE));
  }
  if (isRunning) child.kill("SIGTERM");
  await child.status;
  // A broker that cannot start says so when it is started.
  if (!isFile(written)) return;
  const archive = archiveOf(jars);
  await Deno.copyFile(written, `${archive}.new`);
  await Deno.rename(`${archive}.new`, archive);
  await Deno.remove(written);
}

function configOf({ folder }: Place): string {
  return `${folder}/kafka.properties`;
}

/** The heap is small: with its default buffer the cleaner of logs would run out of it. */
export function kafkaSettings({ folder, port }: Place): string {
  const controller = `127.0.0.1:${port + 1}`;
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://${controller}
log.dirs=${folder}/data
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
auto.create.topics.enable=false
log.retention.ms=-1
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.cleaner.dedupe.buffer.size=4194304
`;
}

/** The class path of Kafka, whose jars Maven fetches. */
async function findJars(install: boolean): Promise<Found> {
  const folder = `${Deno.env.get("HOME") ?? ""}/.cache/beat/kafka-${VERSION}`;
  if (!isFile(JAVA)) return { missing: `Kafka needs Java, which is not at ${JAVA}` };
  const program = `${folder}/libs/*`;
  if (isFile(`${folder}/complete`)) return { program };
  if (!install) return { missing: `Kafka ${VERSION} is not installed` };
  if (!isFile(MAVEN)) return { missing: `the jars of Kafka need Maven, which is not at ${MAVEN}` };
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/pom.xml`, POM);
  const { code, output } = await run([
    ...[MAVEN, "-B", "-ntp", "-q", "-f", `${folder}/pom.xml`],
    ...["dependency:copy-dependencies", `-DoutputDirectory=${folder}/libs`],
  ], { timeLimit: LIMIT });
  if (code !== 0) return { missing: `Maven could not fetch Kafka: ${output.trim()}` };
  await Deno.writeTextFile(`${folder}/complete`, "");
  return { program };
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>beat</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>${VERSION}</version>
      <exclusions>
        <exclusion>
          <groupId>org.apache.kafka</groupId>
          <artifactId>connect-runtime</artifactId>
        </exclusion>
      </exclusions>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;
