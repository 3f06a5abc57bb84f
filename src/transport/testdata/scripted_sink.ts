import type { Rec } from "../../message/rec.ts";
import type { SendFailure, SendItem, Sink } from "../port.ts";

/** One call of `send` that the test has not answered. */
export interface OpenSend {
  readonly lane: string;
  readonly items: readonly SendItem[];
  /** Confirms what has no failure. */
  confirm(failures?: Readonly<Record<number, SendFailure>>): Promise<void>;
  /** Answers with these results, whatever they are. */
  answer(results: readonly (SendFailure | undefined)[]): Promise<void>;
  /** Loses the connection. */
  lose(cause: unknown): Promise<void>;
}

/** Lets promises that are settled by now have their effect. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await null;
}

/** A sink whose sends the test answers; a lane per key. */
export class ScriptedSink implements Sink {
  limits = { batch: 100, bytes: Infinity, lanes: 10 };
  /** Sends that are not answered, the oldest first. */
  readonly open: OpenSend[] = [];
  /** All sends: ids of their records. */
  readonly sent: string[][] = [];
  closed = 0;

  lane(_topic: string, rec: Rec): string {
    return rec.key;
  }

  send(lane: string, items: readonly SendItem[]): Promise<(SendFailure | undefined)[]> {
    this.sent.push(items.map(({ rec }) => rec.id));
    return new Promise((resolve, reject) => {
      const end = async (settlement: () => void) => {
        this.open.splice(this.open.indexOf(send), 1);
        settlement();
        await settle();
      };
      const send: OpenSend = {
        lane,
        items,
        confirm: (failures = {}) => end(() => resolve(items.map((_, at) => failures[at]))),
        answer: (results) => end(() => resolve([...results])),
        lose: (cause) => end(() => reject(cause)),
      };
      this.open.push(send);
    });
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }

  /** Ids of the records that are on their way, send by send. */
  get inFlight(): string[][] {
    return this.open.map(({ items }) => items.map(({ rec }) => rec.id));
  }
}

/** A record; its id is its key and a text. */
export function rec(key: string, text: string | number = ""): Rec {
  return { id: `${key}${text}`, key, headers: [], payload: new Uint8Array(), time: 0 };
}
