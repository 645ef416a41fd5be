/** An encoded word (RFC 2047 section 2), its payload as octets. */
export interface EncodedWord {
  /** As written, without the language that RFC 2231 section 5 allows behind it. */
  readonly charset: string;
  readonly octets: Buffer;
  /** Offset of its `=?`. */
  readonly start: number;
  /** Behind its `?=`. */
  readonly end: number;
}

/** `=?charset*language?encoding?`; longer names are none. */
const HEAD = /=\?([^\s?*]{1,64})(?:\*[^\s?]{0,64})?\?([BbQq])\?/y;

/**
 * The encoded words of a text, in their order. They are looked for everywhere, also glued to other text and within
 * quotes, where RFC 2047 section 5 allows none and mailers write them all the same; blanks inside one are put up with.
 *
 * For people and rules only: an encoded word never makes an address (RFC 2047 section 6.2).
 * @param text a character an octet (Latin-1)
 */
export function* encodedWords(text: string): Generator<EncodedWord, void> {
  let close = -1;
  let start = text.indexOf('=?');
  while (start !== -1) {
    const head = headAt(text, start);
    let next = text.indexOf('=?', start + 2);
    if (head !== null) {
      // Each octet is searched once, however many heads stand before the next end.
      if (close < head.end) close = text.indexOf('?=', head.end);
      if (close === -1) return;
      // Another head before it: this one has no end of its own. Padding makes a `=?` of its end: `YQ==?=`.
      if (next === -1 || next >= close - 1) {
        const octets = payload(head.encoding, text.slice(head.end, close));
        yield { charset: head.charset, octets, start, end: close + 2 };
        next = text.indexOf('=?', close + 2);
      }
    }
    start = next;
  }
}

interface Head {
  readonly charset: string;
  readonly encoding: string;
  /** Offset of the payload. */
  readonly end: number;
}

function headAt(text: string, start: number): Head | null {
  HEAD.lastIndex = start;
  const found = HEAD.exec(text);
  if (found === null) return null;
  const [whole, charset = '', encoding = ''] = found;
  return { charset, encoding: encoding.toLowerCase(), end: start + whole.length };
}

function payload(encoding: string, text: string): Buffer {
  return encoding === 'b' ? base64Octets(text) : quotedOctets(text);
}

/** What is no base64 is skipped; padding in the middle (words put together by force) begins anew. */
function base64Octets(text: string): Buffer {
  return Buffer.concat(text.split(/=+/).map((part) => Buffer.from(part, 'base64')));
}

/** Q (RFC 2047 section 4.2); an `=` that two hexadecimal digits do not follow is one. */
function quotedOctets(text: string): Buffer {
  const plain = text
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(plain, 'latin1');
}
