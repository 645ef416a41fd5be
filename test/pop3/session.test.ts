import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';

import { Failure } from '../../shared/failure.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import {
  collectingSink,
  messageNumber,
  openMaildrop,
  PASSWORD,
  rejection,
  retrieved,
  USER,
} from '../support/open-maildrop.ts';
import type { Pop3Faults } from '../support/pop3-faults.ts';
import { Pop3RuleBook } from '../support/pop3-rule.ts';
import { scriptOf } from '../support/pop3-script.ts';
import type { SampleMail, ScriptedPop3Server } from '../support/scripted-pop3-server.ts';
import { startPop3Server, USUAL_CAPABILITIES } from '../support/scripted-pop3-server.ts';

const servers: ScriptedPop3Server[] = [];

async function serve(
  mails: readonly SampleMail[],
  faults: Pop3Faults = {},
  capabilities: readonly string[] = USUAL_CAPABILITIES,
): Promise<ScriptedPop3Server> {
  const server = await startPop3Server({
    users: { [USER]: { password: PASSWORD, mails } },
    faults,
    capabilities,
  });
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function mail(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

const LETTER = mail('From: a@b.example\r\n\r\n.dot\r\n..\r\n\xe9\0\r\nbare\rcr\nlf\r\n');
const NOTE = mail('Subject: x\r\n\r\nshort\r\n');
const WITHOUT_PIPELINING = USUAL_CAPABILITIES.filter((each) => each !== 'PIPELINING');
const NO_PROBE = { mayProbe: false, broke: () => undefined };

describe('a session', () => {
  it('lists, retrieves, deletes, and quits', async () => {
    const server = await serve([LETTER, { content: NOTE, uidl: 'an id with blanks \xe9' }]);
    const maildrop = await openMaildrop(server.port);
    const listing = await maildrop.listing();
    expect(listing).toEqual({
      mails: [
        { number: 1, size: LETTER.length, uidl: 'uid-1' },
        { number: 2, size: NOTE.length, uidl: 'an id with blanks \xe9' },
      ],
      hasUidl: true,
      unreadable: 0,
    });
    const [first, second] = listing.mails;
    if (first === undefined || second === undefined) throw new Error('two mails expected');
    expect(await retrieved(maildrop, first)).toEqual(LETTER);
    expect(await retrieved(maildrop, second)).toEqual(NOTE);
    await maildrop.delete(first.number);
    expect(server.deletedBy(USER)).toEqual([]);
    await maildrop.quit();
    expect(server.deletedBy(USER)).toEqual([LETTER]);
    expect(server.mails(USER)).toEqual([NOTE]);
  });

  it('gives any message back as it is', async () => {
    const parts = fc.constantFrom(
      '\r\n',
      '.',
      '\r',
      '\n',
      '\0',
      '\xff',
      'text',
      '\r\n.\r\n',
      'x'.repeat(70_000),
    );
    const messages = fc.sample(fc.array(parts, { minLength: 1, maxLength: 12 }), 60);
    const mails = messages.map((message) => mail(`${message.join('')}\r\n`));
    const server = await serve(mails);
    const maildrop = await openMaildrop(server.port);
    const { mails: listed } = await maildrop.listing();
    const all = await Promise.all(listed.map((each) => retrieved(maildrop, each)));
    // Compared as buffers: a deep comparison of megabytes takes seconds.
    expect(all.map((octets, index) => mails[index]?.equals(octets))).toEqual(mails.map(() => true));
  });

  it('reads answers that come octet by octet', async () => {
    const server = await serve([LETTER, NOTE], { octetByOctet: true });
    const maildrop = await openMaildrop(server.port);
    const { mails, unreadable } = await maildrop.listing();
    expect(unreadable).toBe(0);
    const all = await Promise.all(mails.map((each) => retrieved(maildrop, each)));
    expect(all).toEqual([LETTER, NOTE]);
    await maildrop.quit();
  });

  it('sends what is called together at once where PIPELINING is offered', async () => {
    const server = await serve([LETTER, NOTE], { silentOn: 'RETR' });
    const maildrop = await openMaildrop(server.port, { stallMs: 100 });
    const both = [1, 2].map((each) => maildrop.retrieve(messageNumber(each), collectingSink()));
    await Promise.allSettled(both);
    expect(server.commands).toContain('RETR 2');
  });

  it('sends one after the other where it is not', async () => {
    const server = await serve([LETTER, NOTE], { silentOn: 'RETR' }, WITHOUT_PIPELINING);
    const maildrop = await openMaildrop(server.port, { stallMs: 100, pipelining: NO_PROBE });
    const both = [1, 2].map((each) => maildrop.retrieve(messageNumber(each), collectingSink()));
    const results = await Promise.allSettled(both);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(server.commands).toContain('RETR 1');
    expect(server.commands).not.toContain('RETR 2');
  });

  it('keeps the order of calls without PIPELINING', async () => {
    const server = await serve([LETTER, NOTE], {}, WITHOUT_PIPELINING);
    const maildrop = await openMaildrop(server.port, { pipelining: NO_PROBE });
    const [one, two] = [collectingSink(), collectingSink()];
    await Promise.all([
      maildrop.retrieve(messageNumber(1), one),
      maildrop.retrieve(messageNumber(2), two),
      maildrop.delete(messageNumber(1)),
      maildrop.quit(),
    ]);
    expect([one.octets, two.octets]).toEqual([LETTER, NOTE]);
    expect(server.commands.slice(-4)).toEqual(['RETR 1', 'RETR 2', 'DELE 1', 'QUIT']);
    expect(server.deletedBy(USER)).toEqual([LETTER]);
  });

  it('works with a server that has no CAPA', async () => {
    const server = await serve([NOTE], { refuseCapa: true });
    const maildrop = await openMaildrop(server.port);
    expect((await maildrop.listing()).mails).toHaveLength(1);
    expect(server.logins).toEqual([
      { user: USER, mechanism: 'USER', secure: false, accepted: true },
    ]);
  });

  it('reads status lines that end in a bare line feed', async () => {
    const server = await serve([NOTE], { bareLineFeeds: true });
    const maildrop = await openMaildrop(server.port);
    await maildrop.delete(messageNumber(1));
    await maildrop.quit();
    expect(server.deletedBy(USER)).toEqual([NOTE]);
  });

  it('waits for the sink before it hands over more', async () => {
    const big = mail('.line\r\n'.repeat(200_000));
    const server = await serve([big, NOTE]);
    const maildrop = await openMaildrop(server.port);
    const chunks: Buffer[] = [];
    let writing = false;
    let overlaps = 0;
    const slow = {
      write: async (chunk: Buffer): Promise<void> => {
        if (writing) overlaps += 1;
        writing = true;
        chunks.push(Buffer.from(chunk));
        // A few are slow in earnest, so that the server's octets pile up.
        if (chunks.length % 20_000 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        writing = false;
      },
    };
    const after = collectingSink();
    await Promise.all([
      maildrop.retrieve(messageNumber(1), slow),
      maildrop.retrieve(messageNumber(2), after),
    ]);
    expect(overlaps).toBe(0);
    expect(Buffer.concat(chunks).equals(big)).toBe(true);
    expect(after.octets).toEqual(NOTE);
  });

  it('resolves a message only after its last octets were taken', async () => {
    const server = await serve([NOTE]);
    const maildrop = await openMaildrop(server.port);
    const events: string[] = [];
    await maildrop.retrieve(messageNumber(1), {
      write: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        events.push('taken');
      },
    });
    events.push('resolved');
    expect(events.at(-1)).toBe('resolved');
    expect(events).toContain('taken');
  });

  it('refuses one message and goes on', async () => {
    const server = await serve([LETTER, NOTE, NOTE], { refuseRetr: [1], emptyRetr: [2] });
    const maildrop = await openMaildrop(server.port);
    const third = collectingSink();
    const results = await Promise.allSettled([
      maildrop.retrieve(messageNumber(1), collectingSink()),
      maildrop.retrieve(messageNumber(2), collectingSink()),
      maildrop.delete(messageNumber(9)),
      maildrop.retrieve(messageNumber(3), third),
    ]);
    const reasons = results.map((each) =>
      each.status === 'rejected' ? (each.reason as unknown) : null,
    );
    expect(reasons.slice(0, 3).every((reason) => reason instanceof MailRefused)).toBe(true);
    expect(String(reasons[0])).toContain('[SYS/TEMP] message cannot be read');
    expect(String(reasons[1])).toContain('empty answer');
    expect(third.octets).toEqual(NOTE);
    await maildrop.quit();
  });

  it('takes an empty line alone for a message', async () => {
    const server = await serve([mail('\r\n')]);
    const maildrop = await openMaildrop(server.port);
    const sink = collectingSink();
    await maildrop.retrieve(messageNumber(1), sink);
    expect(sink.octets.toString()).toBe('\r\n');
  });

  it('reads the header block by TOP, and is refused where there is none', async () => {
    const server = await serve([LETTER]);
    const maildrop = await openMaildrop(server.port);
    const sink = collectingSink();
    await maildrop.top(messageNumber(1), sink);
    expect(sink.octets.toString()).toBe('From: a@b.example\r\n\r\n');
    server.setFaults({ noTop: true });
    const refused = await rejection(maildrop.top(messageNumber(1), collectingSink()));
    expect(refused).toBeInstanceOf(MailRefused);
  });

  it('says that a server has no UIDL', async () => {
    const server = await serve([NOTE], { noUidl: true });
    const listing = await (await openMaildrop(server.port)).listing();
    expect(listing).toEqual({
      mails: [{ number: 1, size: NOTE.length, uidl: null }],
      hasUidl: false,
      unreadable: 0,
    });
  });

  it.each([
    ['close-before-deletion', 'connect', []],
    ['close-after-deletion', 'connect', [NOTE]],
    ['refuse', 'protocol', []],
  ] as const)('does not resolve QUIT without +OK: %s', async (quit, kind, deleted) => {
    const server = await serve([NOTE], { quit });
    const maildrop = await openMaildrop(server.port);
    await maildrop.delete(messageNumber(1));
    const error = await rejection(maildrop.quit());
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({ kind, permanence: 'temporary' });
    expect(server.deletedBy(USER)).toEqual(deleted);
  });

  it('deletes nothing when it is abandoned', async () => {
    const server = await serve([NOTE]);
    const maildrop = await openMaildrop(server.port);
    await maildrop.delete(messageNumber(1));
    maildrop.abandon();
    maildrop.abandon();
    const error = await rejection(maildrop.retrieve(messageNumber(1), collectingSink()));
    expect(error).toMatchObject({ kind: 'connect' });
    expect(server.mails(USER)).toEqual([NOTE]);
  });

  it('answers no call after QUIT', async () => {
    const server = await serve([NOTE]);
    const maildrop = await openMaildrop(server.port);
    await maildrop.quit();
    expect(await rejection(maildrop.listing())).toMatchObject({ kind: 'protocol' });
  });

  it.each(['close-before-deletion', 'refuse'] as const)(
    'takes its leave of a server that has nothing to delete, whatever that answers: %s',
    async (quit) => {
      const server = await serve([NOTE], { quit });
      const maildrop = await openMaildrop(server.port);
      await maildrop.listing();
      await maildrop.quit();
      expect(server.commands.at(-1)).toBe('QUIT');
    },
  );

  it('asks a server that offers UIDL and refuses it once more', async () => {
    const rules = new Pop3RuleBook([{ on: 'UIDL', times: 1, instead: '-ERR not now\r\n' }]);
    const server = await serve([NOTE]);
    server.setScript({ ...scriptOf({}), rules });
    const { hasUidl, mails } = await (await openMaildrop(server.port)).listing();
    expect(hasUidl).toBe(true);
    expect(mails).toEqual([{ number: 1, size: NOTE.length, uidl: 'uid-1' }]);
  });

  it('asks for UTF8 before the login where it is offered', async () => {
    const server = await serve([NOTE], {}, [...USUAL_CAPABILITIES, 'UTF8 USER']);
    await (await openMaildrop(server.port)).quit();
    expect(server.commands.slice(0, 3)).toEqual(['CAPA', 'UTF8', 'AUTH PLAIN']);
  });

  it('passes over empty lines between answers', async () => {
    const rules = new Pop3RuleBook([{ on: 'RETR 1', after: '\r\n\r\n' }]);
    const server = await serve([LETTER, NOTE]);
    server.setScript({ ...scriptOf({}), rules });
    const maildrop = await openMaildrop(server.port);
    const [one, two] = [collectingSink(), collectingSink()];
    await maildrop.retrieve(messageNumber(1), one);
    await maildrop.retrieve(messageNumber(2), two);
    expect([one.octets, two.octets]).toEqual([LETTER, NOTE]);
    await maildrop.confirm();
  });

  it('reads the mail of a server that ends no line with CR', async () => {
    const unixLetter = mail('From: a@b.example\n\n.dot\n..\n\xe9\0\nlast\n');
    const asStored = [unixLetter, mail('Subject: x\n\nshort\n')];
    const server = await serve(asStored.map(crlf));
    server.setScript({ ...scriptOf({}), lineEnds: 'bare' });
    const maildrop = await openMaildrop(server.port);
    expect(maildrop.pipelining).toBe('none');
    const { mails } = await maildrop.listing();
    const all = await Promise.all(mails.map((each) => retrieved(maildrop, each)));
    expect(all).toEqual(asStored);
    await maildrop.confirm();
  });
});

function crlf(message: Buffer): Buffer {
  return mail(message.toString('latin1').replaceAll('\n', '\r\n'));
}
