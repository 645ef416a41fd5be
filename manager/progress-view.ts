import { MultiBar } from 'cli-progress';
import type { SingleBar } from 'cli-progress';

import { paceOf } from '../functions/fetch/progress-meter.ts';
import type { FetchProgress, MailboxRecord } from '../shared/ledger/mailbox-record.ts';
import { PROGRESS_LOG_MS } from '../shared/limits.ts';
import type { LogLines } from './log-lines.ts';

const FORMAT =
  '{mailbox} {bar} {percentage}% | {messages} of {ofMessages} messages, {size} | {rate} | {left}';
const BAR_WIDTH = 24;
/** Redrawn so often at most. Per second. */
const DRAWS = 10;

export interface ProgressViewOptions {
  readonly output: NodeJS.WriteStream;
  /** Lines of the log that come meanwhile, or null where this process writes none. */
  readonly log: LogLines | null;
  /** A line a minute where bars cannot be drawn. */
  readonly lines: boolean;
  readonly now: () => number;
}

interface Shown {
  readonly bar: SingleBar | null;
  readonly first: FetchProgress;
  readonly since: number;
  saidAt: number;
}

/** Shows people how far runs are: bars on a terminal, else a line a minute. */
export class ProgressView implements Disposable {
  readonly #options: ProgressViewOptions;
  readonly #bars: MultiBar | null;
  readonly #shown = new Map<string, Shown>();
  #restoreLog: (() => void) | null = null;
  #over = false;

  constructor(options: ProgressViewOptions) {
    this.#options = options;
    this.#bars = options.output.isTTY ? makeBars(options.output) : null;
  }

  /** Of runs in this process, whose log says a line a minute already. */
  static own(log: LogLines): ProgressView {
    return new ProgressView({ output: process.stderr, log, lines: false, now: Date.now });
  }

  /** Of runs elsewhere. */
  static following(): ProgressView {
    return new ProgressView({ output: process.stderr, log: null, lines: true, now: Date.now });
  }

  readonly onRecord = (mailbox: string, { lease }: MailboxRecord): void => {
    this.show(mailbox, lease?.progress ?? null);
  };

  /** @param progress null: nothing is known of it now */
  show(mailbox: string, progress: FetchProgress | null): void {
    if (this.#over || progress === null || progress.ofMessages === 0) return;
    const shown = this.#shown.get(mailbox) ?? this.#begin(mailbox, progress);
    const now = this.#options.now();
    const words = inWords(progress, shown.first, now - shown.since);
    if (shown.bar !== null) {
      shown.bar.setTotal(Math.max(progress.ofOctets, 1));
      // LIST is an estimate: more may come than it said.
      shown.bar.update(Math.min(progress.octets, progress.ofOctets), { mailbox, ...words });
    } else if (this.#options.lines && now - shown.saidAt >= PROGRESS_LOG_MS) {
      shown.saidAt = now;
      const { messages, ofMessages, size, rate, left } = words;
      this.#options.output.write(
        `mailbox ${mailbox}: ${messages} of ${ofMessages} messages, ${size}, ${rate}, ${left}\n`,
      );
    }
  }

  [Symbol.dispose](): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#restoreLog === null) return;
    // Writes the lines of the log that still wait.
    this.#bars?.update();
    this.#bars?.stop();
    this.#restoreLog();
  }

  #begin(mailbox: string, first: FetchProgress): Shown {
    const now = this.#options.now();
    if (this.#bars !== null) this.#divertLog(this.#bars);
    const bar = this.#bars?.create(Math.max(first.ofOctets, 1), 0) ?? null;
    const shown = { bar, first, since: now, saidAt: now };
    this.#shown.set(mailbox, shown);
    return shown;
  }

  #divertLog(bars: MultiBar): void {
    if (this.#restoreLog !== null) return;
    this.#restoreLog =
      this.#options.log?.divertTo((line) => {
        bars.log(line);
      }) ?? (() => undefined);
  }
}

function makeBars(stream: NodeJS.WriteStream): MultiBar {
  return new MultiBar({
    stream,
    format: FORMAT,
    barsize: BAR_WIDTH,
    fps: DRAWS,
    clearOnComplete: true,
    // The command ends by its own signals, and must not leave a terminal without a cursor when it is killed.
    gracefulExit: false,
    hideCursor: false,
    barCompleteChar: '#',
    barIncompleteChar: '.',
  });
}

interface Words {
  readonly messages: number;
  readonly ofMessages: number;
  readonly size: string;
  readonly rate: string;
  readonly left: string;
}

/** @param first what was there when the watching began: the rate is measured from it on */
function inWords(progress: FetchProgress, first: FetchProgress, elapsedMs: number): Words {
  const { messages, ofMessages, octets, ofOctets } = progress;
  const seen = {
    ...progress,
    octets: octets - first.octets,
    ofOctets: ofOctets - first.octets,
  };
  const { rate, secondsLeft } = paceOf(seen, elapsedMs);
  return {
    messages,
    ofMessages,
    size: `${inBytes(octets)} of ${inBytes(ofOctets)}`,
    rate: rate === null ? '-' : `${inBytes(rate)}/s`,
    left: secondsLeft === null ? 'time left unknown' : `${inTime(secondsLeft)} left`,
  };
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

function inBytes(octets: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(octets, 1)) / 3), UNITS.length - 1);
  const value = octets / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power] ?? 'B'}`;
}

function inTime(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
