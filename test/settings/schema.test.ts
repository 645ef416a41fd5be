import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../shared/settings/schema.ts';
import { changed, errorsOf, warningsOf, BLOCK } from './expected.ts';
import type { Case } from './expected.ts';
import { sampleDocument } from './sample-document.ts';

describe('what a global mailbox needs from the general settings', () => {
  it('is an undeliverable address, there or of its own', () => {
    const without = changed((document) => (document['undeliverable'] = null));
    const line =
      'mailboxes.everyone.undeliverable: expected an address here or in the general "undeliverable", since the mailbox is global, got nothing';
    const parsed = parseSettings(without, {});
    expect(errorsOf(parsed)).toEqual([line]);
    expect(parsed.general?.undeliverable).toBeNull();
    expect([...parsed.broken.keys()]).toEqual(['everyone']);
    without.mailboxes.everyone['undeliverable'] = 'office@corp.example';
    expect(parseSettings(without, {}).mailboxes?.get('everyone')).toMatchObject({
      undeliverable: 'office@corp.example',
    });
  });

  it('is a domain', () => {
    const parsed = parseSettings(
      changed((document) => (document['domains'] = [])),
      {},
    );
    expect(errorsOf(parsed)).toEqual([
      'domains: expected at least one accepted domain, since mailbox everyone is global, got none',
    ]);
    expect([...(parsed.mailboxes?.keys() ?? [])]).toEqual(['chris']);
  });

  it('is taken from the last good ones while the present ones are wrong', () => {
    const lastGood = parseSettings(sampleDocument(), {}).general;
    const document = changed((wrong) =>
      Object.assign(wrong, { undeliverable: null, logLevel: 'x' }),
    );
    expect(parseSettings(document, { lastGood }).mailboxes?.get('everyone')).toMatchObject({
      undeliverable: 'admin@corp.example',
    });
  });
});

describe('the whole document', () => {
  it('says everything at once, general and of each mailbox', () => {
    const document = changed((wrong) => {
      wrong['domains'] = ['@corp.example'];
      wrong['aliases'] = { info: ['x'], 'b@corp.example': ['y'] };
      Object.assign(wrong.delivery, { concurrency: -1, ses: { form: 'x' } });
      Object.assign(wrong.delivery.smtp, { port: 'smtp', username: 'u' });
      Object.assign(wrong.mailboxes.chris, { prot: 1, keep: '7 days', schedule: 5 });
      Object.assign(wrong.mailboxes.everyone, {
        tls: 'none',
        recipientSource: ['resnt'],
        rules: 5,
      });
    });
    expect(parseSettings(document, {}).problems.map(({ path }) => path)).toEqual([
      'domains[0]',
      'delivery.ses.from',
      'delivery.ses.form',
      'delivery.concurrency',
      'delivery.smtp.port',
      'delivery.smtp.password',
      'aliases.info[0]',
      'aliases.b@corp.example[0]',
      'aliases.info',
      'mailboxes.chris.prot',
      'mailboxes.chris.schedule',
      'mailboxes.chris.keep',
      'mailboxes.everyone.recipientSource[0]',
      'mailboxes.everyone.rules',
      'mailboxes.everyone.tls',
    ]);
  });

  it.each([
    [null, 'nothing'],
    [[1], 'a list'],
    ['text', '"text"'],
  ])('has to be a block: %j', (document, got) => {
    const parsed = parseSettings(document, {});
    expect(errorsOf(parsed)).toEqual([`configuration: expected ${BLOCK}, got ${got}`]);
    expect(parsed).toMatchObject({ general: null, mailboxes: null });
  });

  it('does not know its mailboxes when these are no block', () => {
    const parsed = parseSettings({ ...sampleDocument(), mailboxes: ['chris'] }, {});
    expect(errorsOf(parsed)).toEqual([`mailboxes: expected ${BLOCK}, got a list`]);
    expect(parsed.mailboxes).toBeNull();
  });

  it('never repeats a secret', () => {
    const secret = 'hunter2';
    const values = [
      secret,
      `${secret}\r\n`,
      [secret],
      { [secret]: null },
      { secret: `${secret} ` },
      { secret, x: secret },
    ];
    for (const value of values) {
      const document = changed(({ delivery, mailboxes }) => {
        Object.assign(delivery.smtp, { username: 'u', password: value });
        Object.assign(mailboxes.chris, { password: value, pasword: value });
        mailboxes.everyone['oauth'] = { clientSecret: value, refreshToken: value };
      });
      expect(JSON.stringify(parseSettings(document, {}).problems)).not.toContain(secret);
    }
  });
});

describe('warnings', () => {
  const cases: Readonly<Record<string, Case>> = {
    'plain smtp password': [
      (d) => Object.assign(d.delivery.smtp, { username: 'u', password: 'hunter2' }),
      'delivery.smtp.password: expected { secret: name }, got a plain password in the configuration',
    ],
    'plain mailbox password': [
      (d) => (d.mailboxes.chris['password'] = 'hunter2'),
      'mailboxes.chris.password: expected { secret: name }, got a plain password in the configuration',
    ],
    'one account twice': [
      (d) => (d.mailboxes.everyone['username'] = 'chris'),
      'mailboxes.everyone.username: expected an account of its own, since mailbox chris has this one at the same host, got "chris"',
    ],
    'ses unused': [
      (d) => (d.delivery['ses'] = { from: 'c@corp.example' }),
      'delivery.ses: expected no such block, got a block that is not used',
    ],
    'lmtp without port': [
      (d) => (d.delivery['transport'] = 'lmtp'),
      'delivery.smtp.port: expected the port of the LMTP server, often 24, got nothing: the port of SMTP is used',
    ],
    'fingerprint without TLS': [
      (d) =>
        Object.assign(d.delivery.smtp, {
          host: 'localhost',
          tls: 'none',
          fingerprint: 'ab'.repeat(32),
        }),
      'delivery.smtp.fingerprint: expected nothing with "tls: none", got a value that is not used',
    ],
    'alias elsewhere': [
      (d) => (d['aliases'] = { 'a@else.example': ['a@corp.example'] }),
      'aliases: expected addresses in the accepted domains, got "a@else.example"',
    ],
    'recipient elsewhere': [
      (d) => (d['recipients'] = ['a@sub.corp.example']),
      'recipients: expected addresses in the accepted domains, got "a@sub.corp.example"',
    ],
  };

  it.each(Object.entries(cases))('%s: reported, and nothing more', (_name, [change, line]) => {
    const parsed = parseSettings(changed(change), {});
    expect(warningsOf(parsed)).toEqual([line]);
    expect(errorsOf(parsed)).toEqual([]);
    expect(parsed.general).not.toBeNull();
    expect(parsed.mailboxes?.size).toBe(2);
  });
});
