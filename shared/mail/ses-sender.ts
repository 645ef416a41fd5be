import { foldField } from './fold.ts';
import { fieldValue } from './header-block.ts';
import type { HeaderField } from './header-block.ts';
import { isPlain, isReadable, peopleIn } from './ses-people.ts';
import type { Person } from './ses-people.ts';
import { encodeWords } from './word-encoding.ts';

export interface SesSender {
  /** Fields to add, folded, without the last line end. */
  readonly added: readonly string[];
  /** Fields that stay under their own name. */
  readonly kept: ReadonlySet<HeaderField>;
}

/** Senders in one From; more make no sense in Reply-To. */
const MOST_PEOPLE = 20;
const NAME_CHARACTERS = 100;

/**
 * From and Reply-To for Amazon SES, which sends as a verified identity only: the identity's address under the sender's
 * name and domain, and answers to the sender. A Reply-To that can be read stays as it is; so does a From that already
 * is the identity.
 */
export function sesSender(
  header: Buffer,
  fields: readonly HeaderField[],
  identity: string,
): SesSender {
  const named = (name: string): HeaderField[] =>
    fields.filter((field) => field.name.toLowerCase() === name);
  const from = named('from');
  const people = from.flatMap((field) => peopleIn(fieldValue(header, field))).slice(0, MOST_PEOPLE);
  const replyTo = named('reply-to').find((field) => isAnswerable(fieldValue(header, field)));
  const [first] = people;
  if (from.length === 1 && people.length === 1 && isIdentity(first, identity)) {
    return { added: [], kept: new Set([...from, ...(replyTo === undefined ? [] : [replyTo])]) };
  }
  const shown = foldField('From', [...phrase(nameOf(people)), `<${identity}>`]);
  if (replyTo !== undefined) return { added: [shown], kept: new Set([replyTo]) };
  return { added: [shown, ...replyToField(people.filter(isPlain))], kept: new Set() };
}

/** Somebody, and nothing that cannot be read. */
function isAnswerable(value: Buffer): boolean {
  return isReadable(value) && peopleIn(value).length > 0;
}

function isIdentity(person: Person | undefined, identity: string): boolean {
  return person?.address.key === identity.toLowerCase();
}

/** `Ann Smith at nwtraders.example`: who it is from, without being an address. */
function nameOf(people: readonly Person[]): string {
  const [first] = people;
  if (first === undefined) return 'Unknown sender';
  const { local, domain } = first.address;
  const name = shortened(first.name.includes('@') ? '' : first.name) || local;
  return `${name} at ${domain}${people.length > 1 ? ' and others' : ''}`;
}

function shortened(name: string): string {
  const characters = Array.from(name);
  if (characters.length <= NAME_CHARACTERS) return name;
  return `${characters.slice(0, NAME_CHARACTERS).join('')}…`;
}

function replyToField(people: readonly Person[]): string[] {
  if (people.length === 0) return [];
  const words = people.flatMap(({ name, address }, at) => {
    const behind = at < people.length - 1 ? ',' : '';
    if (name === '') return [`${address.text}${behind}`];
    return [...phrase(shortened(name)), `<${address.text}>${behind}`];
  });
  return [foldField('Reply-To', words)];
}

/** A display name in words to fold between: a quoted string where it is plain ASCII, else encoded words. */
function phrase(name: string): string[] {
  if (!/^[ -~]*$/.test(name) || name.includes('=?')) return encodeWords(name);
  return `"${name.replaceAll(/["\\]/g, '\\$&')}"`.split(' ').filter((word) => word !== '');
}
