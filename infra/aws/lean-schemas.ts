import { readFile } from 'node:fs/promises';

import type { Plugin } from 'esbuild';

/** `const _h = "http";` at the top of a schema file of the AWS SDK. */
const TEXT_CONSTANT = /^const (_\w*) = "([^"\\]*)";$/gm;
const COMPUTED_KEY = /\[(_\w*)\]:/g;
/** `n0_registry.registerError(ParameterNotFound$, ParameterNotFound);` */
const REGISTERED_ERROR = /^\w+_registry\.registerError\(\w+\$, (\w+)\);\n/gm;

/**
 * Errors that our code asks for by class. All others it tells apart by name, which an error has without its class:
 * the SDK then makes its service's general exception of it, under the name that the service gave.
 */
export const ERRORS_BY_CLASS: ReadonlySet<string> = new Set([
  'ConditionalCheckFailedException',
  'ParameterAlreadyExists',
  'ParameterNotFound',
]);

/**
 * Takes out of the SDK's schema files what a bundler has to keep though nobody calls it: computed keys, which might run
 * code as far as it knows, so that each operation's schema stayed; and the registration of every error of a service
 * (SSM has 140), each with its class and schema. Together a quarter of a function's bundle.
 */
export const leanSchemas: Plugin = {
  name: 'lean-schemas',
  setup(build) {
    build.onLoad({ filter: /@aws-sdk\/client-[^/]+\/dist-es\/schemas\/schemas_\d+\.js$/ }, (file) =>
      readFile(file.path, 'utf8').then((source) => ({
        contents: withoutErrors(withPlainKeys(source)),
      })),
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

/** A service's general exception stays: errors without a class of their own are made of it. */
export function withoutErrors(source: string): string {
  return source.replaceAll(REGISTERED_ERROR, (line, name: string) =>
    ERRORS_BY_CLASS.has(name) || name.endsWith('ServiceException') ? line : '',
  );
}
