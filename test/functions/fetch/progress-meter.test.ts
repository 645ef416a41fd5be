import { describe, expect, test } from 'vitest';

import { paceOf, ProgressMeter } from '../../../functions/fetch/progress-meter.ts';
import type { FetchProgress } from '../../../shared/ledger/mailbox-record.ts';
import type { ListedMail, MessageNumber } from '../../../shared/pop3/maildrop.ts';
import type { Spool } from '../../../shared/store/spool.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { SetClock } from '../../support/set-clock.ts';

const SIZES = [100, 300];

function listed(): ListedMail[] {
  return SIZES.map((size, at) => ({ number: (at + 1) as MessageNumber, size, uidl: null }));
}

function nowhere(): Spool {
  return {
    write: () => undefined,
    end: () => Promise.resolve({} as Awaited<ReturnType<Spool['end']>>),
    abort: () => Promise.resolve(),
  };
}

describe('how far a run is', () => {
  test('octets as they come, messages when they are whole', async () => {
    const seen: FetchProgress[] = [];
    const meter = new ProgressMeter({
      ...{ mailbox: 'sales', clock: new SetClock(), log: recordingLog() },
      onProgress: (progress) => seen.push(progress),
    });
    expect(meter.current).toBeNull();
    meter.planned(listed());
    const first = meter.counted(nowhere());
    const second = meter.counted(nowhere());
    await first.write(Buffer.alloc(60));
    await second.write(Buffer.alloc(10));
    await first.write(Buffer.alloc(40));
    await first.end();
    await second.abort();
    const whole = { ofMessages: 2, ofOctets: 400 };
    expect(seen).toEqual([
      { ...whole, messages: 0, octets: 0 },
      { ...whole, messages: 0, octets: 60 },
      { ...whole, messages: 0, octets: 70 },
      { ...whole, messages: 0, octets: 110 },
      { ...whole, messages: 1, octets: 110 },
    ]);
    expect(meter.current).toEqual(seen.at(-1));
  });

  test('a message whose memory is wanted for others goes to a file, counted or not', async () => {
    const asked: (boolean | undefined)[] = [];
    const spool: Spool = {
      ...nowhere(),
      end: (inFile) => {
        asked.push(inFile);
        return nowhere().end(inFile);
      },
    };
    const meter = new ProgressMeter({
      ...{ mailbox: 'sales', clock: new SetClock(), log: recordingLog(), onProgress: null },
    });
    await meter.counted(spool).end(true);
    await meter.counted(spool).end();
    expect(asked).toEqual([true, undefined]);
  });

  test('the log hears of it once a minute, and never of a run that is quick', async () => {
    const clock = new SetClock();
    const log = recordingLog();
    const meter = new ProgressMeter({ mailbox: 'sales', clock, log, onProgress: null });
    meter.planned(listed());
    const spool = meter.counted(nowhere());
    for (let second = 1; second <= 150; second += 1) {
      clock.advance(1000);
      await spool.write(Buffer.alloc(1));
    }
    expect(log.entries.map(({ event, fields }) => ({ event, ...fields }))).toEqual(
      [60, 120].map((octets) => ({
        event: 'mailbox being fetched',
        ...{ mailbox: 'sales', messages: 0, ofMessages: 2, octets, ofOctets: 400 },
        ...{ octetsPerSecond: 1, secondsLeft: 400 - octets },
      })),
    );
  });

  test('the rate, and the time left at it', () => {
    const progress = { messages: 1, ofMessages: 2, octets: 1000, ofOctets: 5000 };
    expect(paceOf(progress, 2000)).toEqual({ rate: 500, secondsLeft: 8 });
    expect(paceOf({ ...progress, octets: 6000 }, 2000)).toEqual({ rate: 3000, secondsLeft: 0 });
    expect(paceOf({ ...progress, octets: 0 }, 2000)).toEqual({ rate: null, secondsLeft: null });
    expect(paceOf(progress, 0)).toEqual({ rate: null, secondsLeft: null });
  });
});
