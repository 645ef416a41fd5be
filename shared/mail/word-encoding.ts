/** Octets of text in one encoded word: 60 in base64, 75 with all around (RFC 2047 section 2). */
const WORD_OCTETS = 45;

/** A text as encoded words (RFC 2047), cut between characters, never within one (section 5). */
export function encodeWords(text: string): string[] {
  const words: string[] = [];
  let piece = '';
  for (const char of text) {
    if (Buffer.byteLength(piece + char) > WORD_OCTETS) {
      words.push(encodeWord(piece));
      piece = '';
    }
    piece += char;
  }
  return [...words, encodeWord(piece)];
}

function encodeWord(text: string): string {
  return `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`;
}
