import { decodedText } from '../../shared/mail/decoded-text.ts';
import { collectFields, fieldValue } from '../../shared/mail/header-block.ts';
import { transcriptOf } from '../../shared/store/stored-report.ts';
import { readHeader } from '../route/read-header.ts';
import type { FailedEntry } from './failed-entry.ts';
import { findFailed } from './failed-mail.ts';
import type { FailedMailDeps } from './failed-mail.ts';

/** Everything that helps to see what happened to one message. */
export interface ShownFailure extends FailedEntry {
  /** Octets; null where the copy is gone. */
  readonly size: number | null;
  /** Fields of the message itself, decoded: it is shown to whoever may read the mail anyway. */
  readonly header: Readonly<Record<'from' | 'to' | 'subject' | 'date', string | null>>;
  /** The SMTP session that ended in the refusal, without secrets and content; null where none is at hand. */
  readonly transcript: readonly string[] | null;
}

const FIELDS = ['from', 'to', 'subject', 'date'] as const;
const NAMES: ReadonlySet<string> = new Set(FIELDS);
/** Characters of a field that is shown. */
const SHOWN = 500;

/** @throws Failure `settings`, permanent, for a key that names no failed message */
export async function showFailed(deps: FailedMailDeps, word: string): Promise<ShownFailure> {
  const [mail] = await findFailed(deps, [word]);
  if (mail === undefined) throw new Error(`expected a message for ${word}`);
  const { key, entry } = mail;
  const arrived = await readHeader(deps.store, key);
  return {
    ...entry,
    size: arrived?.metadata.size ?? null,
    header: shownFields(arrived?.header ?? Buffer.alloc(0)),
    transcript: transcriptOf(await deps.store.report(key)),
  };
}

function shownFields(header: Buffer): ShownFailure['header'] {
  const fields = collectFields(header, NAMES);
  const shown = FIELDS.map((name) => {
    const [field] = fields.get(name) ?? [];
    const text = field === undefined ? null : decodedText(fieldValue(header, field));
    return [name, text?.slice(0, SHOWN) ?? null] as const;
  });
  return Object.fromEntries(shown) as ShownFailure['header'];
}
