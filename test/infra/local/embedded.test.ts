import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { runOnce } from '../../../infra/local/run-once.ts';
import { filesIn } from '../../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';
import { sampleMessage } from '../../support/sample-message.ts';

const MAILS = Array.from({ length: 6 }, (_, index) =>
  sampleMessage('chris@provider.example', `m${index}`),
);

describe('the embedded host', () => {
  let scene: EmbeddedScene;
  let closing: AbortController;

  beforeEach(async () => {
    closing = new AbortController();
    scene = await makeEmbeddedScene({
      mails: { chris: MAILS },
      smtp: {
        // The signal comes while the first message is in delivery.
        replies: (stage) => {
          if (stage === 'content') closing.abort();
          return undefined;
        },
      },
      configuration: (usual) => ({ ...usual, delivery: { ...usual.delivery, concurrency: 1 } }),
    });
  });

  afterEach(async () => {
    await scene.close();
  });

  test('a signal in a single run: what is in delivery is finished and counted, the rest waits', async () => {
    const embedded = await scene.open();
    const { messages } = await runOnce(embedded, [], closing.signal);
    await embedded.close();
    const arrived = scene.smtp.received.length;
    expect(arrived).toBeGreaterThan(0);
    expect(arrived).toBeLessThan(MAILS.length);
    expect(messages).toMatchObject({ delivered: arrived });
    const left = filesIn(scene.data, 'Incoming').length;
    expect(messages.deferred).toBe(left);
    expect(left + arrived + scene.pop3.mails('chris').length).toBe(MAILS.length);

    expect((await scene.runOnce()).messages).toMatchObject({ carried: left, deferred: 0 });
    expect(scene.smtp.received).toHaveLength(MAILS.length);
  });

  test('an opening that fails gives the folder back', async () => {
    const database = join(scene.data, 'mailferry.sqlite');
    writeFileSync(database, 'not a database, and long enough to be taken for a header of one');
    await expect(scene.open()).rejects.toMatchObject({ kind: 'ledger' });
    rmSync(database);
    const embedded = await scene.open();
    await embedded.close();
  });
});
