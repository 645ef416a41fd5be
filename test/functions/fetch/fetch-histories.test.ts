import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CrashPlan } from '../../support/crash-plan.ts';
import { FetchWorld, sizedMessage } from '../../support/fetch-world.ts';
import type { ProviderFaults, ProviderMail } from '../../support/sample-maildrop.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const REMEMBER_MS = 30 * DAY;

type Step =
  | { readonly do: 'arrive'; readonly sizes: readonly number[] }
  | { readonly do: 'fetch'; readonly faults: ProviderFaults; readonly diesAt: number | null }
  | { readonly do: 'deliver'; readonly part: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'number'; readonly how: 'anew' | 'round' | 'first anew' | 'alike' | 'by place' }
  | { readonly do: 'take away'; readonly at: number }
  | { readonly do: 'keep'; readonly keep: string };

const never = fc.constant(null);
const step: fc.Arbitrary<Step> = fc.oneof(
  // Few sizes, so that different messages agree in what the listing says of them.
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('arrive' as const),
      sizes: fc.array(fc.constantFrom(300, 301), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('fetch' as const),
      faults: fc.oneof(
        { weight: 3, arbitrary: fc.constant({}) },
        fc.record({ quit: fc.constantFrom('before' as const, 'after' as const) }),
        fc.record({ endsAt: fc.integer({ min: 1, max: 14 }) }),
        fc.constant({ noTop: true }),
        fc.constant({ noDele: true }),
        fc.constant({ loginDelayMs: MINUTE }),
      ),
      diesAt: fc.oneof({ weight: 3, arbitrary: never }, fc.integer({ min: 1, max: 40 })),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('deliver' as const), part: fc.constantFrom(0.5, 1) }),
  },
  fc.record({
    do: fc.constant('wait' as const),
    ms: fc.constantFrom(MINUTE, DAY, 8 * DAY, 31 * DAY),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('number' as const),
      how: fc.constantFrom('anew', 'round', 'first anew', 'alike', 'by place'),
    }),
  },
  fc.record({ do: fc.constant('take away' as const), at: fc.nat(5) }),
  fc.record({
    do: fc.constant('keep' as const),
    keep: fc.constantFrom('none', 'delivered', '7d', 'forever'),
  }),
);

interface History {
  readonly hasUidl: boolean;
  readonly keep: string;
  readonly limits: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
}

const history: fc.Arbitrary<History> = fc.record({
  hasUidl: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
  keep: fc.constantFrom('none', 'delivered', '7d', 'forever'),
  limits: fc.constantFrom(
    {},
    { messagesPerSession: 2 },
    { messagesPerRun: 2 },
    { messagesPerRun: 3, messagesPerSession: 2 },
  ),
  steps: fc.array(step, { minLength: 3, maxLength: 22 }),
});

/** What must be true whatever a provider does: it has the mail, and what it says of it. */
class Model {
  readonly world: FetchWorld;
  readonly #history: History;
  #keep: string;
  #arrived = 0;
  /** Every message that ever came, and was not taken away before it was ours. */
  readonly owed: Buffer[] = [];

  constructor(history: History) {
    this.#history = history;
    this.#keep = history.hasUidl ? history.keep : 'none';
    this.world = new FetchWorld({ keep: this.#keep, limits: history.limits });
    this.world.provider.onDelete = (mail) => {
      this.#expectDeletable(mail);
    };
  }

  async play(): Promise<void> {
    for (const one of this.#history.steps) await this.#step(one);
    await this.#mend();
  }

  async #step(one: Step): Promise<void> {
    const { world } = this;
    switch (one.do) {
      case 'arrive':
        for (const size of one.sizes) this.#arrive(size);
        break;
      case 'fetch':
        world.provider.faults = { ...this.#usual, ...one.faults };
        await world.fetch(new CrashPlan(one.diesAt ?? Infinity, 'after'));
        world.clock.advance(MINUTE);
        break;
      case 'deliver':
        await world.deliver((sha256) => parseInt(sha256.slice(0, 2), 16) < 256 * one.part);
        break;
      case 'wait':
        world.clock.advance(one.ms);
        await world.ledger.forget(world.clock.now(), REMEMBER_MS);
        break;
      case 'number':
        this.#number(one.how);
        break;
      case 'take away':
        this.#takeAway(one.at);
        break;
      case 'keep':
        if (!this.#history.hasUidl) break;
        this.#keep = one.keep;
        world.configure({ keep: one.keep });
    }
  }

  /**
   * The provider is well again, and time goes by: all that is owed has come, once. Not with `keep: forever`: a message
   * that got the id of another of just its size is seen only when it is to be deleted.
   */
  async #mend(): Promise<void> {
    const { world } = this;
    if (this.#keep === 'forever') await this.#step({ do: 'keep', keep: 'delivered' });
    for (let round = 0; round < 24; round += 1) {
      world.provider.faults = this.#usual;
      const outcome = await world.fetch();
      expect(outcome?.result).toMatchObject({ error: null });
      await world.deliver();
      world.clock.advance(2 * DAY);
    }
    const counts = this.owed.map((mail) => world.deliveriesOf(mail));
    expect(counts).toEqual(this.owed.map(() => 1));
    expect(world.provider.mails).toEqual([]);
  }

  /** Somebody else deletes it, or the provider does. */
  #takeAway(at: number): void {
    const [gone] = this.world.provider.mails.splice(at, 1);
    if (gone === undefined || this.world.isSafe(gone.content)) return;
    this.owed.splice(this.owed.indexOf(gone.content), 1);
  }

  get #usual(): ProviderFaults {
    return this.#history.hasUidl ? {} : { noUidl: true };
  }

  #arrive(size: number): void {
    this.#arrived += 1;
    const content = sizedMessage(`m${this.#arrived}`, size);
    this.owed.push(content);
    const { mails, deleted } = this.world.provider;
    // A server that gives out the id of a deleted message at once.
    const uidl = this.#arrived % 3 === 0 ? deleted.at(-1)?.uidl : undefined;
    mails.push({ content, uidl: uidl ?? `uidl-${this.#arrived}` });
  }

  #number(how: Extract<Step, { do: 'number' }>['how']): void {
    const { mails } = this.world.provider;
    const ids = mails.map(({ uidl }) => uidl);
    mails.forEach((mail, at) => {
      if (how === 'anew' || (how === 'first anew' && at === 0)) mail.uidl = `${mail.uidl}'`;
      else if (how === 'round') mail.uidl = ids[(at + 1) % ids.length] ?? '';
      else if (how === 'alike' && at < 2) mail.uidl = 'alike';
      else if (how === 'by place') mail.uidl = String(at + 1);
    });
  }

  #expectDeletable({ content }: ProviderMail): void {
    expect(this.world.isSafe(content), 'deleted and nowhere else').toBe(true);
    expect(this.#keep, 'kept for ever').not.toBe('forever');
    if (this.#keep !== 'none') expect(this.world.deliveriesOf(content), 'not final').toBe(1);
  }
}

describe('any history of a mailbox', () => {
  test('nothing is lost, nothing is delivered twice, nothing is deleted that is not ours', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (one) => {
        await new Model(one).play();
      }),
      { numRuns: 150, interruptAfterTimeLimit: 10_000 },
    );
  }, 120_000);
});
