/**
 * Kills a program in the middle of itself: counts the calls that use cases make to their ports, and at the chosen
 * one everything stops, as after `kill -9`: that call and every later one stays unanswered for ever. What the
 * adapters wrote until then is what the next start finds.
 */
export class CrashPlan {
  /** `store.create`, in the order they were made. */
  readonly calls: string[] = [];
  readonly #at: number;
  readonly #when: 'before' | 'after';
  readonly #underWay = new Set<Promise<void>>();
  #dead = false;
  #die: () => void = () => undefined;
  readonly died: Promise<void>;

  /**
   * @param at number of the fatal call from 1; Infinity: none
   * @param when `before`: the call does nothing; `after`: it does its work and the program never hears of it
   */
  constructor(at: number, when: 'before' | 'after') {
    this.#at = at;
    this.#when = when;
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** What adapters had begun has come to an end, unheard: only then can the next owner have the folder to itself. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** The same port, whose calls count. Only methods that give a promise are touched. */
  over<Port extends object>(name: string, port: Port): Port {
    return new Proxy(port, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== 'function') return value;
        return (...words: unknown[]): unknown =>
          this.#call(`${name}.${String(property)}`, () => {
            return Reflect.apply(value, target, words) as unknown;
          });
      },
    });
  }

  #call(name: string, work: () => unknown): unknown {
    if (this.#dead) return forEver();
    this.calls.push(name);
    const isFatal = this.calls.length === this.#at;
    if (isFatal && this.#when === 'before') return this.#kill();
    const answer = work();
    if (!(answer instanceof Promise)) return answer;
    const settled = answer.then(
      () => undefined,
      () => undefined,
    );
    this.#underWay.add(settled);
    void settled.then(() => this.#underWay.delete(settled));
    const heard = answer.then(
      (result: unknown) => (isFatal ? this.#kill() : this.#dead ? forEver() : result),
      (error: unknown) => {
        if (this.#dead) return forEver();
        throw error;
      },
    );
    // Ports mark what is awaited in turn (pipelined commands); so has whoever stands before them.
    heard.catch(() => undefined);
    return heard;
  }

  #kill(): Promise<never> {
    this.#dead = true;
    this.#die();
    return forEver();
  }
}

function forEver(): Promise<never> {
  return new Promise<never>(() => undefined);
}
