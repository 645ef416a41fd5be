import { describe, expect, test } from 'vitest';

import { SharedSend } from '../../../infra/aws/runtime/shared-send.ts';
import type { JobSender } from '../../../shared/queue/job-queue.ts';

/** Remembers each send, and fails as often as it is told to. */
class RecordingSender implements JobSender<string> {
  readonly sends: string[][] = [];
  failures = 0;

  send(jobs: readonly string[]): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(new Error('throttled'));
    }
    this.sends.push([...jobs]);
    return Promise.resolve();
  }
}

/** Lets what is ready to go on go on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a send shared by a batch', () => {
  test('goes out once, when every piece of work waits for it', async () => {
    const sender = new RecordingSender();
    const shared = new SharedSend(sender);
    const slow = Promise.withResolvers<undefined>();
    const work = ['a', 'b', 'c'].map((job) =>
      shared.during(async () => {
        if (job === 'c') await slow.promise;
        await shared.send([job]);
      }),
    );
    await turn();
    expect(sender.sends).toEqual([]);
    slow.resolve(undefined);
    await Promise.all(work);
    expect(sender.sends).toEqual([['a', 'b', 'c']]);
  });

  test('does not wait for work that ends without sending', async () => {
    const sender = new RecordingSender();
    const shared = new SharedSend(sender);
    const fails = shared.during(() => Promise.reject(new Error('no such mail')));
    const ends = shared.during(() => Promise.resolve('nothing to send'));
    const sends = shared.during(() => shared.send(['a']));
    await expect(fails).rejects.toThrow('no such mail');
    await expect(ends).resolves.toBe('nothing to send');
    await sends;
    expect(sender.sends).toEqual([['a']]);
  });

  test('has not gone before it resolves: a failed one fails everybody in it', async () => {
    const sender = new RecordingSender();
    sender.failures = 1;
    const shared = new SharedSend(sender);
    const work = ['a', 'b'].map((job) => shared.during(() => shared.send([job])));
    const ends = await Promise.allSettled(work);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await shared.during(() => shared.send(['a']));
    expect(sender.sends).toEqual([['a']]);
  });

  test('work that sends twice does not wait for itself', async () => {
    const sender = new RecordingSender();
    const shared = new SharedSend(sender);
    await Promise.all([
      shared.during(async () => {
        await shared.send(['a1']);
        await shared.send(['a2']);
      }),
      shared.during(() => shared.send(['b'])),
    ]);
    expect(sender.sends).toEqual([['a1', 'b'], ['a2']]);
  });

  test('nothing costs nothing', async () => {
    const sender = new RecordingSender();
    await new SharedSend(sender).send([]);
    expect(sender.sends).toEqual([]);
  });
});
