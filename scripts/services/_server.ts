/** Where a server runs. */
export interface Place {
  /** A folder of its own, gone when it is taken down. */
  readonly folder: string;
  /** A free port of the loopback interface; the first, where the server takes several. */
  readonly port: number;
}

/** Either where a program stands, or why there is none. */
export type Found = { readonly program: string } | { readonly missing: string };

/** A server that tests run against; each has a file of its own. */
export interface Server {
  /** What the command line takes. */
  readonly name: string;
  /** The variable of the environment that tells where it is. */
  readonly variable: string;
  /** The signal that ends it in good order. */
  readonly stopSignal: Deno.Signal;
  /** How many ports it takes, one after the other. @default {1} */
  readonly ports?: number;
  /** Finds its program, installing it first where that is wanted. */
  find(install: boolean): Promise<Found>;
  /** Prepares its folder before the first start. */
  prepare?(program: string, place: Place): Promise<void>;
  /** Removes what a crash left behind that would keep it from starting. */
  clean?(place: Place): Promise<void>;
  /** The words that start it in the foreground, with settings that lose nothing. */
  command(program: string, place: Place): readonly string[];
  /** Whether it answers. */
  isReady(program: string, place: Place): Promise<boolean>;
  /** Where clients find it. */
  url(place: Place): string;
}
