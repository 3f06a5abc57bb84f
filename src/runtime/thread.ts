/** What a thread tells the one that has started it. */
export interface ThreadEvents {
  /** The thread has sent a message. */
  onMessage(data: unknown): void;
  /** Something went wrong in the thread, or it could not be started. */
  onError(error: Error): void;
  /** The thread has ended by itself: nothing of it runs any more. */
  onEnd(): void;
}

/** A thread that was started, whatever started it. */
export interface Thread {
  /** Sends a message. */
  send(message: unknown, transfer?: ArrayBuffer[]): void;
  /** Lets the process end while the thread lives, where the runtime can. */
  unref(): void;
  /**
   * Ends the thread by force. Resolves whether it is certainly gone: on Deno it may go on running,
   * whatever the runtime reports.
   */
  terminate(): Promise<boolean>;
}

/** What a program may start a thread with. */
export type Driver = "web-worker" | "worker_threads";

/** What this thread is to the one that has started it. */
export interface ThreadPort {
  /** Sends a message. */
  send(message: unknown, transfer?: ArrayBuffer[]): void;
  /** Calls with each message; holds the thread alive. */
  listen(onMessage: (data: unknown) => void): void;
  /** Ends this thread once nothing runs in it. */
  close(): void;
}
