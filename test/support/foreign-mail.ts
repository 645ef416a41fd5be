import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A message of somebody else's collection; read when it is asked for. */
export interface ForeignMessage {
  readonly name: string;
  readonly message: () => Buffer;
}

/**
 * The messages of a folder outside this repository, `MAILFERRY_CORPUS` or the one beside the checkout; none of them is
 * ours to keep here. Says in a line when there are none.
 */
export function foreignMail(
  folder: string = process.env['MAILFERRY_CORPUS'] ??
    fileURLToPath(new URL('../../../shared/corpus', import.meta.url)),
): readonly ForeignMessage[] {
  const names = globSync('**/*.eml', { cwd: folder }).sort();
  if (names.length === 0) console.info(`skipped: no messages (*.eml) in ${folder}`);
  return names.map((name) => ({ name, message: () => readFileSync(`${folder}/${name}`) }));
}

/** The environment of a process that is to read that folder. */
export function readingFrom(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, MAILFERRY_CORPUS: folder };
}
