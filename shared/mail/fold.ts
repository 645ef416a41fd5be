/** RFC 5322 section 2.1.1: a line should be no longer than 78 characters. */
const LINE_CHARACTERS = 78;

/**
 * A header field folded between its words, CRLF and a blank, without the line end. A word is never broken, so one that
 * is too long makes a line of its own.
 * @param words printable ASCII without blanks at the ends
 */
export function foldField(name: string, words: readonly string[]): string {
  let field = `${name}:`;
  let column = field.length;
  for (const word of words) {
    if (column + 1 + word.length > LINE_CHARACTERS) {
      field += '\r\n';
      column = 0;
    }
    field += ` ${word}`;
    column += 1 + word.length;
  }
  return field;
}
