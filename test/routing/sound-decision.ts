import { expect } from 'vitest';

import { headerFields } from '../../shared/mail/header-block.ts';
import { applyEdits } from '../../shared/mail/header-edits.ts';
import { isAcceptedDomain } from '../../shared/routing/accepted-domains.ts';
import { decide } from '../../shared/routing/decide.ts';
import type { RoutingInput } from '../../shared/routing/decide.ts';
import type { Decision, HeaderEdits } from '../../shared/routing/decision.ts';
import { explainInWords } from '../../shared/routing/explain.ts';

/** Fails unless the decision is one that may be acted upon, whatever the mail holds. */
export function expectSoundDecision(input: RoutingInput): void {
  const { decision, duplicateKey } = decide(input);
  expect(decide(input)).toEqual({ decision, duplicateKey });
  expectSafeRecipients(decision, input);
  expect(decision.mailFrom).toMatch(/^(?:[^\p{Cc}<>]+@[^\p{Cc}<>@]+)?$/u);
  expectCoherentOutcome(decision, input);
  expectSoundEdits(input.header, decision.edits);
  const words = explainInWords(decision);
  for (const line of words) expect(line).not.toMatch(/\p{Cc}/u);
  for (const { address } of decision.recipients) expect(words.join('\n')).toContain(address);
}

/** I6: accepted domains, configured targets, the undeliverable mailbox, and nothing that could end a command. */
function expectSafeRecipients({ recipients }: Decision, input: RoutingInput): void {
  const targets = configuredTargets(input);
  for (const { address } of recipients) {
    expect(address).toMatch(/^[^\p{Cc}<>]+@[^\p{Cc}<>@]+$/u);
    expect(Buffer.byteLength(address)).toBeLessThanOrEqual(254);
    const domain = address.slice(address.lastIndexOf('@') + 1);
    const isOurs = isAcceptedDomain(domain, input.general.domains);
    expect([address, isOurs || targets.has(address)]).toEqual([address, true]);
  }
  const keys = recipients.map(({ address }) => address.toLowerCase());
  expect(new Set(keys).size).toBe(keys.length);
}

function configuredTargets({ mailbox, general }: RoutingInput): ReadonlySet<string> {
  return new Set([
    ...(mailbox.undeliverable === null ? [] : [mailbox.undeliverable]),
    ...(general.undeliverable === null ? [] : [general.undeliverable]),
    ...[...general.aliases.values()].flat(),
    ...(mailbox.type === 'user' ? mailbox.deliverTo : mailbox.rules.flatMap((r) => r.deliverTo)),
  ]);
}

function expectCoherentOutcome(decision: Decision, { mailbox, general }: RoutingInput): void {
  const { outcome, recipients, warnings, ignored, ignoredCount } = decision;
  expect(outcome === 'held').toBe(recipients.length === 0);
  if (outcome === 'held') expect(warnings).toHaveLength(1);
  if (outcome === 'undeliverable') {
    expect(recipients.map(({ address }) => address)).toEqual([
      mailbox.undeliverable ?? general.undeliverable,
    ]);
  }
  expect(ignored.length).toBe(Math.min(ignoredCount, 50));
  for (const { address } of ignored) expect(address).toMatch(/^[^\p{Cc}]+$/u);
}

/** RFC 5322 section 2.1.1; an address is not broken in two, and may have 254 octets. */
const WELL_FOLDED = /^(?:[ -~]{0,78}| for <[!-~]{1,254}>;)$/;

/** I5: every octet outside the planned edits stays, in its place; what is added are whole fields. */
function expectSoundEdits(header: Buffer, edits: HeaderEdits): void {
  const added = edits.add.map((field) => `${field}\r\n`).join('');
  expect([...headerFields(Buffer.from(added))]).toHaveLength(edits.add.length);
  for (const line of added.split('\r\n')) expect(line).toMatch(WELL_FOLDED);
  const sent = applyEdits(header, edits).toString('latin1');
  const after = withoutAdded(sent, edits.add);
  expect(after.replace(/^\r?\n/, '')).toBe(edited(header, edits).replace(/^\r?\n/, ''));
}

function withoutAdded(sent: string, added: readonly string[]): string {
  let rest = sent;
  for (const field of added) {
    for (const line of field.split('\r\n')) {
      expect(rest.slice(0, line.length)).toBe(line);
      rest = rest.slice(line.length).replace(/^\r?\n/, '');
    }
  }
  return rest;
}

/** The same removals and renamings, field by field. */
function edited(header: Buffer, { remove, rename }: HeaderEdits): string {
  const gone = new Set(remove.map((name) => name.toLowerCase()));
  const names = new Map(Object.entries(rename).map(([from, to]) => [from.toLowerCase(), to]));
  let result = '';
  let at = 0;
  for (const field of headerFields(header)) {
    const name = field.name.toLowerCase();
    result += header.toString('latin1', at, field.start);
    const newName = names.get(name) ?? field.name;
    if (!gone.has(name)) result += newName + header.toString('latin1', field.nameEnd, field.end);
    at = field.end;
  }
  return result + header.toString('latin1', at);
}
