import { describe, expect, it } from 'vitest';

import { parseAcceptedDomain } from '../../shared/settings/accepted-domain.ts';
import { PRESET_NAMES } from '../../shared/settings/source-presets.ts';
import { expectSoundDecision } from '../routing/sound-decision.ts';
import { foreignMail } from '../support/foreign-mail.ts';
import { caseInput } from './corpus-case.ts';
import type { CaseSettings } from './corpus-case.ts';

/** Real messages that other projects keep: whatever they hold, each decision is one that may be acted upon. */
const files = foreignMail();

describe.runIf(files.length > 0)('mail that nobody here wrote', () => {
  it.each(files)('$name', ({ message }) => {
    const octets = message();
    const domains = domainsIn(octets);
    const all = manySettings(domains, hostsIn(octets));
    for (const settings of all) expectSoundDecision(caseInput(settings, octets));
    for (const form of [withLineEnds(octets, '\n'), withLineEnds(octets, '\r\n')]) {
      for (const settings of all.slice(0, 2)) expectSoundDecision(caseInput(settings, form));
    }
    expect(all.length).toBeGreaterThan(PRESET_NAMES.length);
  });
});

function withLineEnds(octets: Buffer, end: string): Buffer {
  return Buffer.from(octets.toString('latin1').replace(/\r?\n/g, end), 'latin1');
}

/** What looks like a domain of an address, so that some candidates are accepted and some are not. */
function domainsIn(octets: Buffer): string[] {
  const found = octets.toString('latin1').matchAll(/@([a-z0-9][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+)/gi);
  const names = [...found].map(([, name = '']) => name.toLowerCase());
  const domains = names.filter((name) => parseAcceptedDomain(name) === name);
  return [...new Set([...domains.slice(0, 100), 'corp.example'])].slice(0, 4);
}

function hostsIn(octets: Buffer): string[] {
  const found = octets.toString('latin1').matchAll(/\sby\s+((?:[a-z0-9-]+\.)+[a-z]{2,})/gi);
  return [...new Set([...found].map(([, name = '']) => name.toLowerCase()))].slice(0, 3);
}

function manySettings(domains: readonly string[], hosts: readonly string[]): CaseSettings[] {
  const rules = [
    { when: { any: '@' }, deliverTo: ['rule@partner.example'] },
    { when: { header: { Subject: 'e', 'List-Id': '<' } }, deliverTo: ['list@partner.example'] },
  ];
  const sources = [
    ['to'],
    ['resent', 'to'],
    ...PRESET_NAMES.map((name) => [name, 'to']),
    ...hosts.map((received) => [{ received }, 'to']),
    ...hosts.map((by) => [{ header: 'Delivered-To', by }, { header: 'X-Original-To', by }, 'to']),
    [{ header: 'Delivered-To', position: -1, prefix: 'a' }, { header: 'From' }],
  ];
  const all = sources.map((recipientSource) => ({
    general: { domains },
    mailbox: { recipientSource, rules },
  }));
  const [first = 'corp.example'] = domains;
  return [
    ...all,
    { general: { domains: [`*.${first}`], recipients: [`chris@sub.${first}`] } },
    { general: { domains: [first], delivery: { sender: 'fixed@corp.example' } } },
    { general: { domains, spam: { header: 'X-Spam-Flag', value: 'YES', action: 'hold' } } },
    { mailbox: { type: 'user', deliverTo: ['chris@corp.example', 'kelly@partner.example'] } },
  ];
}
