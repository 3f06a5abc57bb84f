/** Whether something takes connections at a port. */
export async function accepts(port: number): Promise<boolean> {
  const connection = await connect(port);
  connection?.close();
  return connection !== undefined;
}

/** Says something to a server and tells whether its answer starts as expected. */
export async function answers(port: number, words: string, expected: string): Promise<boolean> {
  const connection = await connect(port);
  if (connection === undefined) return false;
  const answer = new Uint8Array(64);
  try {
    if (words !== "") await connection.write(new TextEncoder().encode(words));
    const count = await connection.read(answer);
    return new TextDecoder().decode(answer.subarray(0, count ?? 0)).startsWith(expected);
  } catch {
    return false;
  } finally {
    connection.close();
  }
}

async function connect(port: number): Promise<Deno.TcpConn | undefined> {
  try {
    return await Deno.connect({ hostname: "127.0.0.1", port });
  } catch {
    return undefined;
  }
}
