import { afterEach, describe, expect, test } from 'vitest';

import { filesIn } from '../support/data-folder-files.ts';
import { makeScene } from '../support/provider-and-server.ts';
import type { Scene } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';

/**
 * A process that is killed while it waits for a mail server that hangs says nothing against the message: however
 * often that happens, the message is delivered when the server is well. (A message over whose octets the process
 * dies again and again is parked: test/functions/deliver.)
 */
describe('killed while the mail server hangs', () => {
  let scene: Scene | null = null;

  afterEach(async () => {
    await scene?.close();
  });

  test.each([['connect' as const], ['mail' as const], ['content' as const]])(
    'at %s, five times: nothing is parked, all arrives once the server is well',
    async (stage) => {
      let isWell = false;
      let waiting = 0;
      scene = await makeScene({
        mails: { chris: [sampleMessage('chris@provider.example', 'one')] },
        smtp: {
          replies: (now) => {
            if (isWell || now !== stage) return undefined;
            waiting += 1;
            return 'hang';
          },
        },
      });
      for (let kill = 1; kill <= 5; kill += 1) {
        const running = scene.start(['run', '--once']);
        await expect.poll(() => waiting, { timeout: 20_000 }).toBe(kill);
        running.child.kill('SIGKILL');
        await running.result;
      }
      isWell = true;
      const { summary, status } = await scene.runOnce();
      expect(summary.messages).toMatchObject({ carried: 1, delivered: 1, failed: 0 });
      expect(status).toBe(0);
      expect(filesIn(scene.data, 'Failed')).toEqual([]);
      expect(scene.smtp.received).toHaveLength(1);
    },
  );
});
