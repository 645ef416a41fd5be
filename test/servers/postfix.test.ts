import { existsSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { asStoredOnUnix } from '../support/line-ends.ts';
import { openDialogue, type LineDialogue } from '../support/line-dialogue.ts';
import { startPostfix, type Postfix } from '../support/postfix.ts';
import { livingProcesses } from '../support/process-group.ts';
import { startSmtpSink } from '../support/smtp-sink.ts';

/** The last line of a reply; the lines before it carry a hyphen after the code (RFC 5321 section 4.2.1). */
async function reply(dialogue: LineDialogue): Promise<string> {
  let line = await dialogue.line();
  while (line[3] === '-') line = await dialogue.line();
  return line;
}

async function ask(dialogue: LineDialogue, command: string): Promise<string> {
  dialogue.send(command);
  return reply(dialogue);
}

async function greet(port: number): Promise<LineDialogue> {
  const dialogue = await openDialogue(port);
  expect(await reply(dialogue)).toMatch(/^220 /);
  expect(await ask(dialogue, 'EHLO client.test')).toMatch(/^250 /);
  return dialogue;
}

async function submit(
  dialogue: LineDialogue,
  recipients: string[],
  content: Buffer,
): Promise<string> {
  expect(await ask(dialogue, 'MAIL FROM:<ann@nwtraders.example>')).toMatch(/^250 /);
  for (const recipient of recipients) {
    expect(await ask(dialogue, `RCPT TO:<${recipient}>`)).toMatch(/^250 /);
  }
  expect(await ask(dialogue, 'DATA')).toMatch(/^354 /);
  dialogue.sendOctets(content);
  return reply(dialogue);
}

describe('Postfix for tests', () => {
  let postfix: Postfix;

  beforeAll(async () => {
    postfix = await startPostfix({
      domains: ['corp.example'],
      refuse: ['gone@corp.example'],
      defer: ['busy@corp.example'],
      tls: true,
    });
  });

  afterAll(() => postfix.stop());

  it('stores what it took, octet for octet, once a recipient', async () => {
    const message = Buffer.concat([
      Buffer.from(
        'Bcc: kept@corp.example\r\nReturn-Path: <kept@corp.example>\r\nSubject:\tx  y\r\n',
      ),
      Buffer.from(`X-Long: ${'h'.repeat(200_000)}\r\n\r\nNUL \0, 8-bit `),
      Buffer.from([0xe9, 0x80, 0xff]),
      Buffer.from(`\r\n${'b'.repeat(1_000_000)}\r\n`),
    ]);
    const dialogue = await greet(postfix.port);
    const content = Buffer.concat([message, Buffer.from('..\r\n.\r\n')]);
    expect(await submit(dialogue, ['chris@corp.example', 'kelly@corp.example'], content)).toMatch(
      /^250 /,
    );
    dialogue.close();

    const delivered = await postfix.delivered();
    const expected = asStoredOnUnix(Buffer.concat([message, Buffer.from('.\r\n')]));
    expect(delivered.map(({ recipient }) => recipient).sort()).toEqual([
      'chris@corp.example',
      'kelly@corp.example',
    ]);
    for (const { sender, data } of delivered) {
      expect(sender).toBe('ann@nwtraders.example');
      expect(data.equals(expected)).toBe(true);
    }
  });

  it('refuses and defers the recipients it was told to, and relays nothing', async () => {
    const dialogue = await greet(postfix.port);
    expect(await ask(dialogue, 'MAIL FROM:<>')).toMatch(/^250 /);
    expect(await ask(dialogue, 'RCPT TO:<gone@corp.example>')).toMatch(/^550 5\.1\.1 /);
    expect(await ask(dialogue, 'RCPT TO:<busy@corp.example>')).toMatch(/^450 4\.2\.0 /);
    expect(await ask(dialogue, 'RCPT TO:<x@elsewhere.example>')).toMatch(
      /^454 4\.7\.1 |^554 5\.7\.1 /,
    );
    dialogue.close();
  });

  it('refuses a bare LF, so that smuggled mail is seen', async () => {
    const before = (await postfix.delivered()).length;
    const dialogue = await greet(postfix.port);
    const smuggled = Buffer.from('Subject: one\r\n\r\none\n.\nMAIL FROM:<>\r\n.\r\n');
    expect(await submit(dialogue, ['chris@corp.example'], smuggled)).toMatch(/^5/);
    dialogue.close();
    expect(await postfix.delivered()).toHaveLength(before);
  });

  it('offers STARTTLS with a certificate of its own authority', async () => {
    const clear = await greet(postfix.port);
    expect(await ask(clear, 'STARTTLS')).toMatch(/^220 /);
    const secure = await clear.startTls(postfix.caPem);
    expect(await ask(secure, 'EHLO client.test')).toMatch(/^250 /);
    secure.close();
  });
});

describe('a Postfix that is stopped', () => {
  it('leaves no process and no folder', async () => {
    const postfix = await startPostfix({ domains: ['corp.example'] });
    await postfix.stop();
    expect(livingProcesses(postfix.pid)).toEqual([]);
    expect(existsSync(postfix.folder)).toBe(false);
  });
});

describe('smtp-sink', () => {
  it('counts the messages it took', async () => {
    const sink = await startSmtpSink();
    try {
      const dialogue = await greet(sink.port);
      for (const round of [1, 2]) {
        const content = Buffer.from(`Subject: ${round}\r\n\r\n${round}\r\n.\r\n`);
        expect(await submit(dialogue, ['anybody@sink.test'], content)).toMatch(/^250 /);
      }
      dialogue.close();
      await expect.poll(() => sink.count()).toBe(2);
    } finally {
      await sink.stop();
    }
  });
});
