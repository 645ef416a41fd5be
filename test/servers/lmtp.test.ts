import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { systemClock } from '../../shared/clock.ts';
import type { Courier } from '../../shared/courier/courier.ts';
import { courierFor } from '../courier/courier-for.ts';
import { asOnTheWire, parcelOf } from '../support/parcels.ts';
import { startDovecotLmtp } from '../support/dovecot-lmtp.ts';
import type { DovecotLmtp } from '../support/dovecot-lmtp.ts';
import { install, runOnce } from '../support/mailferry-run.ts';
import { configurationFor, PASSWORD } from '../support/provider-and-server.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import { sampleMessage } from '../support/sample-message.ts';

const [CHRIS, KELLY, FULL, GONE] = ['chris', 'kelly', 'full', 'gone'].map(
  (name) => `${name}@corp.example`,
) as [string, string, string, string];

/** A real LMTP server: who is unknown is refused at RCPT, who is over quota after the message, each for himself. */
describe('Dovecot by LMTP', () => {
  let dovecot: DovecotLmtp;
  let courier: Courier;

  beforeAll(async () => {
    dovecot = await startDovecotLmtp({ [CHRIS]: {}, [KELLY]: {}, [FULL]: { quota: 10 } });
    courier = courierFor(dovecot.port, { lmtp: true, clock: systemClock });
  });

  afterAll(async () => {
    await courier.close();
    await dovecot.stop();
  });

  test('answers for each recipient: two have it, one waits, one is refused', async () => {
    const recipients = [GONE, CHRIS, FULL, KELLY];
    const message = sampleMessage('everybody', 'four', { body: '.dot\r\n..\r\n\xe9' });
    const { replies, destination } = await courier.deliver(parcelOf(message, { recipients }));
    expect(replies.map(({ verdict, code, enhancedCode }) => [verdict, code, enhancedCode])).toEqual(
      [
        ['permanent', 550, '5.1.1'],
        ['sent', 250, '2.0.0'],
        ['temporary', 552, '5.2.2'],
        ['sent', 250, '2.0.0'],
      ],
    );
    expect(destination).toBe('works');
    const delivered = dovecot.delivered();
    expect(delivered.map(({ recipient, sender }) => [recipient, sender])).toEqual([
      [CHRIS, 'ann@nwtraders.example'],
      [KELLY, 'ann@nwtraders.example'],
    ]);
    for (const { data } of delivered) expect(data.equals(asOnTheWire(message))).toBe(true);
  });

  test('takes the next message over the same connection, and the null sender', async () => {
    const before = dovecot.delivered().length;
    const { replies } = await courier.deliver(
      parcelOf(sampleMessage(CHRIS, 'five'), { mailFrom: '', recipients: [CHRIS] }),
    );
    expect(replies).toMatchObject([{ verdict: 'sent' }]);
    expect(dovecot.delivered()).toHaveLength(before + 1);
    expect(dovecot.delivered().some(({ sender }) => sender === '')).toBe(true);
  });

  test('by the command: one in Failed/, one on his way, the others have it', async () => {
    const scratch = makeScratchFolder('lmtp');
    const mail = sampleMessage([GONE, CHRIS, FULL, KELLY].join(', '), 'six');
    const users = { everyone: { password: PASSWORD, mails: [mail] } };
    const pop3 = await startPop3Server({ users });
    try {
      const usual = configurationFor(['everyone'], pop3.port, dovecot.port);
      const configuration = { ...usual, delivery: { ...usual.delivery, transport: 'lmtp' } };
      const before = dovecot.delivered().length;
      const installation = install(join(scratch.path, 'run'), configuration, {
        provider: PASSWORD,
      });
      const { summary, status, stderr } = await runOnce(installation);
      expect(summary.messages, stderr).toMatchObject({ fetched: 1, deferred: 1 });
      expect(status).toBe(1);
      expect(dovecot.delivered()).toHaveLength(before + 2);
    } finally {
      await pop3.close();
      scratch.remove();
    }
  });
});
