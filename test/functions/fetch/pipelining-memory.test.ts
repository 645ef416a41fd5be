import { expect, test } from 'vitest';

import { fetchMailbox } from '../../../functions/fetch/fetch-mailbox.ts';
import { Pop3Opener } from '../../../shared/pop3/opener.ts';
import { PIPELINING_MEMORY_MS } from '../../../shared/limits.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { USUAL_CAPABILITIES } from '../../support/scripted-pop3-server.ts';

const BOUNDS = { closing: new AbortController().signal, deadline: null };

test('a server that loses commands sent together is asked anew at once, and not tried again for a week', async () => {
  const mails = ['one', 'two', 'three'].map((name) => sampleMessage('x@provider.example', name));
  const scene = await makeEmbeddedScene({
    mails: { chris: mails },
    faults: { losesPipelined: true },
    capabilities: USUAL_CAPABILITIES.filter((each) => each !== 'PIPELINING'),
  });
  const embedded = await scene.open();
  try {
    const deps = { ...embedded.deps, opener: new Pop3Opener(scene.clock, { probeMs: 200 }) };
    const first = await fetchMailbox(deps, 'chris', BOUNDS);
    expect(first.result).toMatchObject({ status: 'ok', fetched: 3, left: 0 });
    expect(scene.pop3.connections).toBe(2);

    await fetchMailbox(deps, 'chris', BOUNDS);
    expect(scene.pop3.connections).toBe(3);

    scene.clock.advance(PIPELINING_MEMORY_MS);
    scene.pop3.setFaults({});
    await fetchMailbox(deps, 'chris', BOUNDS);
    expect(scene.pop3.commands.filter((line) => line === 'NOOP')).toHaveLength(1);
    expect(scene.pop3.connections).toBe(4);
  } finally {
    await embedded.close();
    await scene.close();
  }
});
