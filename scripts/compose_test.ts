import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { findServer, SERVERS } from "./_services.ts";
import { readYaml, type Yaml, type YamlMap } from "./_yaml.ts";
import { kafkaSettings, VERSION } from "./services/kafka.ts";

/** Where a server stands that is only asked how it would be started. */
const PORT = 12_345;

const text = await Deno.readTextFile(new URL("../compose.yaml", import.meta.url));
const compose = readYaml(text);
const services = compose.services as YamlMap;
const names = Object.keys(services);

/** The words of a list. */
function words(value: Yaml | undefined): string[] {
  return (value ?? []) as string[];
}

/** A service by the name of its server. */
function serviceOf(name: string): YamlMap {
  return services[name] as YamlMap;
}

/** What a server is started with here: its words, and the file that it reads its settings from. */
async function startedBy(name: string): Promise<{ command: readonly string[]; config: string }> {
  const server = findServer(name);
  const place = { folder: await Deno.makeTempDir(), port: PORT };
  // Databases prepare their files by programs of their own.
  const config = name === "nats" ? await configOf(name, place.folder) : "";
  const command = server.command(name, place).map((word) =>
    word.replaceAll(place.folder, "FOLDER")
  );
  await Deno.remove(place.folder, { recursive: true });
  return { command, config };
}

async function configOf(name: string, folder: string): Promise<string> {
  await findServer(name).prepare!(name, { folder, port: PORT });
  const written = await Deno.readTextFile(`${folder}/${name}.conf`);
  return written.replaceAll(folder, "/data");
}

/** Words that come in twos, without those that say where a server is. */
function pairs(all: readonly string[], first: string, elsewhere: RegExp): string[] {
  const own = all.slice(all.indexOf(first));
  const found = own.flatMap((word, at) => at % 2 === 0 ? [`${word} ${own[at + 1]}`] : []);
  return found.filter((pair) => !elsewhere.test(pair));
}

describe("compose.yaml", () => {
  it("has the servers of `deno task services`; there are more kinds of one in tests only", () => {
    assertEquals(names, SERVERS.map(({ name }) => name).filter((name) => name !== "nats-debian"));
  });

  it("says by which variable tests find each, at the port that it listens to on this machine", () => {
    const said = [...text.matchAll(/^# (BEAT_\w+)=(.+)$/gm)].map(([, name, url]) => [name, url]);
    const found = names.map((name) => {
      const [mapping, ...others] = words(serviceOf(name).ports);
      assertEquals(others, [], name);
      const [, from, to] = /^127\.0\.0\.1:(\d+):(\d+)$/.exec(mapping!)!;
      assertEquals(from, to, name);
      const { variable, url } = findServer(name);
      return [variable, url({ folder: "", port: Number(from) })];
    });
    assertEquals(said, found);
    assertEquals(new Set(found.map(([, url]) => url)).size, names.length);
  });

  it("starts Redis with the same settings", async () => {
    const { command } = await startedBy("redis");
    const [program, ...own] = words(serviceOf("redis").command);
    assertEquals(program, "redis-server");
    const isOfPlace = /^--(bind|port|dir|set-proc-title) /;
    assertEquals(pairs(own, own[0]!, isOfPlace), pairs(command, "--bind", isOfPlace));
  });

  it("starts NATS with the same settings", async () => {
    const { config } = await startedBy("nats");
    const own = (compose.configs as { nats: { content: string } }).nats.content;
    const line = (settings: string) =>
      settings.replace(/^(host|port): .*\n/gm, "").trim().replace(/\s+/g, " ");
    assertEquals(line(own), line(config));
    const [mount] = serviceOf("nats").configs as unknown as YamlMap[];
    assertEquals(words(serviceOf("nats").command), ["--config", mount!.target]);
  });

  it("starts Kafka with the same settings", () => {
    const isOfPlace = /^(listeners|advertised\.listeners|log\.dirs|controller\.quorum\.voters)=/;
    const told = kafkaSettings({ folder: "", port: PORT }).trim().split("\n");
    const own = Object.entries(serviceOf("kafka").environment as YamlMap).map(([name, value]) =>
      `${name.replace("KAFKA_", "").toLowerCase().replaceAll("_", ".")}=${value}`
    );
    const settings = (all: string[]) => all.filter((one) => !isOfPlace.test(one)).sort();
    assertEquals(settings(own), settings(told));
  });

  it("starts PostgreSQL with the same settings", async () => {
    const { command } = await startedBy("postgres");
    const [program, ...own] = words(serviceOf("postgres").command);
    assertEquals(program, "postgres");
    const isOfPlace = /^(-D|-p|-c listen_addresses=|-c unix_socket_directories=)/;
    assertEquals(pairs(own, "-c", isOfPlace), pairs(command, "-D", isOfPlace));
  });

  it("starts MariaDB with the same settings", async () => {
    const { command } = await startedBy("mariadb");
    const isOfPlace = /^--(no-defaults|user|datadir|socket|pid-file|bind-address|port)\b/;
    const told = command.filter((word) => word.startsWith("--") && !isOfPlace.test(word));
    assertEquals(serviceOf("mariadb").command, told.join(" "));
  });

  it("has servers that write to the disk before they confirm; Kafka is left as it is", () => {
    const lasting: Record<string, string> = {
      redis: "--appendonly,yes,--appendfsync,always",
      postgres: "-c,fsync=on,-c,synchronous_commit=on",
      mariadb: "--innodb-flush-log-at-trx-commit=1",
    };
    for (const [name, settings] of Object.entries(lasting)) {
      assertStringIncludes(String(serviceOf(name).command), settings);
    }
    assertStringIncludes(text, "sync_interval: always");
    const kafka = Object.keys(serviceOf("kafka").environment as YamlMap);
    assertEquals(kafka.filter((name) => /FLUSH|ACKS/.test(name)), []);
  });

  it("has the version of Kafka that tests have", () => {
    assertEquals(serviceOf("kafka").image, `apache/kafka:${VERSION}`);
  });
});

describe("readYaml()", () => {
  it("reads mappings, lists and blocks", () => {
    const read = readYaml(`# a comment
a:
  b: [x, "y z", { c: 1, d: "", e: [f, g] }]
  "h i":
    text: |
      one {
        two
      }

j: 127.0.0.1:1
`);
    assertEquals(read, {
      a: {
        b: ["x", "y z", { c: "1", d: "", e: ["f", "g"] }],
        "h i": { text: "one {\n  two\n}" },
      },
      j: "127.0.0.1:1",
    });
  });

  it("refuses what it does not know, and what is there twice", () => {
    const wrong = [
      "- a",
      "a: 1\na: 2",
      "a: [1",
      "a: {b}",
      "a:\n  b: 1\n c: 2",
      "a",
      "a: [1 2",
    ];
    for (const one of wrong) {
      assertThrows(() => readYaml(one), SyntaxError, "Cannot read YAML", one);
    }
  });
});
