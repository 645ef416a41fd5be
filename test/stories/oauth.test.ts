import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { install } from '../support/mailferry-run.ts';
import { runMailferry } from '../support/mailferry-command.ts';
import type { CommandResult } from '../support/mailferry-command.ts';
import { makeSurroundings, PASSWORD } from '../support/provider-and-server.ts';
import type { Surroundings } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { USUAL_CAPABILITIES } from '../support/scripted-pop3-server.ts';
import { startTokenEndpoint } from '../support/token-endpoint.ts';
import type { ScriptedTokenEndpoint } from '../support/token-endpoint.ts';

/** The scripted provider takes the user's password for the access token. */
const ACCESS_TOKEN = PASSWORD;

/**
 * A mailbox by OAuth, from command to command: each is a process of its own, which has nothing but the data folder
 * and the secrets file. What this does not prove: that Microsoft and Google answer as their documents say.
 */
let world: Surroundings;
let endpoint: ScriptedTokenEndpoint;
/** The one refresh token that is good now, for one request. */
let valid: string;
let commands: CommandResult[];
let dataFolder: string;

beforeEach(async () => {
  let rotations = 0;
  valid = 'refresh-signed-in';
  commands = [];
  endpoint = await startTokenEndpoint(({ refresh_token: used }) => {
    if (used !== valid) return { status: 400, json: { error: 'invalid_grant' } };
    rotations += 1;
    valid = `refresh-rotated-${rotations}`;
    return { json: { access_token: ACCESS_TOKEN, expires_in: 3600, refresh_token: valid } };
  });
  world = await makeSurroundings({
    mails: { chris: [sampleMessage('chris@provider.example', 'one')] },
    capabilities: [...USUAL_CAPABILITIES.filter((one) => one !== 'SASL PLAIN'), 'SASL XOAUTH2'],
    configuration: ({ mailboxes, ...usual }) => ({
      ...usual,
      mailboxes: {
        chris: {
          ...mailboxes['chris'],
          password: null,
          oauth: {
            ...{ provider: 'custom', clientId: 'app', tokenUrl: endpoint.url },
            clientSecret: { secret: 'app' },
            refreshToken: { secret: 'chris-token' },
          },
        },
      },
    }),
  });
});

afterEach(async () => {
  await world.close();
  await endpoint.close();
});

async function command(words: readonly string[], refreshToken: string): Promise<CommandResult> {
  const secrets = { app: 'client-secret-of-app', 'chris-token': refreshToken };
  const { common, dataFolder: data } = install(world.folder, world.configured, secrets);
  dataFolder = data;
  const result = await runMailferry([...words, ...common]);
  commands.push(result);
  return result;
}

function usedTokens(): readonly (string | undefined)[] {
  return endpoint.forms.map((form) => form['refresh_token']);
}

test('mail is fetched by access tokens, rotated refresh tokens are kept, and a new one wins', async () => {
  const first = await command(['run', '--once', '--json'], 'refresh-signed-in');
  expect(first.status, first.stderr).toBe(0);
  expect(JSON.parse(first.stdout)).toMatchObject({ messages: { fetched: 1, delivered: 1 } });
  expect(world.pop3.logins).toMatchObject([{ mechanism: 'XOAUTH2', accepted: true }]);

  // Another command has what the first one kept.
  const looked = await command(
    ['explain', '--mailbox', 'chris', '--last', '1', '--json'],
    'refresh-signed-in',
  );
  expect(looked.status, looked.stderr).toBe(0);
  world.pop3.addMail('chris', sampleMessage('chris@provider.example', 'two'));
  const second = await command(['run', '--once', '--json'], 'refresh-signed-in');
  expect(JSON.parse(second.stdout)).toMatchObject({ messages: { delivered: 1 } });
  expect(usedTokens()).toEqual(['refresh-signed-in', 'refresh-rotated-1', 'refresh-rotated-2']);

  // Somebody signed in elsewhere: the provider has revoked the chain.
  valid = 'refresh-signed-in-again';
  const refused = await command(['run', '--once', '--json'], 'refresh-signed-in');
  expect(refused.status).toBe(1);
  const failed = JSON.parse(refused.stdout) as { mailboxes: { error: unknown }[] };
  expect(failed.mailboxes[0]?.error).toEqual({
    kind: 'login',
    message: expect.stringMatching(
      /invalid_grant.*sign in again and put the new refresh token into the secret chris-token$/,
    ) as unknown,
  });
  const mended = await command(['run', '--once', '--json'], 'refresh-signed-in-again');
  expect(mended.status, mended.stderr).toBe(0);

  const kept = readFileSync(join(dataFolder, 'oauth', 'chris-token.json'), 'utf8');
  expect(kept).toContain('"refresh-rotated-4"');
  const printed = commands.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  expect(printed).not.toMatch(/refresh-(?:signed|rotated)|client-secret-of-app/);
  expect(printed).not.toContain(ACCESS_TOKEN);
});
