import type { Suggestion } from '../shared/routing/suggest-source.ts';
import { formatSource, presetFor } from '../shared/settings/source-presets.ts';
import type { Mailbox, RecipientSource } from '../shared/settings/settings.ts';

export interface SuggestionDocument {
  /** As one writes it: `{ header: X-Original-To, position: 1 }`. */
  readonly source: string;
  /** A preset that stands for it; null: there is none. */
  readonly preset: string | null;
  readonly messages: number;
  readonly of: number;
  readonly addresses: readonly string[];
}

export function suggestionDocument(suggestion: Suggestion): SuggestionDocument {
  const { source, messages, of, addresses } = suggestion;
  const preset = presetFor(source);
  return { source: formatSource(source), preset, messages, of, addresses: [...addresses] };
}

/** For people, a line each: what to try, and what to look at before. */
export function suggestionInWords(
  suggestion: Suggestion | null,
  mailbox: Mailbox,
  messages: number,
): readonly string[] {
  if (mailbox.type === 'user' || messages === 0) return [];
  if (suggestion === null) {
    return [
      'No field but To and Cc names somebody of yours in most of these messages: the provider may note no recipient.',
      'Mail by Bcc and from lists then needs rules, or goes to the undeliverable mailbox.',
    ];
  }
  const { source, preset, addresses, of } = suggestionDocument(suggestion);
  const named = preset === null ? '' : ` (the preset ${preset})`;
  const isUsed = mailbox.recipientSource.some((one) => isSame(one, suggestion.source));
  return [
    isUsed
      ? `Configured already, and the best by these messages: ${source}${named}`
      : `Suggestion: recipientSource: [${source}, to]${named}`,
    `  It names somebody of yours in ${suggestion.messages} of ${of} messages: ${addresses.join(', ')}`,
    ...(isUsed
      ? []
      : ['  Look whether these are the people they were sent to. It is not used by itself.']),
  ];
}

function isSame(one: RecipientSource, other: RecipientSource): boolean {
  return formatSource(one).toLowerCase() === formatSource(other).toLowerCase();
}
