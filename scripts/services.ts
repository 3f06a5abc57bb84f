/**
 * Starts and stops the servers that tests run against.
 *
 * ```sh
 * deno task services up redis postgres  # prints the variables that tell tests where they are
 * deno task services status
 * deno task services restart redis
 * deno task services kill redis         # as a crash would; `up` starts it with what it has stored
 * deno task services freeze redis       # its connections stay open; `thaw` lets it go on
 * deno task services down
 * ```
 *
 * Without names it is about all of them. `up` and `restart` fail where one of them is not there then.
 *
 * @module
 */

import { command, COMMANDS } from "./_service_commands.ts";
import { findServer, SERVERS } from "./_services.ts";

const [word = "", ...names] = Deno.args;
if (!Object.hasOwn(COMMANDS, word)) {
  console.error(`Say one of ${Object.keys(COMMANDS).join(", ")}, and the names of servers`);
  Deno.exit(2);
}

const servers = names.length === 0 ? SERVERS : names.map(findServer);
const away = await command(word, servers, console.log);
if (away.length > 0) console.error(`Not up: ${away.join(", ")}`);
Deno.exit(away.length > 0 ? 1 : 0);
