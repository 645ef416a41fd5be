import { globSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { build } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';

import {
  ERRORS_BY_CLASS,
  leanSchemas,
  withoutErrors,
  withPlainKeys,
} from '../../../infra/aws/lean-schemas.ts';
import { makeScratchFolder } from '../../support/scratch-folder.ts';

const ROOT = join(import.meta.dirname, '../../..');
const scratch = makeScratchFolder('lean');
afterAll(() => {
  scratch.remove();
});

test('a computed key that stands for a text becomes that text, any other stays', () => {
  const source =
    'const _h = "http";\nconst other = 1;\nexport var a = [{ [_h]: 1, [_x]: 2 }, [_h]];';
  expect(withPlainKeys(source)).toBe(
    'const _h = "http";\nconst other = 1;\nexport var a = [{ "http": 1, [_x]: 2 }, [_h]];',
  );
});

test('errors that nobody asks for by class are not registered; the general exception is', () => {
  const kept = [
    '_s_registry.registerError(SSMServiceException$, SSMServiceException);',
    'n0_registry.registerError(ParameterNotFound$, ParameterNotFound);',
    'export var InvalidRole$ = [-3, n0, _IR];',
  ];
  const source = [...kept, 'n0_registry.registerError(InvalidRole$, InvalidRole);', ''].join('\n');
  expect(withoutErrors(source)).toBe([...kept, ''].join('\n'));
});

test('every error class that our code takes from the SDK is among those that stay', () => {
  const files = globSync('{shared,functions,infra/aws/runtime}/**/*.ts', { cwd: ROOT });
  const imports = files.flatMap((file) => [
    ...readFileSync(join(ROOT, file), 'utf8').matchAll(
      /import \{([^}]*)\} from '@aws-sdk\/client-/g,
    ),
  ]);
  const names = imports.flatMap(([, list = '']) => list.split(',').map((name) => name.trim()));
  const errors = names.filter((name) => /(Exception|NotFound|Exists|NoSuch\w+|Error)$/.test(name));
  expect(errors.length).toBeGreaterThan(0);
  expect(errors.filter((name) => !ERRORS_BY_CLASS.has(name))).toEqual([]);
});

describe('a bundled client', () => {
  test('tells an error without a class by the name that the service gave, and one with a class by both', async () => {
    const server = createServer((request, response) => {
      request.resume();
      const { 'x-amz-target': target = '' } = request.headers;
      const type = String(target).endsWith('PutParameter')
        ? 'ParameterLimitExceeded'
        : 'ParameterNotFound';
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ __type: type, message: 'as the service says' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const { errorsOf } = await bundledProbe();
      expect(await errorsOf(`http://127.0.0.1:${port}`)).toEqual([
        ['ParameterLimitExceeded', 'as the service says', false],
        ['ParameterNotFound', 'as the service says', true],
      ]);
    } finally {
      server.close();
    }
  });
});

interface Probe {
  readonly errorsOf: (endpoint: string) => Promise<readonly (readonly [string, string, boolean])[]>;
}

async function bundledProbe(): Promise<Probe> {
  const contents = `
    import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
    export async function errorsOf(endpoint) {
      const credentials = { accessKeyId: 'example', secretAccessKey: 'example' };
      const ssm = new SSMClient({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 });
      const commands = [
        new PutParameterCommand({ Name: 'a', Value: 'b' }),
        new GetParameterCommand({ Name: 'a' }),
      ];
      const errors = [];
      for (const command of commands) {
        await ssm.send(command).catch((error) => {
          errors.push([error.name, error.message, error instanceof ParameterNotFound]);
        });
      }
      ssm.destroy();
      return errors;
    }`;
  const outfile = join(scratch.path, 'probe.mjs');
  await build({
    stdin: { contents, resolveDir: ROOT },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    plugins: [leanSchemas],
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
    },
    logLevel: 'silent',
  });
  return (await import(pathToFileURL(outfile).href)) as Probe;
}
