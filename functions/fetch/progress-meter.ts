import type { Clock } from '../../shared/clock.ts';
import type { FetchProgress } from '../../shared/ledger/mailbox-record.ts';
import { PROGRESS_LOG_MS } from '../../shared/limits.ts';
import type { Log } from '../../shared/observe/log.ts';
import type { ListedMail } from '../../shared/pop3/maildrop.ts';
import type { Spool } from '../../shared/store/spool.ts';

/** Told whenever a run has come further; called often, so it has to be cheap. */
export type OnProgress = (progress: FetchProgress) => void;

export interface ProgressMeterOptions {
  readonly mailbox: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly onProgress: OnProgress | null;
}

/** Counts what comes off the wire, for whoever shows it; a run that takes long says in the log how far it is. */
export class ProgressMeter {
  readonly #options: ProgressMeterOptions;
  readonly #startedAt: number;
  #loggedAt: number;
  #current: FetchProgress | null = null;

  constructor(options: ProgressMeterOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#loggedAt = this.#startedAt;
  }

  /** Null until it is known what is to be fetched. */
  get current(): FetchProgress | null {
    return this.#current;
  }

  /** More is to be fetched. */
  planned(mails: readonly ListedMail[]): void {
    const before = this.#current ?? { messages: 0, ofMessages: 0, octets: 0, ofOctets: 0 };
    this.#set({
      ...before,
      ofMessages: before.ofMessages + mails.length,
      ofOctets: before.ofOctets + mails.reduce((sum, { size }) => sum + size, 0),
    });
  }

  /** A spool whose octets are counted. */
  counted(spool: Spool): Spool {
    return {
      write: (chunk) => {
        this.#add(0, chunk.length);
        return spool.write(chunk);
      },
      end: async (inFile) => {
        const message = await spool.end(inFile);
        this.#add(1, 0);
        return message;
      },
      abort: () => spool.abort(),
    };
  }

  #add(messages: number, octets: number): void {
    if (this.#current === null) return;
    const { messages: before, octets: octetsBefore, ...whole } = this.#current;
    this.#set({ ...whole, messages: before + messages, octets: octetsBefore + octets });
  }

  #set(progress: FetchProgress): void {
    this.#current = progress;
    this.#options.onProgress?.(progress);
    const now = this.#options.clock.now();
    if (now - this.#loggedAt < PROGRESS_LOG_MS) return;
    this.#loggedAt = now;
    const { rate, secondsLeft } = paceOf(progress, now - this.#startedAt);
    const { mailbox, log } = this.#options;
    log.info('mailbox being fetched', { mailbox, ...progress, octetsPerSecond: rate, secondsLeft });
  }
}

/** @returns octets a second so far, and how long the rest takes at that rate; null while there is nothing to go by */
export function paceOf(
  { octets, ofOctets }: FetchProgress,
  elapsedMs: number,
): { readonly rate: number | null; readonly secondsLeft: number | null } {
  if (elapsedMs <= 0 || octets === 0) return { rate: null, secondsLeft: null };
  const rate = (octets * 1000) / elapsedMs;
  return {
    rate: Math.round(rate),
    secondsLeft: Math.max(0, Math.round((ofOctets - octets) / rate)),
  };
}
