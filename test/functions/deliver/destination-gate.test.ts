import { describe, expect, test } from 'vitest';

import { DestinationGate } from '../../../functions/deliver/destination-gate.ts';
import type { Passage } from '../../../functions/deliver/destination-gate.ts';
import type { HandOver } from '../../../shared/courier/courier.ts';
import type { DestinationRecord } from '../../../shared/ledger/destination-record.ts';
import type { DestinationLedger } from '../../../shared/ledger/ledger.ts';
import { DESTINATION_CACHE_MS, DESTINATION_TRIES } from '../../../shared/limits.ts';
import { replyFor } from '../../support/message-items.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { recordingMetrics } from '../../support/recording-metrics.ts';
import { sampleSettings, smtpDeliveryOf } from '../../support/sample-settings.ts';
import { SetClock } from '../../support/set-clock.ts';

const MINUTE = 60_000;
const delivery = smtpDeliveryOf(sampleSettings({ pop3: 110, smtp: 25 }));
const DOWN = found('down');
const WORKS = found('works');

function found(destination: HandOver['destination']): Pick<HandOver, 'destination' | 'replies'> {
  return {
    destination,
    replies: [{ ...replyFor('a@corp.example', 'temporary'), text: 'refused' }],
  };
}

/** A ledger in memory that counts what it is asked. */
function countingLedger(): DestinationLedger & { changes: number; broken: boolean } {
  let record: DestinationRecord | null = null;
  return {
    changes: 0,
    broken: false,
    read: () => Promise.resolve(record),
    change(transition) {
      this.changes += 1;
      if (this.broken) return Promise.reject(new Error('no ledger'));
      const { store, answer } = transition(record);
      record = store ?? record;
      return Promise.resolve(answer);
    },
  };
}

function scene() {
  const [ledger, clock, log] = [countingLedger(), new SetClock(), recordingLog()];
  const metrics = recordingMetrics();
  let tokens = 0;
  const newGate = () =>
    new DestinationGate({ ledger, clock, log, metrics, newToken: () => `token ${(tokens += 1)}` });
  return { ledger, clock, log, metrics, newGate };
}

async function passageOf(gate: DestinationGate): Promise<Passage> {
  const admission = await gate.enter(delivery);
  if ('passage' in admission) return admission.passage;
  throw new Error(`expected a passage, was put off until ${admission.until}`);
}

async function takeDown(gate: DestinationGate): Promise<void> {
  for (let tries = 0; tries < DESTINATION_TRIES; tries += 1) {
    await (await passageOf(gate)).tell(DOWN);
  }
}

describe('DestinationGate', () => {
  test('asks the ledger once in a while when all is well, and writes nothing', async () => {
    const { ledger, clock, newGate } = scene();
    const gate = newGate();
    for (let message = 0; message < 100; message += 1) await (await passageOf(gate)).tell(WORKS);
    expect(ledger.changes).toBe(1);
    clock.advance(DESTINATION_CACHE_MS);
    await (await passageOf(gate)).tell(WORKS);
    expect(ledger.changes).toBe(2);
    expect(await ledger.read()).toBeNull();
  });

  test('each try that finds it down is counted for the alarm, the first ones and single ones are not', async () => {
    const { clock, metrics, newGate } = scene();
    const gate = newGate();
    await (await passageOf(gate)).tell(DOWN);
    await (await passageOf(gate)).tell(WORKS);
    expect(metrics.published).toEqual([]);
    await takeDown(gate);
    expect(metrics.published).toEqual([['DestinationDown', 1]]);
    clock.advance(20 * MINUTE);
    await (await passageOf(gate)).tell(DOWN);
    expect(metrics.published).toHaveLength(2);
    clock.advance(20 * MINUTE);
    await (await passageOf(gate)).tell(WORKS);
    expect(metrics.published).toHaveLength(2);
  });

  test('puts all off when it is down, says so once, and once when it is back', async () => {
    const { clock, log, newGate } = scene();
    const gate = newGate();
    await takeDown(gate);
    const withheld = { until: clock.now() + MINUTE, fault: 'refused', host: '127.0.0.1:25' };
    expect(await gate.enter(delivery)).toMatchObject(withheld);
    expect(log.events('error')).toEqual(['destination is down, all mail for it waits']);
    clock.advance(MINUTE);
    await (await passageOf(gate)).tell(WORKS);
    expect(log.events('info')).toEqual(['destination is back']);
    await passageOf(gate);
  });

  test('in one process the others wait for what the probe finds, and go when it is well', async () => {
    const { clock, newGate } = scene();
    const gate = newGate();
    await takeDown(gate);
    clock.advance(MINUTE);
    const probe = await passageOf(gate);
    let admitted = 0;
    const others = Array.from({ length: 5 }, () =>
      gate.enter(delivery).then((admission) => {
        admitted += 'passage' in admission ? 1 : 0;
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(admitted).toBe(0);
    await probe.tell(WORKS);
    await Promise.all(others);
    expect(admitted).toBe(5);
  });

  test('a probe that is left makes room for the next, and a second word changes nothing', async () => {
    const { clock, newGate } = scene();
    const gate = newGate();
    await takeDown(gate);
    clock.advance(MINUTE);
    const first = await passageOf(gate);
    await first.leave();
    await first.tell(DOWN);
    const second = await passageOf(gate);
    await second.tell(WORKS);
    await second.leave();
    await passageOf(gate);
  });

  test('another process sees it too, and waits a minute for a probe that is not its own', async () => {
    const { clock, newGate } = scene();
    const [here, there] = [newGate(), newGate()];
    await takeDown(here);
    expect(await there.enter(delivery)).toMatchObject({ until: clock.now() + MINUTE });
    clock.advance(MINUTE);
    const probe = await passageOf(here);
    expect(await there.enter(delivery)).toMatchObject({ until: clock.now() + MINUTE });
    await probe.tell(WORKS);
    await passageOf(there);
  });

  test('another destination is not held back', async () => {
    const { newGate } = scene();
    const gate = newGate();
    await takeDown(gate);
    const elsewhere = { ...delivery, smtp: { ...delivery.smtp, host: 'mail2.corp.example' } };
    expect(await gate.enter(elsewhere)).toHaveProperty('passage');
    expect(await gate.enter(delivery)).not.toHaveProperty('passage');
  });

  test('a ledger that cannot be written loses no delivery, and frees who waits', async () => {
    const { ledger, clock, log, newGate } = scene();
    const gate = newGate();
    await takeDown(gate);
    clock.advance(MINUTE);
    const probe = await passageOf(gate);
    const other = gate.enter(delivery);
    await new Promise((resolve) => setImmediate(resolve));
    ledger.broken = true;
    await probe.tell(WORKS);
    await expect(other).rejects.toThrow('no ledger');
    expect(log.events('error')).toContain('state of the destination not written');
  });
});
