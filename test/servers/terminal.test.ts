import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { startDovecot } from '../support/dovecot.ts';
import { install, type Installation } from '../support/mailferry-run.ts';
import { makeScratchFolder, type ScratchFolder } from '../support/scratch-folder.ts';
import { startSmtpSink } from '../support/smtp-sink.ts';
import { startOnTerminal } from '../support/terminal-session.ts';

const HUSH = 'hush-7c1f9b';
const ENTER = '\r';
const DOWN = '\u001b[B';
const CTRL_C = '\u0003';

const DELIVERY = { smtp: { host: 'mail.corp.example', tls: 'starttls' } };

/** Questions and progress as people see them; here since a terminal is made by Python. */
describe('the command on a terminal', () => {
  let scratch: ScratchFolder;

  beforeEach(() => {
    scratch = makeScratchFolder('terminal');
  });

  afterEach(() => {
    scratch.remove();
  });

  function installed(mailboxes: unknown, delivery: unknown = DELIVERY): Installation {
    const settings = { domains: ['corp.example'], undeliverable: 'admin@corp.example', delivery };
    return install(scratch.path, { ...settings, mailboxes }, { chris: HUSH });
  }

  const CHRIS = {
    ...{ type: 'user', host: 'pop.provider.example', username: 'chris' },
    ...{ password: { secret: 'chris' }, deliverTo: ['chris@corp.example'] },
  };

  it('mailbox add asks for what is not given; the password is not shown', async () => {
    const { common, configFile } = installed({ chris: CHRIS });
    const session = startOnTerminal(['mailbox', 'add', 'everyone', ...common]);
    await session.sees('What kind of mailbox is it?');
    session.types(DOWN + ENTER);
    await session.sees('Host of the POP3 server');
    session.types(`pop.other.example${ENTER}`);
    await session.sees('How is the connection protected?');
    session.types(ENTER);
    await session.sees('User name');
    session.types(`catchall@corp.example${ENTER}`);
    await session.sees('Where recipients are found');
    session.types(ENTER);
    await session.sees("Addresses that are nobody's");
    session.types(ENTER);
    await session.sees('password of mailbox everyone');
    session.types(`typed-${HUSH}${ENTER}`);
    await session.sees('mailbox everyone: added');
    expect(await session.ended).toBe(0);
    expect(session.shown()).not.toContain(HUSH);
    expect(parse(readFileSync(configFile, 'utf8'))).toMatchObject({
      mailboxes: {
        everyone: {
          ...{ type: 'global', host: 'pop.other.example', username: 'catchall@corp.example' },
          ...{ recipientSource: ['to'], ignore: ['catchall@corp.example'] },
          password: { secret: 'everyone' },
        },
      },
    });
    expect(parse(readFileSync(join(scratch.path, 'secrets.yaml'), 'utf8'))).toMatchObject({
      everyone: `typed-${HUSH}`,
    });
  });

  it('Ctrl-C at a question ends it, and changes nothing', async () => {
    const { common, configFile } = installed({ chris: CHRIS });
    const before = readFileSync(configFile, 'utf8');
    const session = startOnTerminal(['mailbox', 'remove', 'chris', ...common]);
    await session.sees('(y/N)');
    session.types(CTRL_C);
    expect(await session.ended).toBe(2);
    expect(readFileSync(configFile, 'utf8')).toBe(before);
  });

  it('a run shows a bar with rate and time left, and keeps the lines of the log apart', async () => {
    const line = `${'x'.repeat(76)}\n`;
    const mails = [1, 2, 3].map((index) =>
      Buffer.concat([Buffer.from(`Subject: ${index}\n\n`), Buffer.alloc(20_000_000, line)]),
    );
    const dovecot = await startDovecot({
      users: { chris: { password: HUSH, mails } },
      tls: false,
    });
    const sink = await startSmtpSink();
    const { common } = installed(
      { chris: { ...CHRIS, host: '127.0.0.1', port: dovecot.port, tls: 'none' } },
      { smtp: { host: '127.0.0.1', port: sink.port, tls: 'none' } },
    );
    try {
      const session = startOnTerminal(['run', '--once', ...common]);
      await session.sees('of 3 messages');
      expect(await session.ended).toBe(0);
      const shown = stripVTControlCharacters(session.shown());
      expect(shown).toMatch(
        /chris [#.]{24} \d+% \| \d of 3 messages, .* of \d+(\.\d)? MB \| .* \| .*left/,
      );
      // Back to the first column, or clearing the line: what comes then stands by itself.
      const lines = session.shown().split(/\r|\n|\u001b\[\d*[GKJ]/);
      const logged = lines.filter((text) => text.includes('"msg"'));
      expect(logged.length).toBeGreaterThan(3);
      for (const text of logged) expect(() => JSON.parse(text) as unknown).not.toThrow();
      expect(shown).toMatch(/chris.*ok.*3/);
    } finally {
      await sink.stop();
      await dovecot.stop();
    }
  });
});
