import type { Clock } from '../clock.ts';
import { Failure } from '../failure.ts';
import { SessionFailure } from './session-failure.ts';
import type { SmtpSession } from './smtp-session.ts';
import type { Transcript } from './transcript.ts';

export interface PoolOptions {
  readonly open: (transcript: Transcript, until: number) => Promise<SmtpSession>;
  /** Connections at once. */
  readonly concurrency: number;
  readonly idleMs: number;
  readonly clock: Clock;
}

/** Messages after which a session is ended: servers limit them, and a balanced name gets its turn. */
const MESSAGES_PER_SESSION = 100;

/** How long a server that took no further connection is asked for none. Milliseconds. */
const CROWDED_MS = 5 * 60_000;

/** Sessions for reuse: opened when needed, lent to one delivery at a time, ended when idle. */
export class SessionPool {
  readonly #options: PoolOptions;
  /** The one used last stands last: it is lent first, so that the others become idle and end. */
  #idle: SmtpSession[] = [];
  readonly #timers = new Map<SmtpSession, NodeJS.Timeout>();
  readonly #waiting: (() => void)[] = [];
  readonly #drained: (() => void)[] = [];
  readonly #ending = new Set<Promise<void>>();
  #lent = 0;
  readonly #working = new Set<SmtpSession>();
  /** Connections at once that the server took, and until when no more are tried. */
  #crowded = { limit: Number.POSITIVE_INFINITY, until: 0 };
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * @param fresh only a new connection will do: all idle ones are given up, since what ended one (a restart of the
   *   server, a firewall that forgot) has mostly ended all
   * @throws SessionFailure what opening met; Failure `timeout` when none came free until `until`
   */
  async borrow(transcript: Transcript, until: number, fresh: boolean): Promise<SmtpSession> {
    for (let isFirst = true; ; isFirst = false) {
      await this.#takeSlot(until);
      try {
        if (this.#closed) throw new Failure('connect', 'temporary', 'the courier is closed');
        if (fresh && isFirst) this.#dropIdle();
        const session = this.#takeIdle() ?? (await this.#options.open(transcript, until));
        this.#working.add(session);
        return session;
      } catch (error) {
        // A server that takes no further connection is not down: this delivery waits for one of those that it took.
        const isOneTooMany = this.#isOneTooMany(error);
        if (isOneTooMany) this.#keepToFewer();
        this.#freeSlot();
        if (!isOneTooMany) throw error;
        transcript.event('the server takes no further connection; waiting for one that is in use');
      }
    }
  }

  /** Takes a session back; its slot is free when it is ready again or ended. */
  release(session: SmtpSession): void {
    this.#working.delete(session);
    this.#track(
      this.#restore(session).finally(() => {
        this.#freeSlot();
      }),
    );
  }

  /** Ends every session with QUIT; those that are lent, when they come back. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const session of this.#idle.splice(0)) this.#end(session);
    if (this.#lent > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
    await Promise.all(this.#ending);
  }

  async #restore(session: SmtpSession): Promise<void> {
    await session.reset();
    const worn = session.worn || session.served >= MESSAGES_PER_SESSION;
    if (this.#closed || worn) await session.quit();
    if (!session.alive) return;
    session.idleSince = this.#options.clock.now();
    this.#idle.push(session);
    const timer = setTimeout(() => {
      this.#idle = this.#idle.filter((one) => one !== session);
      this.#end(session);
    }, this.#options.idleMs);
    timer.unref();
    this.#timers.set(session, timer);
  }

  #takeIdle(): SmtpSession | null {
    for (;;) {
      const session = this.#idle.pop();
      if (session === undefined) return null;
      this.#stopTimer(session);
      if (!session.alive) continue;
      // Timers stand still while a Lambda function is frozen: the clock tells how long it really was.
      const idleFor = this.#options.clock.now() - session.idleSince;
      if (idleFor <= this.#options.idleMs) return session;
      session.drop();
    }
  }

  #dropIdle(): void {
    for (const session of this.#idle.splice(0)) {
      this.#stopTimer(session);
      session.drop();
    }
  }

  #end(session: SmtpSession): void {
    this.#stopTimer(session);
    this.#track(session.quit());
  }

  #stopTimer(session: SmtpSession): void {
    clearTimeout(this.#timers.get(session));
    this.#timers.delete(session);
  }

  #track(ending: Promise<void>): void {
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }

  /** Others are at work, or just about to be, and this one was put off, or turned away without a word. */
  #isOneTooMany(error: unknown): boolean {
    if (!(error instanceof SessionFailure) || this.#closed || this.#lent < 2) return false;
    const code = error.reply?.code ?? null;
    if (code !== null) return code >= 400 && code < 500;
    return error.kind === 'connect' && [...this.#working].some(({ alive }) => alive);
  }

  #keepToFewer(): void {
    const until = this.#options.clock.now() + CROWDED_MS;
    this.#crowded = { limit: this.#lent - 1, until };
  }

  /** Connections at once, for now. */
  get #most(): number {
    const { limit, until } = this.#crowded;
    const { concurrency, clock } = this.#options;
    return clock.now() < until ? Math.min(limit, concurrency) : concurrency;
  }

  async #takeSlot(until: number): Promise<void> {
    if (this.#lent < this.#most) {
      this.#lent += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const granted = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.push(granted);
      // setTimeout knows no waits beyond 2^31 ms, and takes them for none.
      const left = Math.min(Math.max(0, until - this.#options.clock.now()), 2 ** 31 - 1);
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(granted), 1);
        reject(
          new Failure('timeout', 'temporary', 'no connection to the server came free in time'),
        );
      }, left);
    });
  }

  #freeSlot(): void {
    this.#lent -= 1;
    while (this.#lent < this.#most) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#lent += 1;
      next();
    }
    if (this.#lent === 0) for (const drained of this.#drained.splice(0)) drained();
  }
}
