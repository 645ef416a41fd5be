import { formatPlace, nearestKey } from './problem.ts';
import { isBlock, valueAt } from './schema-fields.ts';
import type { HeaderSource, RecipientSource } from './settings.ts';

/**
 * How mail systems write the envelope's recipient, by the name of the system. A preset stands for sources that
 * anybody could write out, and for no guess: `to` is not among them. Where a system writes nothing by default (Exchange,
 * Microsoft 365), or what it writes is not known for certain, there is none; `explain --last` shows what is there.
 */
const PRESETS: Readonly<Record<string, readonly RecipientSource[]>> = {
  // local(8), pipe(8), virtual(8): the address as Postfix got it. Delivered-To names the pickup box.
  postfix: [topmost('X-Original-To')],
  // qmail-local(8); vpopmail and Plesk put a prefix before the local part, which is another for each domain.
  qmail: [topmost('Delivered-To')],
  // The option envelope_to_add of its transports; may hold several addresses.
  exim: [topmost('Envelope-to')],
  // Exim, then Dovecot by LMTP: a Received of its own, and a Delivered-To with the pickup box, stand above.
  cpanel: [topmost('Envelope-to')],
  // Written at the end of the header, below From and To: a forged one stands above it.
  gmx: [last('Envelope-To')],
  ionos: [last('Envelope-To')],
  'gmx-ionos': [last('Envelope-To')],
  // `chris@corp.example via 192.0.2.45; date`
  yahoo: [topmost('X-Apparently-To')],
  zoho: [topmost('Delivered-To')],
  // Written where the administrator has ticked it for the catch-all; Delivered-To names the pickup box.
  gmail: [topmost('X-Gm-Original-To')],
  workspace: [topmost('X-Gm-Original-To')],
  fastmail: [topmost('X-Delivered-To')],
  mdaemon: [topmost('X-MDaemon-Deliver-To')],
  communigate: [topmost('X-Real-To')],
  // The usual name in recipes for procmail.
  sendmail: [topmost('X-Envelope-To')],
  kerio: [topmost('X-Envelope-To')],
  // The option "Add Delivered-To header": the address as it was written.
  hmailserver: [topmost('Delivered-To')],
  mercury: [topmost('X-Deliver-To')],
};

export const PRESET_NAMES: readonly string[] = Object.keys(PRESETS);

/** The sources that a preset stands for; undefined: no such preset. */
export function presetSources(name: string): readonly RecipientSource[] | undefined {
  return Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
}

/** Names with a hyphen inside: those of nearly all fields that providers write. */
const HEADER_NAME = /^[a-z]+(?:-[a-z]+)+$/i;

/** What to do about the name of a preset that there is not. */
export function presetHint(name: string): string {
  const nearest = nearestKey(name, ['to', 'resent', ...PRESET_NAMES]);
  const known = `presets are ${PRESET_NAMES.join(', ')}`;
  if (nearest !== undefined) return `did you mean "${nearest}"? ${known}`;
  return HEADER_NAME.test(name) ? `for a header field write { header: ${name} }; ${known}` : known;
}

/** The first preset that stands for just this source; null: none does. */
export function presetFor(source: RecipientSource): string | null {
  const written = formatSource(source).toLowerCase();
  const found = Object.entries(PRESETS).find(
    ([, [only, ...others]]) =>
      only !== undefined && others.length === 0 && formatSource(only).toLowerCase() === written,
  );
  return found?.[0] ?? null;
}

export interface UsedPreset {
  /** Where it stands: `mailboxes.everyone.recipientSource[0]`. */
  readonly path: string;
  readonly preset: string;
  /** What it stands for, as one would write it. */
  readonly sources: readonly string[];
}

/** The presets that a configuration uses, in its order. */
export function presetsIn(document: unknown): readonly UsedPreset[] {
  const mailboxes = valueAt(document, ['mailboxes']);
  return Object.keys(isBlock(mailboxes) ? mailboxes : {}).flatMap((id) => {
    const place = ['mailboxes', id, 'recipientSource'];
    const value = valueAt(document, place);
    const named: readonly unknown[] = Array.isArray(value) ? value : [value];
    return named.flatMap((preset, index): UsedPreset[] => {
      const sources = typeof preset === 'string' ? presetSources(preset) : undefined;
      if (sources === undefined) return [];
      const path = formatPlace(Array.isArray(value) ? [...place, index] : place);
      return [{ path, preset: String(preset), sources: sources.map(formatSource) }];
    });
  });
}

/** A source as one writes it: `{ header: X-Original-To, position: 1 }`. */
export function formatSource(source: RecipientSource): string {
  switch (source.kind) {
    case 'header': {
      const { header, position, prefix, by } = source;
      const fields = [`header: ${header}`, `position: ${position}`];
      if (prefix !== null) fields.push(`prefix: ${JSON.stringify(prefix)}`);
      if (by !== null) fields.push(`by: ${by}`);
      return `{ ${fields.join(', ')} }`;
    }
    case 'received':
      return `{ received: ${source.by} }`;
    case 'to':
    case 'resent':
      return source.kind;
  }
}

function topmost(header: string): HeaderSource {
  return { kind: 'header', header, position: 1, prefix: null, by: null };
}

function last(header: string): HeaderSource {
  return { ...topmost(header), position: -1 };
}
