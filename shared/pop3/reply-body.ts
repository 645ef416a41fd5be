/** How far a body has got. */
export interface BodyStep {
  /** Offset of the first octet not consumed. */
  readonly next: number;
  readonly ended: boolean;
  /** Set when the taker asks for time: nothing more until it resolves. */
  readonly wait?: Promise<void>;
}

/** Reads the lines that follow +OK in a multi-line answer. */
export interface ReplyBody {
  /** Reads on in `chunk` from `from`, at least one octet. What it throws ends the session. */
  read(chunk: Buffer, from: number): BodyStep;
}
