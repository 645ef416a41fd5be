import { dispatch } from '../../functions/dispatch/dispatch.ts';
import { sweepHost } from '../../functions/sweep/sweep-host.ts';
import { asFailure } from '../../shared/failure.ts';
import { SWEEP_GRACE_MS } from '../../shared/limits.ts';
import { formatProblem } from '../../shared/settings/problem.ts';
import type { Settings } from '../../shared/settings/settings.ts';
import type { Embedded } from './embedded.ts';
import { makeWorkers } from './workers.ts';

/** The clock tick: also how soon a change of the configuration is taken up. Milliseconds. */
const TICK_MS = 5_000;
const SWEEP_MS = 15 * 60_000;

export interface ServiceOptions {
  /** Told of the settings when they are new: at the start and after each change. */
  readonly onSettings: (settings: Settings) => void;
}

/** The connector as it runs for good on one machine: worker loops, a tick, a sweep. */
export class Service {
  readonly #embedded: Embedded;
  readonly #options: ServiceOptions;
  #settings: Settings | null = null;
  #reported = '';

  constructor(embedded: Embedded, options: ServiceOptions) {
    this.#embedded = embedded;
    this.#options = options;
  }

  /**
   * Runs until `closing` fires; then stops asking for mail, finishes what is under way and returns. Mail that is
   * still on its way lies in `Incoming/` and goes on at the next start.
   */
  async run(closing: AbortSignal): Promise<void> {
    const { deps } = this.#embedded;
    const workers = await makeWorkers(this.#embedded, closing);
    await sweepHost(deps, 0);
    workers.fetch.start();
    workers.route.start();
    workers.deliver.start();
    const loops = [
      this.#every(TICK_MS, closing, 'dispatch', () => this.#tick()),
      this.#every(SWEEP_MS, closing, 'sweep', async () => {
        await sweepHost(deps, SWEEP_GRACE_MS);
      }),
    ];
    deps.log.info('mailferry runs', { folder: this.#embedded.folder.path });
    await Promise.all(loops);
    deps.log.info('mailferry stops');
    await workers.fetch.stop();
    await this.#embedded.eventsSent();
    await workers.route.stop();
    await workers.deliver.stop();
  }

  async #tick(): Promise<void> {
    const settings = await this.#embedded.deps.settings.read();
    if (settings !== this.#settings) {
      this.#settings = settings;
      this.#options.onSettings(settings);
      this.#reportProblems(settings);
    }
    await dispatch(this.#embedded.deps);
  }

  /** Once for each change: a file that cannot be read gives new settings at each tick, and the same words. */
  #reportProblems(settings: Settings): void {
    const words = settings.problems.map(formatProblem).join('\n');
    if (words === this.#reported) return;
    this.#reported = words;
    for (const problem of settings.problems) {
      const level = problem.severity === 'error' ? 'error' : 'warn';
      this.#embedded.deps.log[level]('configuration', { problem: formatProblem(problem) });
    }
    if (settings.problems.length === 0) this.#embedded.deps.log.info('configuration is well');
  }

  /** A fault in one round is logged and the next round comes all the same. */
  async #every(
    ms: number,
    closing: AbortSignal,
    what: string,
    work: () => Promise<void>,
  ): Promise<void> {
    while (!closing.aborted) {
      await work().catch((error: unknown) => {
        const { kind, message } = asFailure(error);
        this.#embedded.deps.log.error(`${what} failed`, { kind, error: message });
      });
      await pause(ms, closing);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
