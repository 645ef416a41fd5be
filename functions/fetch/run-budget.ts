/** Caps of one run, over all its sessions. */
export interface RunCaps {
  /** Infinity: none. */
  readonly messages: number;
  /** By LIST; the first message is taken however large it is. */
  readonly octets: number;
  /** False: time is up, or the process is to end. */
  readonly more: () => boolean;
}

/** What a run may still ask for. */
export class RunBudget {
  readonly #caps: RunCaps;
  #messages = 0;
  #octets = 0;
  #isSpent = false;

  constructor(caps: RunCaps) {
    this.#caps = caps;
  }

  /** Something was left because the budget was spent. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Whether anything else may be asked of the server. */
  hasTime(): boolean {
    if (this.#caps.more()) return true;
    this.#isSpent = true;
    return false;
  }

  /** Takes a message's place in it. */
  begin(size: number): boolean {
    if (!this.hasTime()) return false;
    const { messages, octets } = this.#caps;
    const hasRoom =
      this.#messages < messages && (this.#messages === 0 || this.#octets + size <= octets);
    if (!hasRoom) {
      this.#isSpent = true;
      return false;
    }
    this.#messages += 1;
    this.#octets += size;
    return true;
  }

  /** A message that the server refuses takes up no place, or it would bar those behind it. */
  giveBack(size: number): void {
    this.#messages -= 1;
    this.#octets -= size;
  }
}
