import type { ConnectionOptions } from "@nats-io/transport-node";

/** What of a connection is told by URLs. */
export type ServerOptions = Pick<ConnectionOptions, "servers" | "user" | "pass" | "token" | "tls">;

const SCHEME = /^[a-z]+:\/\//i;

/** Whether something names a server. */
export function isServer(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const url = withScheme(value);
  return URL.canParse(url) && new URL(url).host !== "";
}

/**
 * What URLs say beside where the servers are: who connects, a token if there is no password, and with
 * `tls:` that the connection is encrypted. All servers of a cluster know the same user: the first that is
 * named counts. The client itself looks at host and port only.
 */
export function readServers(servers: readonly string[]): ServerOptions {
  const urls = servers.map((server) => new URL(withScheme(server)));
  const { username = "", password = "" } = urls.find(({ username }) => username !== "") ?? {};
  return {
    servers: urls.map(({ host }) => host),
    ...(username === ""
      ? {}
      : password === ""
      ? { token: decodeURIComponent(username) }
      : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    ...(urls.some(({ protocol }) => protocol === "tls:") ? { tls: {} } : {}),
  };
}

function withScheme(server: string): string {
  return SCHEME.test(server) ? server : `nats://${server}`;
}
