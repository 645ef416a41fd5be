import { readFile } from 'node:fs/promises';

import type { Plugin } from 'esbuild';

/** `const _h = "http";` at the top of a schema file of the AWS SDK. */
const TEXT_CONSTANT = /^const (_\w*) = "([^"\\]*)";$/gm;
const COMPUTED_KEY = /\[(_\w*)\]:/g;

/**
 * Writes the computed keys of the SDK's schemas as the plain texts they stand for. A computed key might run code as
 * far as a bundler knows, so every operation that we never call stayed in the bundle with its schema: a tenth of it.
 */
export const plainSchemaKeys: Plugin = {
  name: 'plain-schema-keys',
  setup(build) {
    build.onLoad({ filter: /@aws-sdk\/client-[^/]+\/dist-es\/schemas\/schemas_\d+\.js$/ }, (file) =>
      readFile(file.path, 'utf8').then((source) => ({ contents: withPlainKeys(source) })),
    );
  },
};

export function withPlainKeys(source: string): string {
  const texts = new Map(
    [...source.matchAll(TEXT_CONSTANT)].map(([, name = '', text = '']) => [name, text]),
  );
  return source.replaceAll(COMPUTED_KEY, (key, name: string) => {
    const text = texts.get(name);
    return text === undefined ? key : `${JSON.stringify(text)}:`;
  });
}
