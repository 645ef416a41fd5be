import { existsSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startDovecot, type Dovecot } from '../support/dovecot.ts';
import { openDialogue, openTlsDialogue, type LineDialogue } from '../support/line-dialogue.ts';
import { asSentByDovecot } from '../support/line-ends.ts';
import { livingProcesses } from '../support/process-group.ts';

const END_OF_ANSWER = '\r\n.\r\n';

/** Octets that servers and clients get wrong: dots, NUL, 8-bit, bare CR, a last line without an end, nothing. */
const mails = [
  Buffer.from('Subject: dots\n\n.\n..\n.leading\nlast line without an end'),
  Buffer.from('Subject: CRLF\r\n\r\nstored with CRLF\r\n'),
  Buffer.concat([
    Buffer.from('Subject: octets\n\nNUL \0, 8-bit '),
    Buffer.from([0xe9, 0x80, 0xff, 0x0a]),
  ]),
  Buffer.from('Subject: bare CR\n\none\rtwo\n'),
  Buffer.alloc(0),
];

async function login(dialogue: LineDialogue): Promise<void> {
  dialogue.send('USER alice');
  await dialogue.line();
  dialogue.send('PASS secret');
  expect(await dialogue.line()).toBe('+OK Logged in.');
}

async function retrieve(dialogue: LineDialogue, number: number): Promise<Buffer> {
  dialogue.send(`RETR ${number}`);
  expect(await dialogue.line()).toMatch(/^\+OK /);
  // The empty message is sent as one empty line: its line end and that of the terminator are two.
  const answer = await dialogue.until(END_OF_ANSWER);
  return unstuffed(answer.subarray(0, answer.length - 3));
}

function unstuffed(answer: Buffer): Buffer {
  return Buffer.from(answer.toString('latin1').replace(/(^|\r\n)\.\./g, '$1.'), 'latin1');
}

describe('Dovecot for tests', () => {
  let dovecot: Dovecot;

  beforeAll(async () => {
    dovecot = await startDovecot({
      users: { alice: { password: 'secret', mails }, bob: { password: 'other', mails: [] } },
    });
  });

  afterAll(() => dovecot.stop());

  it('sends each message with the octets that asSentByDovecot foretells', async () => {
    const dialogue = await openDialogue(dovecot.port);
    expect(await dialogue.line()).toMatch(/^\+OK /);
    await login(dialogue);
    for (const [index, mail] of mails.entries()) {
      expect(await retrieve(dialogue, index + 1)).toEqual(asSentByDovecot(mail));
    }
    dialogue.close();
  });

  it('serves implicit TLS with a certificate of its own authority', async () => {
    const dialogue = await openTlsDialogue(dovecot.tlsPort, dovecot.caPem);
    expect(await dialogue.line()).toMatch(/^\+OK /);
    await login(dialogue);
    dialogue.close();
  });

  it('goes over to TLS with STLS', async () => {
    const clear = await openDialogue(dovecot.port);
    await clear.line();
    clear.send('STLS');
    expect(await clear.line()).toMatch(/^\+OK /);
    const secure = await clear.startTls(dovecot.caPem);
    await login(secure);
    secure.close();
  });

  it('deletes at QUIT, and takes further mail while it runs', async () => {
    expect(dovecot.remaining('bob')).toEqual([]);
    const [first, second] = [
      Buffer.from('Subject: 1\n\none\n'),
      Buffer.from('Subject: 2\n\ntwo\n'),
    ];
    dovecot.addMail('bob', first);
    dovecot.addMail('bob', second);
    expect(dovecot.remaining('bob')).toEqual([first, second]);

    const dialogue = await openDialogue(dovecot.port);
    await dialogue.line();
    dialogue.send('USER bob');
    await dialogue.line();
    dialogue.send('PASS other');
    await dialogue.line();
    dialogue.send('DELE 1');
    expect(await dialogue.line()).toMatch(/^\+OK /);
    expect(dovecot.remaining('bob')).toHaveLength(2);
    dialogue.send('QUIT');
    expect(await dialogue.line()).toMatch(/^\+OK /);
    expect(dovecot.remaining('bob')).toEqual([second]);
    dialogue.close();
  });

  it('answers a wrong password with [AUTH]', async () => {
    const dialogue = await openDialogue(dovecot.port);
    await dialogue.line();
    dialogue.send('USER alice');
    await dialogue.line();
    dialogue.send('PASS wrong');
    expect(await dialogue.line()).toMatch(/^-ERR \[AUTH\]/);
    dialogue.close();
  });
});

describe('a Dovecot that is stopped', () => {
  it('has run beside another one, and leaves no process and no folder', async () => {
    const two = await Promise.all([
      startDovecot({ users: { a: { password: 'x', mails: [] } }, tls: false }),
      startDovecot({ users: { a: { password: 'x', mails: [] } }, tls: false }),
    ]);
    expect(two[0].port).not.toBe(two[1].port);
    await Promise.all(two.map((dovecot) => dovecot.stop()));
    for (const { pid, folder } of two) {
      expect(livingProcesses(pid)).toEqual([]);
      expect(existsSync(folder)).toBe(false);
    }
  });
});
