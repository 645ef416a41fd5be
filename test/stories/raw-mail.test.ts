import { afterEach, describe, expect, test } from 'vitest';

import { filesIn, contentOf } from '../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../support/embedded-scene.ts';
import type { EmbeddedScene } from '../support/embedded-scene.ts';
import { asSentBySmtp } from '../support/line-ends.ts';
import { withoutOurFields } from '../support/our-fields.ts';
import { keyOf, sha256Of } from '../support/spooled-message.ts';

const FIELDS = 'From: ann@nwtraders.example\r\nSubject: raw\r\n';

/** What providers really hold; each must pass whole, since no server takes it back. */
const RAW: Readonly<Record<string, Buffer>> = {
  'no header': Buffer.from('\r\nonly a body\r\n'),
  'no body and no empty line': Buffer.from(`${FIELDS}X-Case: no-body\r\n`),
  'a header and the empty line alone': Buffer.from(`${FIELDS}X-Case: ends\r\n\r\n`),
  'NUL bytes': Buffer.from(`${FIELDS}X-Case: nul\r\n\r\na\0b\0\0c\r\n`),
  'bare line feeds': Buffer.from(`${FIELDS}X-Case: lf\r\n\r\none\ntwo\nthree\r\n`),
  'an 8-bit header': Buffer.from(`${FIELDS}X-Case: gr\xfc\xdfe\r\n\r\n\xe9t\xe9\r\n`, 'latin1'),
  'a line of 1 MB': Buffer.from(`${FIELDS}X-Case: line\r\n\r\n${'x'.repeat(1_000_000)}\r\n`),
  'a From_ line on top': Buffer.from(`From ann Mon Nov  2 09:00:00 2026\r\n${FIELDS}\r\nmbox\r\n`),
  'a leading blank': Buffer.from(` leading blank\r\n${FIELDS}\r\nblank\r\n`),
  dots: Buffer.from(`${FIELDS}X-Case: dots\r\n\r\n.\r\n..\r\n.a\r\n...\r\n`),
  '20 MB': Buffer.from(`${FIELDS}X-Case: large\r\n\r\n${'0123456789abcde\r\n'.repeat(1_180_000)}`),
};

/**
 * Octets that are no proper mail are stored exactly (the file's name is their SHA-256), handed over with every
 * octet in its place, and only then deleted. What this does not prove: real servers' own changes on the way
 * (test/servers), nor what a header with several addresses in such octets means (test/corpus).
 */
describe('raw mail', () => {
  let scene: EmbeddedScene | null = null;

  afterEach(async () => {
    await scene?.close();
    scene = null;
  });

  test('is stored as it came, while the mail server waits', async () => {
    const mails = Object.values(RAW);
    scene = await makeEmbeddedScene({
      mails: { chris: mails },
      smtp: { replies: (stage) => (stage === 'mail' ? '451 4.3.0 not now' : undefined) },
    });
    const { messages } = await scene.runOnce();
    expect(messages).toMatchObject({ fetched: mails.length, deferred: mails.length });
    expect(filesIn(scene.data, 'Incoming')).toEqual(
      mails.map((octets) => `chris/${sha256Of(octets)}.eml`).sort(),
    );
    for (const [what, octets] of Object.entries(RAW)) {
      const file = `chris/${keyOf('chris', octets).sha256}.eml`;
      expect(contentOf(scene.data, 'Incoming', file).equals(octets), what).toBe(true);
    }
    expect(scene.pop3.mails('chris')).toEqual([]);
  });

  test('arrives with every octet in its place', async () => {
    const mails = Object.values(RAW);
    scene = await makeEmbeddedScene({ mails: { chris: mails } });
    const { messages } = await scene.runOnce();
    expect(messages).toMatchObject({ fetched: mails.length, delivered: mails.length });
    expect(filesIn(scene.data, 'Incoming')).toEqual([]);
    for (const [what, octets] of Object.entries(RAW)) {
      const mark = sha256Of(octets).slice(0, 12);
      const copies = scene.smtp.received.filter(({ data }) => data.includes(mark));
      expect(copies, what).toHaveLength(1);
      // The one thing that SMTP changes is a line end that is none (RFC 5321 section 2.3.8).
      const sent = asSentBySmtp(octets);
      const got = copies[0]?.data ?? Buffer.alloc(0);
      expect(withoutOurFields(got).equals(sent), what).toBe(true);
    }
  });
});
