import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { DestinationRecord } from '../../shared/ledger/destination-record.ts';
import {
  askDestination,
  endPause,
  tellDestination,
} from '../../shared/ledger/destination-transitions.ts';
import { DESTINATION_PAUSES_MS, DESTINATION_TRIES } from '../../shared/limits.ts';

const MINUTE = 60_000;
const HERE = { identity: 'smtp mail.corp.example:25', host: 'mail.corp.example:25' };

/** One record, and the time. */
class Played {
  record: DestinationRecord | null = null;
  now = 1_000_000;

  ask(token = 'asker', identity = HERE.identity) {
    const ask = { identity, token, now: this.now, until: this.now + 15 * MINUTE };
    const { store, answer } = askDestination(ask)(this.record);
    this.record = store ?? this.record;
    return answer;
  }

  tell(sign: 'works' | 'down' | 'unclear', token = 'asker', fault = 'refused', place = HERE) {
    const told = { ...place, token, sign, fault, now: this.now };
    const { store, answer } = tellDestination(told)(this.record);
    this.record = store ?? this.record;
    return answer;
  }

  /** Down, and just put off. */
  static down(): Played {
    const played = new Played();
    for (let tries = 0; tries < DESTINATION_TRIES; tries += 1) played.tell('down');
    return played;
  }
}

describe('the breaker', () => {
  it('lets everything pass and writes nothing while the destination works', () => {
    const played = new Played();
    expect(played.ask()).toEqual({ kind: 'go' });
    expect(played.tell('works')).toBe('unchanged');
    expect(played.tell('unclear')).toBe('unchanged');
    expect(played.record).toBeNull();
  });

  it('opens after a few tries in a row, and says when, why and since when', () => {
    const played = new Played();
    expect([played.tell('down'), played.tell('down')]).toEqual(['unchanged', 'unchanged']);
    expect(played.ask()).toEqual({ kind: 'go' });
    played.now += 5;
    expect(played.tell('down', 'asker', 'no greeting')).toBe('down');
    expect(played.ask()).toEqual({
      kind: 'down',
      until: played.now + MINUTE,
      fault: 'no greeting',
    });
    expect(played.record).toMatchObject({ failures: 3, downSince: 1_000_000, pauses: 1 });
  });

  it('counts tries in a row only', () => {
    const played = new Played();
    for (let round = 0; round < 5; round += 1) {
      played.tell('down');
      played.tell('down');
      expect(played.tell('works')).toBe('unchanged');
    }
    expect(played.ask()).toEqual({ kind: 'go' });
  });

  it('is neither opened nor reset by what is unclear', () => {
    const played = new Played();
    for (let tries = 0; tries < 10; tries += 1) played.tell('unclear');
    expect(played.ask()).toEqual({ kind: 'go' });
    played.tell('down');
    played.tell('down');
    played.tell('unclear');
    expect(played.tell('down')).toBe('down');
  });

  it('lets one find out after the pause, and the others wait for it', () => {
    const played = Played.down();
    played.now += MINUTE - 1;
    expect(played.ask()).toMatchObject({ kind: 'down' });
    played.now += 1;
    expect(played.ask('probe')).toEqual({ kind: 'probe' });
    expect(played.ask('other')).toMatchObject({ kind: 'down', until: played.now + MINUTE });
    expect(played.tell('works', 'probe')).toBe('back');
    expect(played.ask('other')).toEqual({ kind: 'go' });
    expect(played.record).toMatchObject({ failures: 0, downSince: null, pauses: 0 });
  });

  it('leaves it alone for longer and longer, and never for longer than a quarter of an hour', () => {
    const played = Played.down();
    const gaps: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const { openUntil } = played.record ?? {};
      gaps.push((openUntil ?? 0) - played.now);
      played.now = openUntil ?? 0;
      expect(played.ask('probe')).toEqual({ kind: 'probe' });
      expect(played.tell('down', 'probe')).toBe('stillDown');
    }
    expect(gaps.map((gap) => gap / MINUTE)).toEqual([1, 2, 5, 10, 15, 15, 15]);
    expect(DESTINATION_PAUSES_MS.at(-1)).toBe(15 * MINUTE);
  });

  it('is not kept open by tries that were under way when it opened', () => {
    const played = Played.down();
    const before = played.record;
    expect(played.tell('down', 'late')).toBe('unchanged');
    expect(played.record).toEqual(before);
    expect(played.tell('works', 'late')).toBe('back');
  });

  it('takes another probe where the first found nothing out, or died', () => {
    const unsure = Played.down();
    unsure.now += MINUTE;
    unsure.ask('first');
    unsure.tell('unclear', 'first');
    expect(unsure.ask('second')).toEqual({ kind: 'probe' });

    const died = Played.down();
    died.now += MINUTE;
    died.ask('first');
    died.now += 15 * MINUTE;
    expect(died.ask('second')).toEqual({ kind: 'probe' });
    // What the first one still says is no longer the probe's word.
    expect(died.tell('unclear', 'first')).toBe('unchanged');
    expect(died.ask('third')).toMatchObject({ kind: 'down' });
  });

  it('knows nothing of another destination', () => {
    const played = Played.down();
    const other = { identity: 'lmtp other:24', host: 'other:24' };
    expect(played.ask('asker', other.identity)).toEqual({ kind: 'go' });
    expect(played.tell('down', 'asker', 'refused', other)).toBe('unchanged');
    expect(played.record).toMatchObject({ ...other, failures: 1, openUntil: null });
  });

  it('lets the first after a restart find out at once', () => {
    const played = Played.down();
    played.record = endPause(played.record ?? never());
    expect(played.ask('probe')).toEqual({ kind: 'probe' });
    expect(played.ask('other')).toMatchObject({ kind: 'down' });

    const works = new Played();
    works.tell('down');
    expect(endPause(works.record ?? never()).openUntil).toBeNull();
  });

  it('never holds mail back without a time to come, whatever happened', () => {
    const step = fc.record({
      token: fc.constantFrom('a', 'b', 'c'),
      what: fc.constantFrom('ask', 'works', 'down', 'unclear'),
      passes: fc.integer({ min: 0, max: 20 * MINUTE }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const played = new Played();
        for (const { token, what, passes } of steps) {
          played.now += passes;
          const answer = what === 'ask' ? played.ask(token) : played.tell(what, token);
          if (typeof answer === 'string' || answer.kind !== 'down') continue;
          expect(answer.until).toBeGreaterThan(played.now);
          expect(answer.until - played.now).toBeLessThanOrEqual(15 * MINUTE);
        }
        // However it ended: after the longest pause and the longest probe somebody may try.
        played.now += 30 * MINUTE;
        expect(played.ask('last')).not.toMatchObject({ kind: 'down' });
      }),
    );
  });
});

function never(): never {
  throw new Error('expected a record');
}
