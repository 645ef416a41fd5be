import { oneLine } from './reply-classification.ts';

/** Room in the JSON file beside a failed message: a hundred recipients, and both ends of anything longer. */
const HEAD_LINES = 80;
const TAIL_LINES = 119;
const LINE_OCTETS = 500;

/** The commands and replies of one delivery, `C: ` and `S: `, and what happened to the connection, `* `. */
export class Transcript {
  readonly #head: string[] = [];
  readonly #tail: string[] = [];
  #left = 0;

  command(line: string): void {
    this.#add(`C: ${line}`);
  }

  /** A reply; each of its lines becomes one here. */
  reply(lines: string): void {
    for (const line of lines.split(/\r?\n/)) this.#add(`S: ${line}`);
  }

  event(line: string): void {
    this.#add(`* ${line}`);
  }

  /** At most 200 lines of at most 500 octets: the end tells why it failed, so the middle is left out. */
  lines(): readonly string[] {
    if (this.#left === 0) return [...this.#head, ...this.#tail];
    return [...this.#head, `* ${this.#left} lines left out`, ...this.#tail];
  }

  #add(line: string): void {
    const kept = oneLine(line, LINE_OCTETS);
    if (this.#head.length < HEAD_LINES) {
      this.#head.push(kept);
      return;
    }
    this.#tail.push(kept);
    if (this.#tail.length <= TAIL_LINES) return;
    this.#tail.shift();
    this.#left += 1;
  }
}
