import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';

/**
 * Names that mail uses and the Encoding Standard, by which `TextDecoder` goes, does not list. Its own names cover the
 * rest: `latin1`, `cp1252`, `ks_c_5601-1987`, `x-sjis` and some two hundred more.
 */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['cp932', 'shift_jis'],
  ['cp936', 'gbk'],
  ['cp949', 'euc-kr'],
  ['cp950', 'big5'],
  ['cp50220', 'iso-2022-jp'],
  ['cp65001', 'utf-8'],
]);

/** Names that name no charset are made up by the thousand in one hostile header; looking each up is slow. */
const NAMES_REMEMBERED = 300;

/**
 * Octets to text, by the name of a charset. Never throws: a charset that is unknown here reads as text without a
 * declared one. What is wrong within a known charset becomes U+FFFD.
 */
export class CharsetReader {
  private readonly decoders = new Map<string, TextDecoder | null>();

  read(octets: Buffer, charset: string): string {
    const decoder = this.decoderFor(charset.toLowerCase());
    return decoder === null ? undeclaredText(octets) : decoder.decode(octets);
  }

  private decoderFor(name: string): TextDecoder | null {
    const known = this.decoders.get(name);
    if (known !== undefined) return known;
    if (this.decoders.size >= NAMES_REMEMBERED) return null;
    const decoder = newDecoder(OTHER_NAMES.get(name) ?? name);
    this.decoders.set(name, decoder);
    return decoder;
  }
}

/** 8-bit text whose charset nobody declared: UTF-8 where it is valid, else Windows-1252, the superset of Latin-1 in use. */
export function undeclaredText(octets: Buffer): string {
  return new TextDecoder(isUtf8(octets) ? 'utf-8' : 'windows-1252').decode(octets);
}

/** Null for a name that is unknown, and for encodings that Node's ICU does not have or the standard refuses (UTF-7). */
function newDecoder(name: string): TextDecoder | null {
  try {
    return new TextDecoder(name);
  } catch {
    return null;
  }
}
