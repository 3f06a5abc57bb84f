/** Prints an error. Some cannot be printed, as their own code throws: that must do no harm. */
export function print(line: string, error: unknown): void {
  for (const shown of [error, "an error that cannot be printed"]) {
    try {
      return console.error(line, shown);
    } catch {
      // Whoever prints has nobody else to tell.
    }
  }
}
