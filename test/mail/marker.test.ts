import { describe, expect, it } from 'vitest';

import { applyEdits } from '../../shared/mail/header-edits.ts';
import { isOwnMarker, makeMarker } from '../../shared/mail/marker.ts';

const loopKey = Buffer.from('a key of this instance');
const key = { mailbox: 'sales', sha256: '0f3a'.repeat(16) };
const header = Buffer.from(
  'From: ann@nwtraders.example\r\nMessage-ID: <1@nwtraders.example>\r\nSubject: x\r\n\r\n',
);

const marked = (block: Buffer, marker = makeMarker(block, key, loopKey)) =>
  applyEdits(block, { remove: [], rename: {}, add: [marker] });
const changed = (block: Buffer, from: string | RegExp, to: string) =>
  Buffer.from(block.toString('latin1').replace(from, to), 'latin1');

describe('makeMarker', () => {
  it('is mailbox, digest and code, each line within 78 columns', () => {
    expect(makeMarker(header, key, loopKey)).toMatch(
      /^X-Mailferry-Id:\r\n sales\/(0f3a){16};\r\n [\w-]{43}$/,
    );
  });

  it('folds the longest mailbox id between the slash and the digest', () => {
    const long = { mailbox: 'm'.repeat(63), sha256: key.sha256 };
    const marker = makeMarker(header, long, loopKey);
    for (const line of marker.split('\r\n')) expect(line.length).toBeLessThanOrEqual(78);
    expect(isOwnMarker(marked(header, marker), loopKey)).toBe(true);
    const ten = { mailbox: 'm'.repeat(11), sha256: key.sha256 };
    expect(makeMarker(header, ten, loopKey)).toContain(`\r\n ${ten.mailbox}/${key.sha256};`);
    const eleven = { mailbox: 'm'.repeat(12), sha256: key.sha256 };
    expect(makeMarker(header, eleven, loopKey)).toContain(`${eleven.mailbox}/\r\n ${key.sha256};`);
  });
});

describe('isOwnMarker', () => {
  it('knows its own, however it was folded and wherever it stands', () => {
    const block = marked(header);
    expect(isOwnMarker(block, loopKey)).toBe(true);
    expect(isOwnMarker(changed(block, /;\r\n /, ';'), loopKey)).toBe(true);
    expect(isOwnMarker(changed(block, /\/0f3a/, '/\r\n\t0f3a'), loopKey)).toBe(true);
    expect(isOwnMarker(changed(block, 'X-Mailferry-Id', 'x-mailferry-id'), loopKey)).toBe(true);
    expect(isOwnMarker(Buffer.concat([Buffer.from('Received: a\r\n'), block]), loopKey)).toBe(true);
  });

  it('finds none in a message that was never carried', () => {
    expect(isOwnMarker(header, loopKey)).toBe(false);
  });

  it("takes no other instance's for its own", () => {
    expect(isOwnMarker(marked(header), Buffer.from('the key of another'))).toBe(false);
  });

  it.each([
    ['on another message', 'Message-ID: <1@', 'Message-ID: <2@'],
    ['with another mailbox', 'sales/', 'sale/'],
    ['with another digest', '/0f3a', '/1f3a'],
    ['cut short', /([\w-]{43})\r\n/, 'AAAA\r\n'],
    ['with another code', /[\w-]{43}\r\n/, `${'A'.repeat(43)}\r\n`],
    ['without its semicolon', ';', ''],
    ['without its slash', '/', ''],
    ['with a trailing megabyte', ';', `;${' '.repeat(1 << 20)}`],
  ])('does not believe one %s', (_what, from, to) => {
    expect(isOwnMarker(changed(marked(header), from, to), loopKey)).toBe(false);
  });

  it('believes only the mailboxes it is given', () => {
    expect(isOwnMarker(marked(header), loopKey, new Set(['sales', 'x']))).toBe(true);
    expect(isOwnMarker(marked(header), loopKey, new Set(['x']))).toBe(false);
  });

  describe('without a Message-ID', () => {
    const bare = Buffer.from('From: ann@nwtraders.example\r\nSubject: x\r\n\r\n');

    it('is bound to the stable fields', () => {
      expect(isOwnMarker(marked(bare), loopKey)).toBe(true);
      expect(isOwnMarker(changed(marked(bare), 'Subject: x', 'Subject: y'), loopKey)).toBe(false);
    });

    it('is still known when a server added the Message-ID on the way', () => {
      const added = changed(marked(bare), 'Subject', 'Message-ID: <new@x.example>\r\nSubject');
      expect(isOwnMarker(added, loopKey)).toBe(true);
    });

    it('a code over the stable fields is none over a Message-ID', () => {
      const onStable = makeMarker(bare, key, loopKey);
      const onId = makeMarker(header, key, loopKey);
      expect(onStable).not.toBe(onId);
    });
  });

  it('finds its own among forged ones, and ends among very many', () => {
    const forged = `X-Mailferry-Id: sales/${key.sha256}; ${'A'.repeat(43)}\r\n`;
    const block = marked(header);
    expect(isOwnMarker(Buffer.concat([Buffer.from(forged.repeat(99)), block]), loopKey)).toBe(true);
    expect(isOwnMarker(Buffer.concat([Buffer.from(forged.repeat(100)), block]), loopKey)).toBe(
      false,
    );
    expect(isOwnMarker(Buffer.concat([block, Buffer.from(forged.repeat(5000))]), loopKey)).toBe(
      true,
    );
  });

  it('reads 16 Message-IDs', () => {
    const ids = (count: number) => 'Message-ID: <x@y>\r\n'.repeat(count);
    const block = (count: number) => Buffer.concat([Buffer.from(ids(count)), marked(header)]);
    expect(isOwnMarker(block(15), loopKey)).toBe(true);
    expect(isOwnMarker(block(16), loopKey)).toBe(false);
  });
});
