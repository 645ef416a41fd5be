import { writeSync } from 'node:fs';

const STANDARD_ERROR = 2;

/** Where the log goes: standard error, unless something is drawn there that its lines must not run into. */
export class LogLines {
  #write: (line: string) => void = toStandardError;

  /** One line with its end. */
  write(line: string): void {
    this.#write(line);
  }

  /** @returns what ends it */
  divertTo(write: (line: string) => void): () => void {
    this.#write = write;
    return () => {
      this.#write = toStandardError;
    };
  }
}

/** Synchronous: the last words of a process that dies are the ones that are needed. */
function toStandardError(line: string): void {
  try {
    writeSync(STANDARD_ERROR, line);
  } catch (error) {
    // A terminal or a pipe whose reader is slow: the line goes out when there is room.
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') {
      process.stderr.write(line);
      return;
    }
    throw error;
  }
}
