import fc from 'fast-check';

/**
 * Any code point, lone surrogates too, most of them ASCII. fast-check's own `binary` unit takes seconds to set up its
 * tables, in each file that uses it.
 */
export const anyCharacter = fc
  .oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 0x7f }) },
    fc.integer({ min: 0x80, max: 0x2fff }),
    fc.integer({ min: 0x80, max: 0x10ffff }),
  )
  .map((codePoint) => String.fromCodePoint(codePoint));
