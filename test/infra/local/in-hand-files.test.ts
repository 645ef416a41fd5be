import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { inHandFiles, takeInHand } from '../../../infra/local/in-hand-files.ts';
import { formatKey } from '../../../shared/mail/message-key.ts';
import { makeScratchFolder } from '../../support/scratch-folder.ts';
import type { ScratchFolder } from '../../support/scratch-folder.ts';

const ONE = { mailbox: 'sales.eu-1', sha256: 'a'.repeat(64) };
const TWO = { mailbox: 'sales', sha256: 'b'.repeat(64) };

let scratch: ScratchFolder;
let folder: string;

beforeEach(() => {
  scratch = makeScratchFolder('in-hand');
  folder = join(scratch.path, 'in-hand');
});

afterEach(() => {
  scratch.remove();
});

test('what was begun and not ended is found by the next owner, once', () => {
  expect(takeInHand(folder)).toEqual(new Set());
  const inHand = inHandFiles(folder);
  inHand.begun(ONE);
  inHand.begun(TWO);
  inHand.ended(TWO);
  inHand.ended(TWO);
  expect(takeInHand(folder)).toEqual(new Set([formatKey(ONE)]));
  expect(takeInHand(folder)).toEqual(new Set());
});

test('a file that is no key is cleared away and says nothing', () => {
  takeInHand(folder);
  writeFileSync(join(folder, 'x'), '');
  expect(takeInHand(folder)).toEqual(new Set());
});
