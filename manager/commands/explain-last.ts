import { trustSystemAuthorities } from '../../infra/local/system-authorities.ts';
import { fieldValue } from '../../shared/mail/header-block.ts';
import type { Decision } from '../../shared/routing/decision.ts';
import { explainInWords, explanation } from '../../shared/routing/explain.ts';
import { headerExtract } from '../../shared/routing/header-extract.ts';
import { recipientLikeFields } from '../../shared/routing/recipient-like-fields.ts';
import type { RecipientLikeFields } from '../../shared/routing/recipient-like-fields.ts';
import { suggestSource } from '../../shared/routing/suggest-source.ts';
import type { Suggestion } from '../../shared/routing/suggest-source.ts';
import { UsageError, WELL } from '../exit-status.ts';
import type { Explainer } from '../explainer.ts';
import { newestHeaders } from '../newest-headers.ts';
import type { NumberedHeader } from '../newest-headers.ts';
import { printJson, say } from '../output.ts';
import { suggestionDocument, suggestionInWords } from '../suggestion.ts';

/** Characters of a field's value; a list of ten thousand addresses tells no more. */
const SHOWN_CHARACTERS = 500;
/** UTF-8 has at most four octets a character. */
const READ_OCTETS = 4 * SHOWN_CHARACTERS;

interface Explained {
  readonly number: number;
  readonly candidates: readonly Candidate[];
  /** How many more such fields there are. */
  readonly candidatesLeftOut: number;
  readonly decision: Decision;
}

/** A field that could name a recipient; `position` of `of` among those of its name, from 1. */
interface Candidate {
  readonly header: string;
  readonly value: string;
  readonly position: number;
  readonly of: number;
}

/**
 * The newest messages on the server, by TOP: nothing is fetched, nothing deleted. Each is explained as its header
 * comes, and little of it is kept: a mailbox may hold a thousand of a megabyte each.
 */
export async function explainLast(
  explainer: Explainer,
  id: string,
  last: string,
  asJson: boolean,
): Promise<number> {
  const count = Number(last);
  if (!Number.isInteger(count) || count < 1) {
    throw new UsageError(`--last: expected a number from 1, got "${last}"`);
  }
  trustSystemAuthorities(explainer.settings);
  const documents: object[] = [];
  const extracts: Buffer[] = [];
  let messages = 0;
  for await (const message of newestHeaders(explainer, id, count)) {
    const { explained, extract } = explainOne(explainer, id, message);
    messages += 1;
    if (extract !== null) extracts.push(extract);
    if (asJson) documents.push(asDocument(explained));
    else sayExplained(explained);
  }
  const suggestion = suggestionFor(explainer, id, extracts);
  if (asJson) {
    const shared = { suggestion: suggestion === null ? null : suggestionDocument(suggestion) };
    printJson(documents.map((one) => ({ ...one, ...shared })));
  }
  say(...suggestionInWords(suggestion, explainer.mailbox(id), messages));
  return WELL;
}

function explainOne(
  explainer: Explainer,
  id: string,
  { number, header }: NumberedHeader,
): { readonly explained: Explained; readonly extract: Buffer | null } {
  const decision = explainer.decide(id, header);
  if (header === null) {
    return {
      explained: { number, candidates: [], candidatesLeftOut: 0, decision },
      extract: null,
    };
  }
  const found = recipientLikeFields(header, explainer.settings.general.domains);
  const candidates = candidatesOf(header, found);
  return {
    explained: { number, candidates, candidatesLeftOut: found.leftOut, decision },
    extract: headerExtract(header, found.fields),
  };
}

/** By the configuration as it is, but for the pickup box, which is nobody whether it is listed as such or not. */
function suggestionFor(
  explainer: Explainer,
  id: string,
  headers: readonly Buffer[],
): Suggestion | null {
  const mailbox = explainer.mailbox(id);
  if (mailbox.type === 'user' || headers.length === 0) return null;
  const ignore = new Set([...mailbox.ignore, mailbox.username.toLowerCase()]);
  const { general } = explainer.settings;
  return suggestSource(headers, { ...general, ignore, loopAddress: null });
}

function candidatesOf(header: Buffer, { fields }: RecipientLikeFields): readonly Candidate[] {
  return fields.map(({ name, position, of, field }) => ({
    header: name,
    value: oneLine(fieldValue(header, field)),
    position,
    of,
  }));
}

function oneLine(value: Buffer): string {
  const text = value
    .toString('utf8', 0, READ_OCTETS)
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '?')
    .trim();
  const isWhole = value.length <= READ_OCTETS && text.length <= SHOWN_CHARACTERS;
  return isWhole ? text : `${text.slice(0, SHOWN_CHARACTERS)}… (${value.length} octets in all)`;
}

function asDocument({ number, candidates, candidatesLeftOut, decision }: Explained): object {
  return { number, candidates, candidatesLeftOut, ...explanation(decision) };
}

function sayExplained({ number, candidates, candidatesLeftOut, decision }: Explained): void {
  say(`message ${number}`);
  say(
    ...candidates.map(({ header, value, position, of }) =>
      of === 1 ? `  ${header}: ${value}` : `  ${header} (${position} of ${of}): ${value}`,
    ),
    ...(candidatesLeftOut === 0 ? [] : [`  and ${candidatesLeftOut} more such fields between`]),
  );
  say(...explainInWords(decision).map((line) => `  ${line}`), '');
}
