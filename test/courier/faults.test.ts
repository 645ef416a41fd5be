import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';

import type { Courier } from '../../shared/courier/courier.ts';
import { certificates } from '../support/certificates.ts';
import { parcelOf } from '../support/parcels.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import type { SmtpServerOptions, SmtpStage } from '../support/smtp-script.ts';
import { courierFor } from './courier-for.ts';

const FIRST = 'chris@corp.example';
const SECOND = 'kelly@corp.example';
const FAULTS = [
  'drop',
  'hang',
  '451 4.3.0 later',
  '554 5.7.1 never',
  'nonsense',
  '421 4.3.2 restarting',
] as const;
const SHORT = { greetingMs: 40, commandMs: 40, finalMs: 40, quitMs: 40 };
const auth = { username: 'connector', password: 'open sesame' };

/**
 * Where the two recipients end, for each of {@link FAULTS} in turn: `s` sent, `t` temporary, `p` permanent.
 * The fault strikes once, in the first transaction of the first session; RCPT and LMTP's replies only the second one.
 */
const ENDS: readonly (readonly [SmtpStage, ...string[]])[] = [
  ['connect', 'tt', 'tt', 'tt', 'tt', 'tt', 'tt'],
  // A refused EHLO is followed by HELO (RFC 5321 section 3.2), which this server takes.
  ['ehlo', 'tt', 'tt', 'ss', 'ss', 'ss', 'tt'],
  ['auth', 'tt', 'tt', 'tt', 'tt', 'tt', 'tt'],
  ['mail', 'tt', 'tt', 'tt', 'pp', 'tt', 'tt'],
  ['rcpt', 'tt', 'tt', 'st', 'sp', 'st', 'tt'],
  ['data', 'tt', 'tt', 'tt', 'pp', 'tt', 'tt'],
  ['block', 'tt', 'tt', 'tt', 'pp', 'tt', 'tt'],
  ['content', 'tt', 'tt', 'tt', 'pp', 'tt', 'tt'],
  ['quit', 'ss', 'ss', 'ss', 'ss', 'ss', 'ss'],
];

const LMTP_ENDS: typeof ENDS = [
  // LMTP has no HELO.
  ['ehlo', 'tt', 'tt', 'tt', 'tt', 'tt', 'tt'],
  ['mail', 'tt', 'tt', 'tt', 'pp', 'tt', 'tt'],
  ['rcpt', 'tt', 'tt', 'st', 'sp', 'st', 'tt'],
  ['data', 'tt', 'tt', 'tt', 'pp', 'tt', 'tt'],
  ['content', 'st', 'st', 'st', 'sp', 'st', 'st'],
];

async function strike(
  stage: SmtpStage,
  fault: string,
  options: SmtpServerOptions,
): Promise<{ ends: string; after: string | undefined; transcript: readonly string[] }> {
  let struck = false;
  const server = await startSmtpServer({
    ...options,
    replies: (now, moment) => {
      const perRecipient = stage === 'rcpt' || (stage === 'content' && options.lmtp === true);
      if (now !== stage || struck || (perRecipient && moment.address !== SECOND)) return undefined;
      struck = true;
      return fault;
    },
  });
  const courier = courierFor(server.port, {
    lmtp: options.lmtp === true,
    concurrency: 1,
    login: options.auth ? () => Promise.resolve(auth) : null,
    server: options.tls ? { tls: options.tls.mode, ca: certificates.authority } : {},
    ...(fault === 'hang' ? { deadlines: SHORT } : {}),
  });
  const { replies, transcript } = await courier.deliver(
    parcelOf('a: b\r\n\r\nbody\r\n', { recipients: [FIRST, SECOND] }),
  );
  const after = await sentNext(courier, fault === 'hang' ? TRIES_WHEN_SHORT : 1);
  await courier.close();
  await server.close();
  const ends = replies.map((reply) => reply.verdict.charAt(0)).join('');
  return { ends, after, transcript };
}

/** On a busy machine waits this short strike a healthy server too. */
const TRIES_WHEN_SHORT = 20;

async function sentNext(courier: Courier, tries: number): Promise<string | undefined> {
  const { replies } = await courier.deliver(parcelOf('c: d\r\n\r\nnext\r\n'));
  const verdict = replies[0]?.verdict;
  return verdict === 'temporary' && tries > 1 ? sentNext(courier, tries - 1) : verdict;
}

const table = (ends: typeof ENDS) =>
  ends.flatMap(([stage, ...row]) => FAULTS.map((fault, at) => [stage, fault, row[at]] as const));

describe.each([
  ['with PIPELINING', undefined],
  ['without PIPELINING', ['8BITMIME']],
])('SMTP %s', (_, extensions) => {
  it.each(table(ENDS))('at %s, %s: %s', async (stage, fault, expected) => {
    const { ends, after } = await strike(stage, fault, {
      ...(extensions ? { extensions } : {}),
      ...(stage === 'auth' ? { auth } : {}),
    });
    expect(ends).toBe(expected);
    // Whatever happened to one message, the next one goes.
    expect(after).toBe('sent');
  });
});

describe('LMTP', () => {
  it.each(table(LMTP_ENDS))('at %s, %s: %s', async (stage, fault, expected) => {
    const { ends, after } = await strike(stage, fault, { lmtp: true });
    expect([ends, after]).toEqual([expected, 'sent']);
  });
});

describe('STARTTLS', () => {
  it.each(FAULTS)('%s lets mail wait', async (fault) => {
    const tls = { mode: 'starttls', ...certificates.good } as const;
    const { ends, after } = await strike('starttls', fault, { tls });
    expect([ends, after]).toEqual(['tt', 'sent']);
  });
});

describe('the words', () => {
  it.each([
    ['connect', '554 5.7.1 never', 'the server refused the session: never'],
    ['mail', '550-5.1.8 no such\r\n550 5.1.8 domain', 'no such domain'],
    ['content', 'nonsense', 'unintelligible reply: nonsense'],
    ['mail', 'hang', 'no reply within 40 ms'],
    ['connect', 'hang', 'no greeting within 40 ms'],
    ['content', 'hang', 'no reply to the message within 40 ms'],
  ] as const)('at %s, %s: %s', async (stage, fault, text) => {
    const server = await startSmtpServer({
      replies: (now) => (now === stage ? fault : undefined),
    });
    const courier = courierFor(server.port, fault === 'hang' ? { deadlines: SHORT } : {});
    const { replies } = await courier.deliver(parcelOf('a: b\r\n'));
    expect(replies[0]).toMatchObject({ text, host: `127.0.0.1:${server.port}` });
    await courier.close();
    await server.close();
  });

  it('are in the transcript, from the greeting to the last reply', async () => {
    const { transcript } = await strike('content', '554 5.7.1 never', { extensions: [] });
    expect(transcript.slice(1)).toEqual([
      'S: 220 scripted.example ready',
      'C: EHLO connector.example',
      'S: 250 scripted.example',
      'C: MAIL FROM:<ann@nwtraders.example>',
      'S: 250 2.1.0 ok',
      `C: RCPT TO:<${FIRST}>`,
      'S: 250 2.1.5 ok',
      `C: RCPT TO:<${SECOND}>`,
      'S: 250 2.1.5 ok',
      'C: DATA',
      'S: 354 go ahead',
      'S: 554 5.7.1 never',
    ]);
  });
});

describe('a refusal of every recipient', () => {
  it.each([['PIPELINING'], ['8BITMIME']])('keeps each one’s own reply (%s)', async (extension) => {
    const own: Record<string, string> = {
      [FIRST]: '550 5.1.1 no such user',
      [SECOND]: '452 4.2.2 full',
    };
    const server = await startSmtpServer({
      extensions: [extension],
      replies: (stage, moment) => (stage === 'rcpt' ? own[moment.address] : undefined),
    });
    const courier = courierFor(server.port);
    const { replies } = await courier.deliver(
      parcelOf('a: b\r\n', { recipients: [FIRST, SECOND] }),
    );
    expect(replies).toMatchObject([
      { verdict: 'permanent', code: 550, enhancedCode: '5.1.1', text: 'no such user' },
      { verdict: 'temporary', code: 452, enhancedCode: '4.2.2', text: 'full' },
    ]);
    await courier.close();
    await server.close();
  });
});

describe('LMTP replies in one segment with the end of the connection', () => {
  it('all count', async () => {
    const recipients = Array.from({ length: 30 }, (_, at) => `u${at}@corp.example`);
    const all = recipients.map((_, at) => `250 2.1.5 u${at}`).join('\r\n');
    const server = await startSmtpServer({
      lmtp: true,
      replies: (stage, moment) => {
        if (stage !== 'content') return undefined;
        return moment.address === recipients[0] ? all : 'drop';
      },
    });
    const courier = courierFor(server.port, { lmtp: true });
    const { replies } = await courier.deliver(parcelOf('a: b\r\n', { recipients }));
    expect(replies.map(({ verdict, text }) => `${verdict} ${text}`)).toEqual(
      recipients.map((_, at) => `sent u${at}`),
    );
    await courier.close();
    await server.close();
  });
});

describe('a reply before the end of the message', () => {
  it.each([
    ['250 2.0.0 too early', 'temporary', 'the server replied before the end of the message'],
    ['552 5.3.4 too big', 'permanent', 'too big'],
  ])('%s: %s', async (reply, verdict, text) => {
    const server = await startSmtpServer({
      replies: (stage) => (stage === 'block' ? reply : undefined),
    });
    const courier = courierFor(server.port);
    // Gives its first half and then nothing until it is destroyed, which the courier has to do.
    const halves = [Buffer.from('a: b\r\n')];
    const content = new Readable({
      read() {
        const half = halves.shift();
        if (half) this.push(half);
      },
    });
    const { replies } = await courier.deliver(
      parcelOf('a: b\r\nnever sent\r\n', { content: () => content }),
    );
    expect(replies[0]?.verdict).toBe(verdict);
    expect(replies[0]?.text).toContain(text);
    expect(content.destroyed).toBe(true);
    expect(server.received).toEqual([]);
    await courier.close();
    await server.close();
  });
});

describe('an answer out of step', () => {
  const mail = () => parcelOf('a: b\r\n\r\nRSET\r\n', { recipients: [FIRST, SECOND] });

  async function answered(stage: SmtpStage, reply: string) {
    const server = await startSmtpServer({
      replies: (now, { session }) => (now === stage && session === 1 ? reply : undefined),
    });
    const courier = courierFor(server.port, { concurrency: 1 });
    const first = await courier.deliver(mail());
    const second = await courier.deliver(mail());
    await courier.close();
    await server.close();
    return { first, second, server };
  }

  it.each([
    // Taken for leave to send, the lines of the message would be commands to this server.
    ['data', '250 2.0.0 already yours', 'and 354 to DATA, got other answers', 0],
    ['data', '334 and now', 'and now', 0],
    ['data', '354 go ahead\r\n250 2.0.0 already yours', 'before the end of the message', 1],
    ['mail', '550-no\r\n250 yes', 'unintelligible reply: no yes', 0],
    ['rcpt', '2 or so', 'unintelligible reply: 2 or so', 0],
    ['content', '550-no\r\n250 yes', 'unintelligible reply: no yes', 0],
  ] as const)('at %s, %j: mail waits, the next one goes', async (stage, reply, text, reached) => {
    const { first, second, server } = await answered(stage, reply);
    expect(first.replies.map(({ verdict }) => verdict)).toEqual(['temporary', 'temporary']);
    expect(first.replies[0]?.text).toContain(text);
    expect(second.replies.map(({ verdict }) => verdict)).toEqual(['sent', 'sent']);
    expect(server.received.map(({ session }) => session)).toEqual([
      ...Array.from({ length: reached }, () => 1),
      2,
    ]);
    expect(server.commands).not.toContain('RSET');
  });

  it('at DATA, though everybody was refused: the connection is not used again', async () => {
    const server = await startSmtpServer({
      replies: (stage, { session }) => {
        if (session > 1) return undefined;
        if (stage === 'rcpt') return '550 5.1.1 no such user';
        return stage === 'data' ? '250 2.0.0 ready' : undefined;
      },
    });
    const courier = courierFor(server.port, { concurrency: 1 });
    const { replies } = await courier.deliver(mail());
    expect(replies.map(({ code }) => code)).toEqual([550, 550]);
    const next = await courier.deliver(mail());
    expect(next.replies.map(({ verdict }) => verdict)).toEqual(['sent', 'sent']);
    expect(server.sessions()).toBe(2);
    await courier.close();
    await server.close();
  });

  it('after the message: nobody takes it for his own', async () => {
    const { first, second, server } = await answered(
      'content',
      '250 2.0.0 accepted\r\n250 2.0.0 and again',
    );
    expect([first, second].flatMap(({ replies }) => replies.map((one) => one.verdict))).toEqual(
      Array.from({ length: 4 }, () => 'sent'),
    );
    expect(server.received.map(({ session }) => session)).toEqual([1, 2]);
  });
});

describe('a reply of megabytes', () => {
  const line = `250-${'x'.repeat(1000)}`;

  it.each([
    ['ehlo', `${`${line}\r\n`.repeat(2500)}250 PIPELINING`],
    ['content', `${`${line}\r\n`.repeat(2500)}250 2.0.0 accepted`],
    ['content', `250 2.0.0 ${'x'.repeat(2_500_000)}`],
  ] as const)('at %s is one reply', async (stage, reply) => {
    const server = await startSmtpServer({
      replies: (now) => (now === stage ? reply : undefined),
    });
    const courier = courierFor(server.port);
    const { replies } = await courier.deliver(parcelOf('a: b\r\n'));
    expect(replies[0]?.verdict).toBe('sent');
    expect(Buffer.byteLength(replies[0]?.text ?? '')).toBeLessThanOrEqual(200);
    await courier.close();
    await server.close();
  });
});

describe('a server that takes the message slowly', () => {
  it('has no deadline as long as it goes on, and one when it stops', async () => {
    const stuck = new Readable({ read: () => undefined });
    const server = await startSmtpServer();
    const courier = courierFor(server.port, { deadlines: { commandMs: 40 } });
    const { replies } = await courier.deliver(parcelOf('a: b\r\n', { content: () => stuck }));
    expect(replies[0]).toMatchObject({
      verdict: 'temporary',
      text: 'no progress in sending the message within 40 ms',
    });
    expect(stuck.destroyed).toBe(true);
    await courier.close();
    await server.close();
  });
});
