import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { connectionDigest, credentialsDigest } from '../../shared/settings/connection-digest.ts';
import type { Mailbox } from '../../shared/settings/settings.ts';
import { sampleSettings } from '../support/sample-settings.ts';

const KEY = Buffer.alloc(32, 1);

function chris(): Mailbox {
  const mailbox = sampleSettings({ pop3: 110, smtp: 25 }).mailboxes.get('chris');
  if (mailbox === undefined) throw new Error('expected the mailbox chris');
  return mailbox;
}

describe('the digest of a connection', () => {
  it.each<[string, Partial<Mailbox>, boolean]>([
    ['another host', { host: 'pop.other.example' }, true],
    ['another port', { port: 995 }, true],
    ['other TLS', { tls: 'starttls' }, true],
    ['another user', { username: 'other' }, true],
    ['another mechanism', { auth: 'user' }, true],
    ['another name of the secret', { password: { kind: 'named', name: 'other' } }, true],
    ['the host in capitals', { host: 'LOCALHOST' }, false],
    ['another schedule', { schedule: { kind: 'never' } }, false],
    ['another keep', { keep: 'forever' }, false],
  ])('%s: changed %s', (_what, change, changes) => {
    const usual: Mailbox = { ...chris(), host: 'localhost' };
    const other = { ...usual, ...change } as Mailbox;
    expect(connectionDigest(usual) !== connectionDigest(other)).toBe(changes);
    const digest = (mailbox: Mailbox) => credentialsDigest(KEY, mailbox, ['hush']);
    expect(digest(usual) !== digest(other)).toBe(changes);
  });

  it('holds nothing of a secret that stands in the configuration', () => {
    const plain = (value: string): Mailbox => ({ ...chris(), password: { kind: 'plain', value } });
    expect(connectionDigest(plain('one'))).toBe(connectionDigest(plain('two')));
  });

  it('is keyed where it holds a secret', () => {
    const digest = credentialsDigest(KEY, chris(), ['hush']);
    expect(credentialsDigest(KEY, chris(), ['hush'])).toBe(digest);
    expect(credentialsDigest(KEY, chris(), ['other'])).not.toBe(digest);
    expect(credentialsDigest(Buffer.alloc(32, 2), chris(), ['hush'])).not.toBe(digest);
    const plain = createHash('sha256').update('hush').digest('base64url');
    expect(digest).not.toContain(plain);
  });
});
