import { isMailboxId } from '../mail/message-key.ts';
import { formatPlace } from './problem.ts';
import { BLOCK_FORM, isBlock, wrong } from './schema-fields.ts';
import { readGeneral } from './schema-general.ts';
import { readMailbox } from './schema-mailbox.ts';
import type { MailboxSurroundings } from './mailbox-recipients.ts';
import type { SchemaContext } from './schema-transport.ts';
import type { GeneralSettings, Mailbox, Problem } from './settings.ts';
import { warnOfSharedAccounts } from './shared-account.ts';

export interface ParsedSettings {
  /** null: something general is wrong, and `problems` say what. */
  readonly general: GeneralSettings | null;
  /** null: what stands under `mailboxes` is no block at all, so which mailboxes there are is unknown. */
  readonly mailboxes: ReadonlyMap<string, Mailbox> | null;
  readonly broken: ReadonlyMap<string, readonly Problem[]>;
  /** Everything, the problems of broken mailboxes included. */
  readonly problems: readonly Problem[];
}

export interface ParseContext extends SchemaContext {
  /** The last good general settings: what mailboxes depend on while the document's own are wrong. */
  readonly lastGood?: GeneralSettings | null;
}

/**
 * Reads a whole configuration (interfaces.md) from plain data, and says everything that is wrong with it at once.
 *
 * @param document what YAML or JSON gave
 */
export function parseSettings(document: unknown, context: ParseContext): ParsedSettings {
  const problems: Problem[] = [];
  if (!isBlock(document)) {
    problems.push(wrong(['configuration'], BLOCK_FORM, document));
    return { general: null, mailboxes: null, broken: new Map(), problems };
  }
  const read = readGeneral(document, context, problems);
  if (!isBlock(read.mailboxes)) {
    problems.push(wrong(['mailboxes'], BLOCK_FORM, read.mailboxes));
    return { general: null, mailboxes: null, broken: new Map(), problems };
  }
  const surroundings = read.general ?? context.lastGood ?? read;
  const { mailboxes, broken } = readMailboxes(read.mailboxes, surroundings, context, problems);
  return { general: read.general, mailboxes, broken, problems };
}

function readMailboxes(
  entries: Readonly<Record<string, unknown>>,
  surroundings: MailboxSurroundings,
  context: SchemaContext,
  problems: Problem[],
): Required<Pick<ParsedSettings, 'broken'>> & { readonly mailboxes: ReadonlyMap<string, Mailbox> } {
  const mailboxes = new Map<string, Mailbox>();
  const broken = new Map<string, readonly Problem[]>();
  const taken = new Map<string, string>();
  for (const [id, entry] of Object.entries(entries)) {
    const found: Problem[] = [];
    checkId(id, taken, found);
    const mailbox = readMailbox(id, entry, surroundings, context, found);
    problems.push(...found);
    if (found.some((problem) => problem.severity === 'error')) broken.set(id, found);
    // Without either, it is the general settings that are wrong, and there are no last good ones.
    else if (mailbox !== null) mailboxes.set(id, mailbox);
  }
  warnOfSharedAccounts(mailboxes.values(), problems);
  return { mailboxes, broken };
}

/** @param taken the ids so far, by their lower case: a file system may take two that differ in case for one folder */
function checkId(id: string, taken: Map<string, string>, problems: Problem[]): void {
  const owner = taken.get(id.toLowerCase());
  const path = formatPlace(['mailboxes', id]);
  const got = JSON.stringify(id);
  if (!isMailboxId(id)) {
    const expected =
      'an id of at most 63 letters, digits, dots, underscores and hyphens that starts with a letter or digit';
    problems.push({ path, expected, got, severity: 'error' });
  } else if (owner !== undefined) {
    const expected = `an id that differs from "${owner}" in more than case`;
    problems.push({ path, expected, got, severity: 'error' });
  }
  taken.set(id.toLowerCase(), owner ?? id);
}
