import { decodedText } from '../mail/decoded-text.ts';
import { fieldValue } from '../mail/header-block.ts';
import type { FieldsByName } from '../mail/header-block.ts';

/** Texts of all fields of a name (lower case), to be compared: as people read them, without case. */
export type FieldTexts = (name: string) => readonly string[];

/** Each field is decoded once, however many rules ask for it, and only when one does. */
export function fieldTexts(header: Buffer, fields: FieldsByName): FieldTexts {
  const read = new Map<string, readonly string[]>();
  return (name) => {
    const known = read.get(name);
    if (known !== undefined) return known;
    const texts = (fields.get(name) ?? []).map((field) => comparable(fieldValue(header, field)));
    read.set(name, texts);
    return texts;
  };
}

/** Texts of fields that somebody wrote as an example. */
export function textsOfExample(values: ReadonlyMap<string, string>): FieldTexts {
  return (name) => {
    const value = values.get(name);
    return value === undefined ? [] : [comparable(Buffer.from(value))];
  };
}

/** The very form that the texts of fields have, for a text of the configuration. */
export function comparableText(text: string): string {
  return withoutCase(
    text
      .replace(/[\p{Cc}\s]+/gu, ' ')
      .trim()
      .normalize('NFC'),
  );
}

function comparable(value: Buffer): string {
  return withoutCase(decodedText(value));
}

/** Upper case first: `ß` and `SS` are the same then, and so are the two forms of the Greek sigma. */
function withoutCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}
