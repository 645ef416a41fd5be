import type { CharsetReader } from './charset.ts';

/** A part of a parameter value: `name*=`, `name*0*=`, `name*1=` (RFC 2231 sections 3 and 4). */
const PART = /^\s*([^\s*=]{1,64})\*(?:(\d{1,3})(\*)?)?=(.*)$/s;
/** `utf-8'de'`, before the first octet of a value whose charset is declared. */
const DECLARATION = /^([\w.:+-]{1,40})'[\w-]{0,40}'/;

interface Part {
  readonly name: string;
  readonly index: number;
  /** Percent-encoded. */
  readonly extended: boolean;
  readonly value: string;
}

/** `filename*0*=utf-8''na%C3; filename*1*=%AFve` as `filename=naïve`; all that is no such parameter stays. */
export function decodeExtendedParameters(text: string, charsets: CharsetReader): string {
  if (!text.includes('*')) return text;
  const out: string[] = [];
  let run: { readonly parts: Part[]; readonly written: string[] } = { parts: [], written: [] };
  for (const written of text.split(';')) {
    const part = partOf(written);
    if (part === null || !continues(run.parts, part)) {
      out.push(...readRun(run.parts, run.written, charsets));
      run = { parts: [], written: [] };
    }
    if (part === null) {
      out.push(written);
    } else {
      run.parts.push(part);
      run.written.push(written);
    }
  }
  out.push(...readRun(run.parts, run.written, charsets));
  return out.join(';');
}

function partOf(written: string): Part | null {
  const found = PART.exec(written);
  if (found === null) return null;
  const [, name = '', index, star, value = ''] = found;
  return {
    name: name.toLowerCase(),
    index: Number(index ?? 0),
    extended: index === undefined || star !== undefined,
    value: value.trim().replace(/^"(.*)"$/s, '$1'),
  };
}

function continues(parts: readonly Part[], next: Part): boolean {
  return parts.length === next.index && (parts[0] ?? next).name === next.name;
}

function readRun(
  parts: readonly Part[],
  written: readonly string[],
  charsets: CharsetReader,
): readonly string[] {
  const [first] = parts;
  if (first === undefined) return [];
  const declared = first.extended ? DECLARATION.exec(first.value) : null;
  if (declared === null) return written;
  const octets = parts.map(({ extended, value }, at) => {
    const text = at === 0 ? value.slice(declared[0].length) : value;
    return extended ? percentOctets(text) : Buffer.from(text, 'latin1');
  });
  return [` ${first.name}=${charsets.read(Buffer.concat(octets), declared[1] ?? '')}`];
}

/** A `%` that two hexadecimal digits do not follow is one. */
function percentOctets(text: string): Buffer {
  const plain = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return Buffer.from(plain, 'latin1');
}
