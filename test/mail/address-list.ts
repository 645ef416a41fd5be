import fc from 'fast-check';

/** A list as RFC 5322 section 3.4 allows it, with sections 3.2.2, 4.4 and RFC 5321 appendix C, and what it names. */
export interface AddressList {
  readonly text: string;
  /** As they are sent. */
  readonly addresses: readonly string[];
}

const word = fc.stringMatching(/^[a-z0-9!#$%&*+/=?^_`{|}~-]{1,8}$/);
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,5}[a-z0-9])?$/);
const domain = fc.array(label, { minLength: 1, maxLength: 3 });

/** Blanks, folding and comments; never nothing where `required`. */
const filler = fc.constantFrom(
  ' ',
  '\t',
  '\r\n ',
  ' (comment) ',
  '(a@b.example, "c" <d>)',
  ' (nested (deep (er))) ',
  '(\\) \\( ")',
);
const gap = fc.oneof({ weight: 3, arbitrary: fc.constant('') }, filler);

/** What needs no escape in a quoted string, and what does. */
const quotedPart = fc.constantFrom(
  'a',
  'B',
  ' ',
  '@',
  ',',
  ';',
  ':',
  '(',
  ')',
  '.',
  '\\"',
  '\\\\',
  '[',
);
const quotedString = fc
  .array(quotedPart, { minLength: 1, maxLength: 8 })
  .map((parts) => `"${parts.join('')}"`);

interface Mailbox {
  readonly text: string;
  readonly address: string;
}

const atomLocal = fc
  .tuple(fc.array(word, { minLength: 1, maxLength: 3 }), gap, gap)
  .map(([words, before, after]) => ({
    text: words.join(`${before}.${after}`),
    sent: words.join('.'),
  }));

const quotedLocal = quotedString.map((text) => {
  const content = text.slice(1, -1);
  const bare = /^[aB]+(\.[aB]+)*$/.test(content);
  return { text, sent: bare ? content : text };
});

const addrSpec: fc.Arbitrary<Mailbox> = fc
  .tuple(fc.oneof(atomLocal, quotedLocal), domain, gap, gap, gap)
  .map(([local, labels, beforeAt, afterAt, beforeDot]) => ({
    text: `${local.text}${beforeAt}@${afterAt}${labels.join(`${beforeDot}.`)}`,
    address: `${local.sent}@${labels.join('.')}`,
  }));

const displayName = fc.oneof(
  fc.constantFrom(
    '',
    'Ann Example',
    '=?utf-8?q?a=40b=2C?=',
    'J\u00fcrgen',
    "O'Neil & Co",
    'a "b" c',
  ),
  quotedString,
);

const route = fc
  .array(domain, { maxLength: 2 })
  .map((hops) => (hops.length === 0 ? '' : `${hops.map((hop) => `@${hop.join('.')}`).join(',')}:`));

const angleAddress: fc.Arbitrary<Mailbox> = fc
  .tuple(displayName, addrSpec, gap, gap, gap, route)
  .map(([name, inner, before, open, close, hops]) => ({
    text: `${name}${before}<${open}${hops}${inner.text}${close}>`,
    address: inner.address,
  }));

const mailbox = fc.oneof(addrSpec, angleAddress);

const mailboxes: fc.Arbitrary<AddressList> = fc
  .tuple(fc.array(mailbox, { maxLength: 4 }), gap, gap)
  .map(([entries, before, after]) => ({
    text: entries.map(({ text }) => text).join(`${before},${after}`),
    addresses: entries.map(({ address }) => address),
  }));

const group: fc.Arbitrary<AddressList> = fc
  .tuple(fc.constantFrom('Team', '"a@b.example"', 'undisclosed-recipients'), mailboxes, gap)
  .map(([name, { text, addresses }, after]) => ({ text: `${name}${after}:${text};`, addresses }));

export const addressList: fc.Arbitrary<AddressList> = fc
  .array(fc.oneof(mailboxes, group), { maxLength: 4 })
  .map((parts) => ({
    text: parts.map(({ text }) => text).join(', '),
    addresses: parts.flatMap(({ addresses }) => addresses),
  }));
