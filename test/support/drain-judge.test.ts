import { describe, expect, test } from 'vitest';

import { DrainJudge } from './drain-judge.ts';
import type { DrainMail } from './drain-mail.ts';
import type { ReceivedMail } from './smtp-script.ts';

const CONTENT = Buffer.from('Message-ID: <one@x.example>\r\n\r\nbody\r\n');
const MAIL: DrainMail = {
  mailbox: 'north',
  content: CONTENT,
  key: 'north/1',
  messageId: '<one@x.example>',
  recipients: ['ann@corp.example', 'ben@corp.example'],
};
const [ANN, BEN] = ['north/1 ann@corp.example', 'north/1 ben@corp.example'];

function copy(recipients: readonly string[], data = CONTENT, session = 1): ReceivedMail {
  return { session, mailFrom: '', mailOptions: '', recipients, data, secure: false };
}

const QUIET = { lost: new Set<number>(), underWay: 0 };
const BOTH = copy(MAIL.recipients);

/** What judges a drain sees each fault that it is there for. */
describe('the judge of a drain', () => {
  test('is content with one copy each, and with a failure in place of one', () => {
    const judge = new DrainJudge([MAIL]);
    judge.round({ ...QUIET, received: [copy(['ann@corp.example'])] }, new Set([ANN]));
    judge.end(new Set([BEN]));
    expect(judge.faults).toEqual([]);
  });

  test('sees who got nothing', () => {
    const judge = new DrainJudge([MAIL]);
    judge.round({ ...QUIET, received: [copy(['ann@corp.example'])] }, new Set([ANN]));
    judge.end(new Set());
    expect(judge.faults).toEqual([`${BEN}: lost`]);
  });

  test('sees a copy after the reply was recorded', () => {
    const judge = new DrainJudge([MAIL]);
    judge.round({ ...QUIET, received: [BOTH] }, new Set([ANN, BEN]));
    judge.round({ ...QUIET, received: [BOTH, copy(['ben@corp.example'])] }, new Set([ANN, BEN]));
    expect(judge.faults).toEqual([`${BEN}: a copy after it was recorded`]);
  });

  test('sees two copies in one round, of which one is recorded', () => {
    const judge = new DrainJudge([MAIL]);
    judge.round({ ...QUIET, received: [BOTH, BOTH] }, new Set([ANN, BEN]));
    expect(judge.faults).toEqual([
      `${ANN}: two copies in one round`,
      `${BEN}: two copies in one round`,
    ]);
  });

  test('takes a second copy where the reply was lost, or the process died', () => {
    for (const window of [
      { lost: new Set([1]), underWay: 0 },
      { lost: new Set<number>(), underWay: 1 },
    ]) {
      const judge = new DrainJudge([MAIL]);
      judge.round({ ...window, received: [BOTH] }, new Set());
      judge.round({ ...window, received: [BOTH, BOTH] }, new Set([ANN, BEN]));
      judge.end(new Set());
      expect(judge.faults).toEqual([]);
      expect(judge.inWindow).toBe(2);
    }
  });

  test('sees a copy that nobody recorded, though nothing died', () => {
    const judge = new DrainJudge([MAIL]);
    judge.round({ ...QUIET, received: [BOTH] }, new Set());
    expect(judge.faults).toEqual(['1 messages unrecorded, 0 were under way']);
  });

  test('sees octets that changed, and a stranger', () => {
    const judge = new DrainJudge([MAIL]);
    const data = Buffer.from('Message-ID: <one@x.example>\r\n\r\nbod\r\n');
    judge.round({ ...QUIET, received: [copy(['eve@corp.example'], data)] }, new Set());
    expect(judge.faults).toContain('<one@x.example>: its body arrived changed');
    expect(judge.faults).toContain('north/1 eve@corp.example: was not meant');
  });
});
