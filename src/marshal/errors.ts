/** A record holds no message in the format that its codec reads; the record itself is unharmed. */
export class DecodeError extends Error {
  /** Creates the error from what is wrong, and from what found it. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DecodeError";
  }
}
