import { join } from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { install, runOnce } from '../support/mailferry-run.ts';
import { startPostfix } from '../support/postfix.ts';
import { configurationFor, PASSWORD } from '../support/provider-and-server.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import { sampleMessage } from '../support/sample-message.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** RFC 5321 section 4.5.3.1.10. Postfix says `452 4.5.3` to whoever comes beyond its limit. */
test('a Postfix that takes two recipients at once gets seven in one run, each once', async () => {
  const people = Array.from({ length: 7 }, (_, at) => `u${at}@corp.example`);
  const postfix = await startPostfix({ domains: ['corp.example'], recipientLimit: 2 });
  closing.push(() => postfix.stop());
  const mails = [sampleMessage(people.join(', '), 'to seven')];
  const pop3 = await startPop3Server({ users: { everyone: { password: PASSWORD, mails } } });
  closing.push(() => pop3.close());
  const scratch = makeScratchFolder('limit');
  closing.push(() => {
    scratch.remove();
  });
  const configuration = configurationFor(['everyone'], pop3.port, postfix.port);
  const installation = install(join(scratch.path, 'run'), configuration, { provider: PASSWORD });
  const { status, summary, stderr } = await runOnce(installation);
  expect(summary.messages, stderr).toMatchObject({ fetched: 1, delivered: 1, deferred: 0 });
  expect(status).toBe(0);
  const delivered = await postfix.delivered();
  expect(delivered.map(({ recipient }) => recipient).sort()).toEqual(people);
});
