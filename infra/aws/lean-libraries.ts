import { readFile } from 'node:fs/promises';

import type { OnLoadResult, Plugin } from 'esbuild';

/**
 * Takes out of libraries what no function ever calls, and a bundler keeps since something names it: zod's writing of
 * JSON schemas (each kind of schema names its part of it), the event streams of S3 Select (each S3 client is given
 * them), nodemailer's fetching of attachments from the web (we hand it octets), digests in
 * JavaScript (Node has its own), the cache of DynamoDB's endpoint discovery (nobody switches it on), and all of a client's package.json but its version. What is left in its place throws when it is called.
 */
export const leanLibraries: Plugin = {
  name: 'lean-libraries',
  setup(build) {
    for (const { filter, contents } of REPLACEMENTS) {
      build.onLoad({ filter }, async (file) => contents(await readFile(file.path, 'utf8')));
    }
  },
};

/** Takes out nodemailer's fetching alone: of the others a command may have need. */
export const noFetching: Plugin = {
  name: 'no-fetching',
  setup(build) {
    build.onLoad({ filter: FETCHING }, () => ({ contents: NO_FETCHING }));
  },
};

const FETCHING = /\/nodemailer\/dist\/esm\/fetch\/index\.js$/;

interface Replacement {
  readonly filter: RegExp;
  readonly contents: (source: string) => OnLoadResult;
}

const REPLACEMENTS: readonly Replacement[] = [
  {
    filter: /\/zod\/v4\/core\/(?:json-schema-processors|to-json-schema)\.js$/,
    contents: (source) => ({ contents: withoutJsonSchema(source) }),
  },
  {
    filter: /\/@smithy\/core\/dist-es\/submodules\/event-streams\/index\.js$/,
    contents: () => ({ contents: NO_EVENT_STREAMS }),
  },
  {
    filter: FETCHING,
    contents: () => ({ contents: NO_FETCHING }),
  },
  {
    filter: /\/Sha(?:1|256|512)Js\.js$/,
    contents: (source) => ({ contents: withoutClass(source) }),
  },
  {
    filter: /\/mnemonist\/lru-cache\.js$/,
    contents: () => ({ contents: NO_CACHE }),
  },
  {
    filter: /\/@aws-sdk\/[^/]+\/package\.json$/,
    contents: (source) => ({ contents: versionAlone(source), loader: 'json' }),
  },
];

/** The exported names, each a function that refuses; those that make a method for every schema give one. */
function withoutJsonSchema(source: string): string {
  const names = [...source.matchAll(/^export (?:const|function) (\w+)/gm)].map(
    ([, name = '']) => name,
  );
  const refuse = `const refuse = () => { throw new Error('this bundle has no JSON schemas'); };`;
  const exported = names.map(
    (name) => `export const ${name} = ${name.startsWith('create') ? '() => refuse' : 'refuse'};`,
  );
  return [refuse, ...exported].join('\n');
}

const NO_EVENT_STREAMS = `
const refuse = () => { throw new Error('this bundle has no event streams'); };
export const resolveEventStreamSerdeConfig = (config) => config;
export { refuse as eventStreamSerdeProvider, refuse as EventStreamSerde };
`;

const NO_FETCHING = `
export default () => { throw new Error('this bundle fetches nothing from the web'); };
`;

/** The one exported class, which refuses to be made. */
function withoutClass(source: string): string {
  const name = /^export class (\w+)/m.exec(source)?.[1];
  if (name === undefined) throw new Error('expected a file that exports a class');
  const made = `constructor() { throw new Error('this bundle has no ${name}'); }`;
  return `export class ${name} { ${made} }`;
}

/** It is made with each client, and asked when a client discovers endpoints. */
const NO_CACHE = `
const refuse = () => { throw new Error('this bundle discovers no endpoints'); };
export default class { get = refuse; has = refuse; set = refuse; peek = refuse; clear = refuse; }
`;

function versionAlone(source: string): string {
  const { version } = JSON.parse(source) as { readonly version: string };
  return JSON.stringify({ version });
}
