import { describe, expect, it } from 'vitest';

import { parseSettings } from '../../shared/settings/schema.ts';
import { changed, errorsOf } from './expected.ts';
import type { SampleDocument } from './sample-document.ts';

/** The sample's global mailbox, fetched from the server that mail is delivered to, with its own address for a target. */
const BOX = 'catchall@corp.example';
const SERVER = 'mail.corp.example';
const GOT = `expected another address: this mailbox is fetched from the server that mail is delivered to, so its mail would come round for ever, got "${BOX}"`;

function errors(change: (document: SampleDocument) => void): readonly string[] {
  return errorsOf(parseSettings(changed(change), {}));
}

const circles: Record<string, readonly [(document: SampleDocument) => void, string]> = {
  'its own undeliverable mailbox': [
    ({ mailboxes }) =>
      Object.assign(mailboxes.everyone, { undeliverable: 'CatchAll@corp.example' }),
    `mailboxes.everyone.undeliverable: ${GOT.replace(BOX, 'CatchAll@corp.example')}`,
  ],
  'the general one, which it has none over': [
    (document) => (document['undeliverable'] = BOX),
    `mailboxes.everyone.undeliverable: ${GOT}`,
  ],
  'a rule': [
    ({ mailboxes }) =>
      Object.assign(mailboxes.everyone, {
        rules: [{ when: { to: 'x' }, deliverTo: ['a@corp.example', BOX] }],
      }),
    `mailboxes.everyone.rules[0].deliverTo[1]: ${GOT}`,
  ],
  'a fixed recipient': [
    ({ mailboxes }) =>
      Object.assign(mailboxes.chris, { host: SERVER, username: BOX, deliverTo: [BOX] }),
    `mailboxes.chris.deliverTo[0]: ${GOT}`,
  ],
  'where spam of a user mailbox goes': [
    (document) => {
      Object.assign(document.mailboxes.chris, { host: SERVER, username: 'box@corp.example' });
      document['undeliverable'] = 'box@corp.example';
      document['spam'] = { header: 'X-Spam', value: 'yes', action: 'undeliverable' };
    },
    `mailboxes.chris.undeliverable: ${GOT.replace(BOX, 'box@corp.example')}`,
  ],
};

describe('a mailbox on the server that mail is delivered to', () => {
  it.each(Object.entries(circles))('is wrong with itself for %s', (_name, [change, line]) => {
    const onServer = errors((document) => {
      Object.assign(document.mailboxes.everyone, { host: SERVER });
      change(document);
    });
    expect(onServer).toEqual([line]);
  });

  it('is known by an international name in either form', () => {
    const found = errors((document) => {
      const undeliverable = 'box@xn--bcher-kva.example';
      Object.assign(document.mailboxes.everyone, { host: SERVER, username: 'box@BÜCHER.example' });
      Object.assign(document.mailboxes.everyone, { undeliverable });
    });
    expect(found).toEqual([
      `mailboxes.everyone.undeliverable: ${GOT.replace(BOX, 'box@xn--bcher-kva.example')}`,
    ]);
  });

  it.each([
    ['is fetched from another server', 'pop.provider.example', BOX],
    ['has a user name that is no address', SERVER, 'catchall'],
  ])('is right when it %s', (_name, host, username) => {
    const found = errors((document) => {
      Object.assign(document.mailboxes.everyone, { host, username, undeliverable: BOX });
    });
    expect(found).toEqual([]);
  });

  it('is right on loopback, where several servers may listen', () => {
    const found = errors((document) => {
      Object.assign(document.mailboxes.everyone, { host: '127.0.0.1', undeliverable: BOX });
      document.delivery.smtp = { ...document.delivery.smtp, host: '127.0.0.1' };
    });
    expect(found).toEqual([]);
  });

  it('is right as a user mailbox whose notices come to itself: they go to its fixed recipients', () => {
    const found = errors((document) => {
      Object.assign(document.mailboxes.chris, { host: SERVER, username: 'box@corp.example' });
      document['undeliverable'] = 'box@corp.example';
    });
    expect(found).toEqual([]);
  });
});
