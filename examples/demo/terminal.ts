import process from "node:process";

/** Where the demo writes to: `process.stdout`, or what a test puts in its place. */
export interface Output {
  write(text: string): unknown;
  /** Whether a person looks at it. */
  isTTY?: boolean;
}

/** Writes what a person sees: colours and a progress bar on a terminal, plain lines elsewhere. */
export interface Terminal {
  print(line?: string): void;
  /** Paints a text, where colours are wanted. */
  paint(colour: Colour, text: string): string;
  /** Shows how much of something is done, from 0 to 1; only on a terminal, and not at once. */
  progress(label: string): (done: number) => void;
  /** Takes the progress bar away. */
  endProgress(): void;
}

const COLOURS = { red: 31, green: 32, cyan: 36, dim: 2, bold: 1 };

/** A colour of {@linkcode Terminal.paint}. */
export type Colour = keyof typeof COLOURS;

/** Milliseconds until a bar appears: what is done before that needs none. */
const PATIENCE = 150;
/** Milliseconds between two pictures of a bar. */
const REFRESH = 40;
const BAR_WIDTH = 40;
const CLEAR_LINE = "\r\x1b[K";

/** Looks at `output` and at the environment variables NO_COLOR and TERM. */
export function openTerminal(output: Output): Terminal {
  const { NO_COLOR, TERM } = process.env;
  const isLive = output.isTTY === true && TERM !== "dumb";
  const hasColours = isLive && !NO_COLOR;
  let isBarShown = false;

  function paint(colour: Colour, text: string): string {
    return hasColours ? `\x1b[${COLOURS[colour]}m${text}\x1b[0m` : text;
  }

  function progress(label: string): (done: number) => void {
    if (!isLive) return () => {};
    let next = performance.now() + PATIENCE;
    return (done) => {
      if (performance.now() < next) return;
      next = performance.now() + REFRESH;
      isBarShown = true;
      const full = Math.floor(done * BAR_WIDTH);
      const bar = paint("cyan", "━".repeat(full)) + paint("dim", "─".repeat(BAR_WIDTH - full));
      output.write(`${CLEAR_LINE}${label} ${bar} ${Math.floor(done * 100)} %`);
    };
  }

  return {
    print: (line = "") => void output.write(`${line}\n`),
    paint,
    progress,
    endProgress() {
      if (isBarShown) output.write(CLEAR_LINE);
      isBarShown = false;
    },
  };
}
