import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { pack } from '../../../manager/launch/pack.ts';
import { packedForm } from '../../../manager/launch/packed-form.js';
import type * as SettingsFile from '../../../shared/settings/settings-file.ts';
import { makeScratchFolder } from '../../support/scratch-folder.ts';
import type { ScratchFolder } from '../../support/scratch-folder.ts';

describe('packing a program', () => {
  let scratch: ScratchFolder;

  beforeEach(async () => {
    scratch = makeScratchFolder('pack');
    await pack('settings', 'shared/settings/settings-file.ts', scratch.path);
  });
  afterEach(() => {
    scratch.remove();
  });

  it('makes files that do what the sources do', async () => {
    const url = packedForm('settings', scratch.path);
    const packed = (await import(url ?? 'nothing was packed')) as typeof SettingsFile;

    expect(packed.utf8(Buffer.from('Grüße'))).toBe('Grüße');
    expect(packed.utf8(Buffer.from('Grüße', 'latin1'))).toBeNull();
    expect(await packed.readSettingsFile(scratch.path)).toMatchObject({ found: false });
  });

  it('notes every source and the versions of the libraries, and no library itself', () => {
    const text = readFileSync(join(scratch.path, 'settings.json'), 'utf8');
    const paths = (JSON.parse(text) as { path: string }[]).map(({ path }) => path);

    expect(paths).toContain('shared/settings/settings-file.ts');
    expect(paths).toContain('shared/settings/schema.ts');
    expect(paths).toContain('package-lock.json');
    expect(paths.filter((path) => path.includes('node_modules'))).toEqual([]);
  });

  it('leaves none that counts when it fails', async () => {
    await expect(pack('settings', 'shared/no-such-file.ts', scratch.path)).rejects.toThrow(
      'no-such-file',
    );

    expect(packedForm('settings', scratch.path)).toBeNull();
    expect(readdirSync(scratch.path)).not.toContain('settings.json');
  });
});
