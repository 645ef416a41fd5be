import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatProblem } from '../../shared/settings/problem.ts';
import { parseSettings } from '../../shared/settings/schema.ts';
import { formatSource, PRESET_NAMES, presetSources } from '../../shared/settings/source-presets.ts';
import { sampleDocument } from './sample-document.ts';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const fragments = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
const general = ['domains', 'delivery', 'aliases', 'recipients', 'mailboxes'];
const wholeSettings = fragments.filter((text) => general.some((key) => text.startsWith(`${key}:`)));

describe('docs/oauth.md', () => {
  const oauthPage = readFileSync(new URL('../../docs/oauth.md', import.meta.url), 'utf8');
  const entries = [...oauthPage.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);

  it('shows a valid mailbox for each way in', () => {
    expect(entries).toHaveLength(3);
    for (const text of entries) {
      const document = { ...sampleDocument(), ...(parse(text) as object) };
      expect(parseSettings(document, {}).problems.map(formatProblem)).toEqual([]);
    }
  });
});

describe('docs/configuration.md', () => {
  it.each(wholeSettings)('shows what is valid: %j', (text) => {
    const document = { ...sampleDocument(), ...(parse(text) as object) };
    expect(parseSettings(document, {}).problems.map(formatProblem)).toEqual([]);
  });

  it('has an example of each of these', () => {
    for (const key of general) {
      expect(
        wholeSettings.some((text) => text.startsWith(`${key}:`)),
        key,
      ).toBe(true);
    }
  });

  it('shows a schedule that is valid', () => {
    const document = sampleDocument();
    const schedules = fragments.filter((text) => text.startsWith('schedule:'));
    expect(schedules).toHaveLength(1);
    Object.assign(document.mailboxes.chris, parse(schedules[0] ?? '') as object);
    expect(parseSettings(document, {}).problems).toEqual([]);
  });

  it.each(['recipientSource', 'rules', 'spam'])('shows %s that are valid', (key) => {
    const shown = fragments.filter((text) => text.startsWith(`${key}:`));
    expect(shown).toHaveLength(1);
    const document = sampleDocument();
    Object.assign(document.mailboxes.everyone, parse(shown[0] ?? '') as object);
    expect(parseSettings(document, {}).problems.map(formatProblem)).toEqual([]);
  });

  it('says what each preset stands for', () => {
    for (const name of PRESET_NAMES) {
      const row = page
        .split('\n')
        .find((line) => line.startsWith('| ') && line.split('|')[1]?.includes(`\`${name}\``));
      const sources = presetSources(name) ?? [];
      expect(row?.split('|')[2]?.trim(), name).toBe(`\`${sources.map(formatSource).join(', ')}\``);
    }
  });

  it('shows errors as they are', () => {
    const document = sampleDocument();
    document.mailboxes['sales'] = { ...document.mailboxes.chris, prot: 1 };
    document.delivery.smtp['tls'] = 'none';
    const lines = parseSettings(document, {}).problems.map(formatProblem);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(page.split('\n')).toContain(line);
  });
});
