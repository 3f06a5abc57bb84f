import type { Lane } from "@beat/beat/transport";

/** One stream of a topic, as a source has it. A new assignment is a new object. */
export class StreamLane implements Lane {
  readonly name: string;
  readonly partition: number;
  /** The key of the stream. */
  readonly stream: string;
  /** The key of what waits for its time. */
  readonly delayed: string;
  fenced = false;
  /** The ids that the engine has. */
  readonly held = new Set<string>();
  /** Where the next look for what was left behind begins. */
  cursor = "0-0";
  /** Whether what the owner before had is still to be taken. */
  inherits: boolean;
  /** Whether it is being given away. */
  isLeaving = false;
  /** The last id read when something was found to be trimmed unread. */
  gap = "";

  constructor(name: string, partition: number, stream: string, delayed: string, inherits: boolean) {
    this.name = name;
    this.partition = partition;
    this.stream = stream;
    this.delayed = delayed;
    this.inherits = inherits;
  }
}
