import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { packedForm, stampOf } from '../../../manager/launch/packed-form.js';
import { makeScratchFolder } from '../../support/scratch-folder.ts';
import type { ScratchFolder } from '../../support/scratch-folder.ts';

describe('the packed form of a program', () => {
  let scratch: ScratchFolder;
  let folder: string;
  let root: string;
  const found = (): string | null => packedForm('program', folder, root);

  beforeEach(() => {
    scratch = makeScratchFolder('packed');
    folder = join(scratch.path, 'packed');
    root = join(scratch.path, 'root');
    for (const made of [folder, root]) mkdirSync(made);
    writeFileSync(join(root, 'one.ts'), 'one');
    writeFileSync(join(root, 'two.ts'), 'two');
    const stamps = ['one.ts', 'two.ts'].map((path) => stampOf(path, root));
    writeFileSync(join(folder, 'program.json'), JSON.stringify(stamps));
  });
  afterEach(() => {
    scratch.remove();
  });

  it('counts while its sources are what it was made of', () => {
    expect(found()).toBe(pathToFileURL(join(folder, 'program.mjs')).href);
  });

  it('does not count once a source was written', () => {
    writeFileSync(join(root, 'two.ts'), 'too long');

    expect(found()).toBeNull();
  });

  it('does not count once a source has another time, be it of the same length', () => {
    utimesSync(join(root, 'one.ts'), new Date(0), new Date(0));

    expect(found()).toBeNull();
  });

  it('does not count once a source is gone', () => {
    rmSync(join(root, 'one.ts'));

    expect(found()).toBeNull();
  });

  it.each([
    ['is half written', '[{"path":"one'],
    ['is something else', '{}'],
  ])('does not count where what it was made of %s', (_, text) => {
    writeFileSync(join(folder, 'program.json'), text);

    expect(found()).toBeNull();
  });

  it('is none where nothing was packed', () => {
    expect(packedForm('stranger', folder, root)).toBeNull();
  });
});
