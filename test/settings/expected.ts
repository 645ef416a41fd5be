import { formatProblem } from '../../shared/settings/problem.ts';
import type { ParsedSettings } from '../../shared/settings/schema.ts';
import type { Problem } from '../../shared/settings/settings.ts';
import { sampleDocument } from './sample-document.ts';
import type { SampleDocument } from './sample-document.ts';

export function changed(change: (document: SampleDocument) => void): SampleDocument {
  const document = sampleDocument();
  change(document);
  return document;
}

export function linesOf(
  problems: readonly Problem[] | undefined,
  severity: Problem['severity'],
): string[] {
  return (problems ?? []).filter((problem) => problem.severity === severity).map(formatProblem);
}

export const errorsOf = (parsed: ParsedSettings): string[] => linesOf(parsed.problems, 'error');
export const warningsOf = (parsed: ParsedSettings): string[] => linesOf(parsed.problems, 'warning');

/** Different ones. */
export function someAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `u${index}@corp.example`);
}

export const ADDRESS = 'a mail address such as chris@corp.example';
export const ADDRESSES = 'a list of mail addresses, such as [chris@corp.example]';
export const TEXT = 'a text without line breaks and NUL';
export const SECRET = '{ secret: name }, or the password itself as a text without line breaks';
export const HOST = 'a host name or an IP address, without port, such as pop.provider.example';
export const PORT = 'a whole number from 1 to 65535';
export const BLOCK = 'a block of settings (key: value)';
export const SOURCE =
  'to, resent, the name of a preset, { header: Name, position: 1 } or { received: provider.example }';
export const PRESETS =
  'presets are postfix, qmail, exim, cpanel, gmx, ionos, gmx-ionos, yahoo, zoho, gmail, workspace, fastmail, mdaemon, communigate, sendmail, kerio, hmailserver, mercury';
export const CLEAR =
  'implicit or starttls, or "allowCleartext: true" beside it, since the host is not this machine';

/** A change that makes a sound document wrong, and the line that says so. */
export type Case = readonly [change: (document: SampleDocument) => unknown, line: string];
