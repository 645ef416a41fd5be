import { Readable } from 'node:stream';

import { afterEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../shared/clock.ts';
import type { Courier } from '../../shared/courier/courier.ts';
import { sesCourier } from '../../shared/courier/ses-courier.ts';
import type { SesCourierOptions } from '../../shared/courier/ses-courier.ts';
import { splitHeader } from '../../shared/mail/header-block.ts';
import { parcelOf } from '../support/parcels.ts';
import { startScriptedSes } from '../support/scripted-ses.ts';
import type { ReceivedSesCall, ScriptedSes, SesAnswer } from '../support/scripted-ses.ts';

const FROM = 'connector@corp.example';
const HEADER =
  'From: Ann <ann@nwtraders.example>\r\nTo: chris@corp.example\r\nSubject: hush\r\n\r\n';
const MESSAGE = Buffer.from(`${HEADER}body\xe9\x80\xff\0 .\r\n..\r\nbare\nbare\rend`, 'latin1');
const BODY = MESSAGE.subarray(HEADER.length);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(
  answer?: (call: ReceivedSesCall) => SesAnswer,
  changes: Partial<SesCourierOptions> = {},
): Promise<{ ses: ScriptedSes; courier: Courier }> {
  const ses = await startScriptedSes(answer);
  const courier = courierAt(ses.endpoint, changes);
  closing.push(
    () => courier.close(),
    () => ses.close(),
  );
  return { ses, courier };
}

function courierAt(endpoint: string, changes: Partial<SesCourierOptions> = {}): Courier {
  return sesCourier({
    ...{ from: FROM, feedback: FROM, configurationSet: null, tags: {}, region: 'eu-central-1' },
    ...{ host: 'Amazon SES eu-central-1', clock: systemClock },
    client: { endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'hush-key' } },
    ...changes,
  });
}

function bodyOf(data: Buffer): Buffer {
  return data.subarray(splitHeader(data, true)?.bodyStart ?? 0);
}

/** A message of so many octets, in lines. */
function messageOf(octets: number): Buffer {
  const line = Buffer.from(`${'x'.repeat(76)}\r\n`);
  const body = Buffer.alloc(octets - HEADER.length, line);
  return Buffer.concat([Buffer.from(HEADER), body]);
}

describe('a message by SendRawEmail', () => {
  test('keeps its body octet for octet, and gets a header that SES takes', async () => {
    const { ses, courier } = await start();
    const { replies, destination } = await courier.deliver(parcelOf(MESSAGE));
    expect(replies).toEqual([
      {
        address: 'chris@corp.example',
        ...{ verdict: 'sent', code: null, enhancedCode: null, host: 'Amazon SES eu-central-1' },
        text: 'taken by Amazon SES as 0100018f-scripted',
      },
    ]);
    expect(destination).toBe('works');
    const [call] = ses.taken;
    expect(call).toMatchObject({ action: 'SendRawEmail', feedback: FROM, configurationSet: null });
    expect(bodyOf(call?.data ?? Buffer.alloc(0)).equals(BODY)).toBe(true);
    expect(call?.data.toString('latin1')).toMatch(
      /^From: "Ann at nwtraders\.example" <connector@corp\.example>\r\nReply-To: "Ann" <ann@/,
    );
  });

  test.each([
    ['one octet at a time', 1],
    ['cut anywhere', 7],
  ])('comes out the same when read %s', async (_, size) => {
    const { ses, courier } = await start();
    await courier.deliver(parcelOf(MESSAGE));
    const pieces = Array.from({ length: Math.ceil(MESSAGE.length / size) }, (__, at) =>
      MESSAGE.subarray(at * size, (at + 1) * size),
    );
    await courier.deliver(parcelOf(MESSAGE, { content: () => Readable.from(pieces) }));
    expect(ses.taken[1]?.data.equals(ses.taken[0]?.data ?? Buffer.alloc(0))).toBe(true);
  });

  test('without an empty line gets one', async () => {
    const { ses, courier } = await start();
    for (const text of ['A: b\r\n', 'A: b', 'A: b\r\n\r\n']) {
      await courier.deliver(parcelOf(text));
    }
    for (const { data } of ses.taken) expect(data.toString()).toMatch(/\r\nA: b\r\n\r\n$/);
  });

  test('goes to all recipients in one call, a repeated one once', async () => {
    const { ses, courier } = await start();
    const recipients = ['a@corp.example', 'b@b\u00fccher.example', 'a@corp.example'];
    const { replies } = await courier.deliver(parcelOf(MESSAGE, { recipients }));
    expect(replies.map(({ verdict }) => verdict)).toEqual(['sent', 'sent', 'sent']);
    expect(ses.calls).toHaveLength(1);
    expect(ses.calls[0]?.recipients).toEqual(['a@corp.example', 'b@xn--bcher-kva.example']);
  });

  test('carries configuration set and tags, and names itself in them', async () => {
    const { ses, courier } = await start(undefined, {
      configurationSet: 'mail',
      tags: { site: 'north' },
      feedback: 'bounces@corp.example',
    });
    await courier.deliver(parcelOf(MESSAGE, { id: 'ab12' }));
    expect(ses.taken).toMatchObject([
      {
        feedback: 'bounces@corp.example',
        configurationSet: 'mail',
        tags: { site: 'north', 'mailferry-id': 'ab12' },
      },
    ]);
  });

  test('from the null sender goes out as the identity, marked', async () => {
    const { ses, courier } = await start();
    await courier.deliver(parcelOf(MESSAGE, { mailFrom: '' }));
    expect(ses.taken[0]?.feedback).toBe(FROM);
    expect(ses.taken[0]?.data.toString('latin1')).toContain('\r\nX-Original-Return-Path: <>\r\n');
  });
});

describe('a large message', () => {
  test.each([
    [9_990_000, 'SendRawEmail'],
    [10_100_000, 'SendEmail'],
  ])('of %i octets goes by %s, octet for octet', async (octets, action) => {
    const { ses, courier } = await start(undefined, { configurationSet: 'mail', tags: { a: 'b' } });
    const message = messageOf(octets);
    const recipients = ['a@corp.example', 'b@corp.example'];
    const { replies } = await courier.deliver(parcelOf(message, { recipients, id: 'cd' }));
    expect(replies.map(({ verdict }) => verdict)).toEqual(['sent', 'sent']);
    const tags = { a: 'b', 'mailferry-id': 'cd' };
    expect(ses.taken).toMatchObject([
      { action, recipients, feedback: FROM, configurationSet: 'mail', tags },
    ]);
    const sent = bodyOf(ses.taken[0]?.data ?? Buffer.alloc(0));
    expect(sent.equals(message.subarray(HEADER.length))).toBe(true);
  });

  test('above 40 MB is refused for good without being read', async () => {
    const { ses, courier } = await start();
    let opened = false;
    const content = (): Readable => {
      opened = true;
      return Readable.from([]);
    };
    const { replies } = await courier.deliver(parcelOf('', { size: 40_000_001, content }));
    expect(replies).toMatchObject([{ verdict: 'permanent', code: 552, enhancedCode: '5.3.4' }]);
    expect(replies[0]?.text).toMatch(/40000001 octets.* 40000000/);
    expect([opened, ses.calls.length]).toEqual([false, 0]);
  });

  test('one at a time: each is in memory several times over', async () => {
    let [underWay, most] = [0, 0];
    const { ses, courier } = await start();
    const message = messageOf(10_100_000);
    const content = (): Readable => {
      underWay += 1;
      most = Math.max(most, underWay);
      return Readable.from([message]).on('close', () => (underWay -= 1));
    };
    await Promise.all([1, 2, 3].map(() => courier.deliver(parcelOf(message, { content }))));
    expect(ses.taken).toHaveLength(3);
    expect(most).toBe(1);
  });
});

describe('what SES does not take', () => {
  const line = (octets: number): string => 'x'.repeat(octets);

  test.each([
    ['998 octets and CRLF', `${line(998)}\r\n`, 'sent'],
    ['998 octets and LF', `${line(998)}\n`, 'sent'],
    ['998 octets at the end', line(998), 'sent'],
    ['999 octets', `${line(999)}\r\n`, 'permanent'],
    ['999 octets at the end', line(999), 'permanent'],
    ['998 octets and a bare CR at the end', `${line(998)}\r`, 'permanent'],
  ])('a line of %s: %s', async (_, text, verdict) => {
    const { ses, courier } = await start();
    for (const size of [text.length + HEADER.length, 1, 500]) {
      const whole = Buffer.from(HEADER + text);
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (__, at) =>
        whole.subarray(at * size, (at + 1) * size),
      );
      const content = (): Readable => Readable.from(pieces);
      const { replies } = await courier.deliver(parcelOf(whole, { content }));
      expect(replies[0]?.verdict).toBe(verdict);
      if (verdict === 'permanent') expect(replies[0]?.text).toContain('more than 998 octets');
    }
    expect(ses.calls).toHaveLength(verdict === 'sent' ? 3 : 0);
  });

  test('a long line ends the reading', async () => {
    const { courier } = await start();
    let read = 0;
    const content = (): Readable =>
      new Readable({
        read() {
          read += 1;
          this.push(read === 1 ? Buffer.from(HEADER) : Buffer.alloc(1000, 'x'));
        },
      });
    const { replies } = await courier.deliver(parcelOf('', { size: 30_000_000, content }));
    expect(replies[0]?.verdict).toBe('permanent');
    expect(read).toBeLessThan(100);
  });

  test('an address with letters beyond ASCII before the @: the others get the mail', async () => {
    const { ses, courier } = await start();
    const recipients = ['j\u00fcrgen@corp.example', 'chris@corp.example', 'a b@corp.example'];
    const { replies } = await courier.deliver(parcelOf(MESSAGE, { recipients }));
    expect(replies.map(({ verdict, enhancedCode }) => [verdict, enhancedCode])).toEqual([
      ['permanent', '5.6.7'],
      ['sent', null],
      ['permanent', '5.1.3'],
    ]);
    expect(ses.calls[0]?.recipients).toEqual(['chris@corp.example']);
  });
});

describe('an error of SES', () => {
  const identities = 'Email address is not verified. The following identities failed the check: ';
  test.each([
    ['MessageRejected', 400, 'virus', 'permanent', 'works'],
    ['InvalidParameterValue', 400, "Duplicate header 'X'", 'permanent', 'works'],
    ['MessageRejected', 400, `${identities}somebody@x.example`, 'permanent', 'works'],
    ['MessageRejected', 400, `${identities}Connector@corp.example`, 'temporary', 'down'],
    ['Throttling', 400, 'Maximum sending rate exceeded.', 'temporary', 'down'],
    ['Throttling', 454, 'Daily message quota exceeded.', 'temporary', 'down'],
    ['AccountSendingPausedException', 400, 'paused', 'temporary', 'down'],
    ['ConfigurationSetSendingPausedException', 400, 'paused', 'temporary', 'down'],
    ['ConfigurationSetDoesNotExist', 400, 'mail', 'temporary', 'down'],
    ['MailFromDomainNotVerifiedException', 400, 'x', 'temporary', 'down'],
    ['AccessDenied', 403, 'not authorized', 'temporary', 'down'],
    ['InvalidClientTokenId', 403, 'no such key', 'temporary', 'down'],
    ['SignatureDoesNotMatch', 403, 'clock', 'temporary', 'down'],
    ['ServiceUnavailable', 503, 'later', 'temporary', 'down'],
    ['InternalFailure', 500, 'oops', 'temporary', 'down'],
    ['SomethingNew', 400, 'what?', 'temporary', 'unclear'],
  ])('%s (%i, %s): %s, the destination %s', async (code, status, message, verdict, destination) => {
    const { ses, courier } = await start(() => ({ status, code, message }));
    const handOver = await courier.deliver(parcelOf(MESSAGE));
    expect(handOver).toMatchObject({ destination, divisible: false });
    expect(handOver.replies).toMatchObject([{ verdict, code: null, enhancedCode: null }]);
    const name = code.replace(/Exception$/, '');
    expect(handOver.replies[0]?.text).toBe(`${name}: ${message}`);
    // One try: a second one by the SDK would be a second copy that nobody knows of.
    expect(ses.calls).toHaveLength(1);
  });

  test.each([
    ['MessageRejected', 'permanent', 'works'],
    ['BadRequestException', 'permanent', 'works'],
    ['TooManyRequestsException', 'temporary', 'down'],
    ['SendingPausedException', 'temporary', 'down'],
    ['AccountSuspendedException', 'temporary', 'down'],
    ['NotFoundException', 'temporary', 'down'],
  ])('%s by the second version: %s, the destination %s', async (code, verdict, destination) => {
    const { courier } = await start(() => ({ status: 400, code, message: 'no' }));
    const handOver = await courier.deliver(parcelOf(messageOf(10_100_000)));
    expect(handOver.destination).toBe(destination);
    expect(handOver.replies).toMatchObject([{ verdict }]);
    expect(handOver.replies[0]?.text).toMatch(/: no$/);
  });

  test('a connection that breaks off may have carried the mail: it waits, and says nothing of SES', async () => {
    const { ses, courier } = await start(() => 'drop');
    const handOver = await courier.deliver(parcelOf(MESSAGE));
    expect(handOver).toMatchObject({ destination: 'unclear', replies: [{ verdict: 'temporary' }] });
    expect(ses.calls).toHaveLength(1);
  });

  test('an answer that does not come ends by time', async () => {
    const { courier } = await start(() => 'hang', {
      client: {
        endpoint: (await startHanging()).endpoint,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        requestHandler: { requestTimeout: 50, throwOnRequestTimeout: true },
      },
    });
    const handOver = await courier.deliver(parcelOf(MESSAGE));
    expect(handOver).toMatchObject({ destination: 'unclear', replies: [{ verdict: 'temporary' }] });
  });

  async function startHanging(): Promise<ScriptedSes> {
    const ses = await startScriptedSes(() => 'hang');
    closing.push(() => ses.close());
    return ses;
  }

  test('an endpoint where nobody listens is a destination that is down', async () => {
    const { ses } = await start();
    await ses.close();
    closing.pop();
    const courier = courierAt(ses.endpoint);
    const handOver = await courier.deliver(parcelOf(MESSAGE));
    expect(handOver).toMatchObject({ destination: 'down', replies: [{ verdict: 'temporary' }] });
    await courier.close();
  });

  test('a refusal of several says that each may be tried alone', async () => {
    const refuse = (call: ReceivedSesCall): SesAnswer =>
      call.recipients.includes('bad@corp.example')
        ? { status: 400, code: 'InvalidParameterValue', message: 'bad' }
        : undefined;
    const { courier } = await start(refuse);
    const recipients = ['a@corp.example', 'bad@corp.example'];
    const together = await courier.deliver(parcelOf(MESSAGE, { recipients }));
    expect(together.divisible).toBe(true);
    const alone = await courier.deliver(parcelOf(MESSAGE, { recipients: ['bad@corp.example'] }));
    expect(alone.divisible).toBe(false);
    const size = await courier.deliver(parcelOf('', { size: 41e6, recipients }));
    expect(size.divisible).toBe(false);
  });
});

describe('content that the store cannot give', () => {
  test.each([
    ['fails', () => Readable.from(failing())],
    ['ends early', () => Readable.from([MESSAGE.subarray(0, 9)])],
    ['gives more than it said', () => Readable.from([MESSAGE, Buffer.from('more')])],
  ])('%s: nothing is sent, mail waits', async (_, content) => {
    const { ses, courier } = await start();
    const handOver = await courier.deliver(parcelOf(MESSAGE, { content }));
    expect(handOver.destination).toBe('unclear');
    expect(handOver.replies).toMatchObject([{ verdict: 'temporary', code: null }]);
    expect(handOver.replies[0]?.text).toContain('the store broke off');
    expect(ses.calls).toEqual([]);
  });
});

async function* failing(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(MESSAGE.subarray(0, 9));
  throw new Error('disk gone');
}

test('the transcript says what was done, and shows no content and no key', async () => {
  const { courier } = await start();
  const { transcript } = await courier.deliver(parcelOf(MESSAGE));
  expect(transcript).toEqual([
    '* renamed X-Original-…: From',
    expect.stringMatching(/^C: SendRawEmail as connector@corp\.example, \d+ octets$/),
    'C: to chris@corp.example',
    'S: taken by Amazon SES as 0100018f-scripted',
  ]);
  expect(transcript.join('\n')).not.toMatch(/hush|body/);
});
