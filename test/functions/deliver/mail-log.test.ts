import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { deliverMessage } from '../../../functions/deliver/deliver-message.ts';
import { routeMessage } from '../../../functions/route/route-message.ts';
import type { Embedded } from '../../../infra/local/embedded.ts';
import { formatKey } from '../../../shared/mail/message-key.ts';
import type { MessageKey } from '../../../shared/mail/message-key.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';
import { PASSWORD } from '../../support/provider-and-server.ts';
import { recordingLog } from '../../support/recording-log.ts';
import type { RecordingLog } from '../../support/recording-log.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { storeArrival } from '../../support/stored-arrival.ts';

const MESSAGE = sampleMessage(
  'chris@corp.example, busy@corp.example, gone@corp.example',
  'confidential',
  { body: 'A secret body.' },
);

describe('the mail log', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let log: RecordingLog;
  let key: MessageKey;

  beforeEach(async () => {
    log = recordingLog();
    scene = await makeEmbeddedScene({
      mails: { everyone: [] },
      log,
      smtp: {
        auth: { username: 'connector', password: PASSWORD },
        replies: (stage, { address }) => {
          if (stage !== 'rcpt') return undefined;
          if (address === 'busy@corp.example') return '451 4.7.1 greylisted, come again';
          return address === 'gone@corp.example' ? '550 5.1.1 no such user here' : undefined;
        },
      },
      configuration: (usual) => ({
        ...usual,
        delivery: {
          transport: 'smtp',
          smtp: {
            ...(usual.delivery['smtp'] as object),
            ...{ username: 'connector', password: { secret: 'smtp' } },
          },
        },
      }),
    });
    embedded = await scene.open();
    key = await storeArrival(embedded.deps.store, 'everyone', MESSAGE);
    await routeMessage(embedded.deps, key);
  });

  afterEach(async () => {
    await embedded.close();
    await scene.close();
  });

  const lines = () =>
    log.entries
      .filter(({ event }) => event === 'recipient processed')
      .map(({ level, fields }) => ({ level, ...fields }));

  test('has one line for each recipient and attempt: who, how it ended, in whose words', async () => {
    await deliverMessage(embedded.deps, key);
    const host = `127.0.0.1:${scene.smtp.port}`;
    const common = { level: 'info', message: formatKey(key), host, attempts: 1 };
    expect(lines()).toEqual([
      {
        ...{ ...common, recipient: 'chris@corp.example', status: 'sent', state: 'sent' },
        ...{ code: 250, enhancedCode: '2.0.0', reply: 'accepted' },
      },
      {
        ...{ ...common, recipient: 'busy@corp.example', status: 'temporary', state: 'waiting' },
        ...{ code: 451, enhancedCode: '4.7.1', reply: 'greylisted, come again' },
      },
      {
        ...{ ...common, recipient: 'gone@corp.example', status: 'permanent', state: 'failed' },
        ...{ code: 550, enhancedCode: '5.1.1', reply: 'no such user here' },
      },
    ]);
    scene.clock.advance(3_600_000);
    await deliverMessage(embedded.deps, key);
    expect(lines().slice(3)).toMatchObject([{ recipient: 'busy@corp.example', attempts: 2 }]);
  });

  test('has the session at the level debug, without password and content; nowhere else either', async () => {
    await deliverMessage(embedded.deps, key);
    const [session] = log.entries.filter(({ event }) => event === 'session transcript');
    expect(session).toMatchObject({ level: 'debug', fields: { message: formatKey(key) } });
    const transcript = String(session?.fields['transcript']).split('\n');
    expect(transcript).toContain('C: RCPT TO:<gone@corp.example>');
    expect(transcript).toContain('S: 550 5.1.1 no such user here');
    const all = JSON.stringify(log.entries);
    const encoded = Buffer.from(`\0connector\0${PASSWORD}`).toString('base64');
    for (const secret of [PASSWORD, encoded, 'secret body', 'Subject', 'confidential.']) {
      expect(all).not.toContain(secret);
    }
  });

  test('has the reply also where the ledger did not take it', async () => {
    const { deps } = embedded;
    let writes = 0;
    const failing = {
      ...deps,
      messages: {
        ...deps.messages,
        find: (keys: readonly MessageKey[]) => deps.messages.find(keys),
        change: (...words: Parameters<typeof deps.messages.change>) => {
          writes += 1;
          // The claim is the first.
          return writes === 1
            ? deps.messages.change(...words)
            : Promise.reject(new Error('no ledger'));
        },
      },
    };
    await expect(deliverMessage(failing as typeof deps, key)).rejects.toThrow('no ledger');
    expect(lines()).toMatchObject([
      { recipient: 'chris@corp.example', status: 'sent', code: 250, state: 'waiting' },
      { recipient: 'busy@corp.example', status: 'temporary' },
      { recipient: 'gone@corp.example', status: 'permanent' },
    ]);
  });
});
