import { describe, expect, it } from 'vitest';
import type { Problem, SettingsSource } from '../../shared/settings/settings.ts';
import { sampleDocument } from '../settings/sample-document.ts';

/** A place for one configuration, and what may happen to it. */
export interface SettingsHarness extends AsyncDisposable {
  /** Opens it as a started program does; what an earlier one kept as the last good one is there. */
  open(): SettingsSource;
  /** Replaces the whole configuration. */
  write(document: Readonly<Record<string, unknown>>): Promise<void>;
  /** Makes it something that cannot even be parsed. */
  garble(): Promise<void>;
  /** All that was kept as the last good one, as text; null: nothing. */
  kept(): Promise<string | null>;
}

/** What any `SettingsSource` promises. */
export function settingsSourceContract(
  name: string,
  makeHarness: () => Promise<SettingsHarness>,
): void {
  describe(`${name} is a settings source`, () => {
    it('reads what is there, and what comes later', async () => {
      await using harness = await makeHarness();
      const document = sampleDocument();
      await harness.write(document);
      const source = harness.open();
      const first = await source.read();
      expect([...first.mailboxes.keys()]).toEqual(['chris', 'everyone']);
      expect(first.problems).toEqual([]);

      document.mailboxes['kelly'] = { ...document.mailboxes.chris, username: 'kelly' };
      document['logLevel'] = 'debug';
      await harness.write(document);
      const second = await source.read();
      expect([...second.mailboxes.keys()]).toEqual(['chris', 'everyone', 'kelly']);
      expect(second.general.logLevel).toBe('debug');
    });

    it('stops a broken mailbox alone, until it is mended', async () => {
      await using harness = await makeHarness();
      const document = sampleDocument();
      await harness.write(document);
      const source = harness.open();
      await source.read();

      document.mailboxes.chris['prot'] = 995;
      await harness.write(document);
      const broken = await source.read();
      expect([...broken.mailboxes.keys()]).toEqual(['everyone']);
      expect(pathsOf(broken.broken.get('chris'))).toEqual(['mailboxes.chris.prot']);
      expect(pathsOf(broken.problems)).toEqual(['mailboxes.chris.prot']);

      Reflect.deleteProperty(document.mailboxes.chris, 'prot');
      await harness.write(document);
      const mended = await source.read();
      expect([...mended.mailboxes.keys()]).toEqual(['chris', 'everyone']);
      expect(mended.broken.size).toBe(0);
      expect(mended.problems).toEqual([]);
    });

    it('keeps the last good general settings, and takes up mailboxes beside a broken one', async () => {
      await using harness = await makeHarness();
      const document = sampleDocument();
      await harness.write(document);
      const source = harness.open();
      await source.read();

      document['undeliverable'] = 'nobody';
      document['logLevel'] = 'debug';
      document.mailboxes['kelly'] = { ...document.mailboxes.chris, username: 'kelly' };
      await harness.write(document);
      const { general, mailboxes, problems } = await source.read();
      expect(general).toMatchObject({ undeliverable: 'admin@corp.example', logLevel: 'info' });
      expect([...mailboxes.keys()]).toEqual(['chris', 'everyone', 'kelly']);
      expect(mailboxes.get('everyone')).toMatchObject({ undeliverable: 'admin@corp.example' });
      expect(pathsOf(problems)).toEqual(['undeliverable']);
    });

    it('keeps everything while nothing can be parsed', async () => {
      await using harness = await makeHarness();
      const document = sampleDocument();
      document.mailboxes['old'] = { type: 'user' };
      await harness.write(document);
      const source = harness.open();
      const good = await source.read();

      await harness.garble();
      const { general, mailboxes, broken, problems } = await source.read();
      expect(general).toEqual(good.general);
      expect(mailboxes).toEqual(good.mailboxes);
      expect([...broken.keys()]).toEqual(['old']);
      expect(problems.length).toBeGreaterThan(good.problems.length);

      await harness.write(sampleDocument());
      expect((await source.read()).problems).toEqual([]);
    });

    it('remembers the last good ones over a restart', async () => {
      await using harness = await makeHarness();
      const document = sampleDocument();
      document.mailboxes['old'] = { type: 'user' };
      await harness.write(document);
      const good = await harness.open().read();

      await harness.garble();
      const { general, mailboxes, broken, problems } = await harness.open().read();
      expect(general).toEqual(good.general);
      expect(mailboxes).toEqual(good.mailboxes);
      // Still there and broken: its mail has to wait, not to be held as that of a removed mailbox.
      expect([...broken.keys()]).toEqual(['old']);
      expect(problems.length).toBeGreaterThan(0);
    });

    it('remembers the general ones when these are broken at a restart', async () => {
      await using harness = await makeHarness();
      const document = sampleDocument();
      await harness.write(document);
      await harness.open().read();

      document['undeliverable'] = 'nobody';
      Reflect.deleteProperty(document.mailboxes, 'chris');
      await harness.write(document);
      const { general, mailboxes } = await harness.open().read();
      expect(general.undeliverable).toBe('admin@corp.example');
      expect([...mailboxes.keys()]).toEqual(['everyone']);

      await harness.garble();
      const garbled = await harness.open().read();
      expect(garbled.general.undeliverable).toBe('admin@corp.example');
      expect([...garbled.mailboxes.keys()]).toEqual(['everyone']);
    });

    it('fails for good when there is nothing usable, and says all that is wrong', async () => {
      await using harness = await makeHarness();
      await harness.write({ ...sampleDocument(), undeliverable: 'nobody', logLevel: 'loud' });
      const source = harness.open();
      await expect(source.read()).rejects.toMatchObject({
        kind: 'settings',
        permanence: 'permanent',
      });
      await expect(source.read()).rejects.toThrow(/^undeliverable: .*\nlogLevel: /);
      expect(await harness.kept()).toBeNull();
      await harness.write(sampleDocument());
      expect((await source.read()).mailboxes.size).toBe(2);
    });

    it('keeps no secret', async () => {
      await using harness = await makeHarness();
      const document = sampleDocument();
      Object.assign(document.mailboxes.chris, { password: 'hunter2' });
      document.mailboxes['mistyped'] = { ...document.mailboxes.chris, pasword: 'hunter2' };
      await harness.write(document);
      const { mailboxes } = await harness.open().read();
      expect(mailboxes.get('chris')?.password).toEqual({ kind: 'plain', value: 'hunter2' });
      expect(await harness.kept()).toContain('"everyone"');
      expect(await harness.kept()).not.toContain('hunter2');

      await harness.garble();
      const recalled = await harness.open().read();
      expect([...recalled.mailboxes.keys()]).toEqual(['everyone']);
      expect([...recalled.broken.keys()]).toEqual(['chris', 'mistyped']);
    });
  });
}

function pathsOf(problems: readonly Problem[] | undefined): readonly string[] {
  return (problems ?? []).map(({ path }) => path);
}
