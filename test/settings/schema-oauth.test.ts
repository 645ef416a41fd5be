import { describe, expect, it } from 'vitest';

import { parseSettings } from '../../shared/settings/schema.ts';
import { changed, errorsOf, SECRET, TEXT, warningsOf } from './expected.ts';

type Entry = Readonly<Record<string, unknown>>;

const MICROSOFT = {
  provider: 'microsoft',
  clientId: 'app-1',
  refreshToken: { secret: 'chris-token' },
} as const;
const GOOGLE = {
  ...{ provider: 'google', clientId: 'app-2' },
  clientSecret: { secret: 'app' },
  refreshToken: { secret: 'chris-token' },
} as const;
const CUSTOM = {
  ...{ provider: 'custom', clientId: 'app-3' },
  tokenUrl: 'https://id.corp.example/token',
  refreshToken: { secret: 'chris-token' },
} as const;
/** As an organisation lets an application in to all of its mailboxes. */
const APPLICATION = {
  ...{ provider: 'microsoft', clientId: 'app-1', tenant: 'corp.example' },
  ...{ grant: 'client_credentials', clientSecret: { secret: 'app' } },
} as const;

function parsed(oauth: Entry, mailbox: Entry = {}) {
  return parseSettings(
    changed(({ mailboxes }) => {
      Object.assign(mailboxes.chris, { password: undefined, oauth, ...mailbox });
    }),
    {},
  );
}

describe('an oauth block', () => {
  const named = (name: string) => ({ kind: 'named', name });

  it.each([
    [
      MICROSOFT,
      {
        tokenUrl: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
        scope: 'https://outlook.office365.com/POP.AccessAsUser.All offline_access',
        ...{ grant: 'refresh_token', clientSecret: null },
        refreshToken: named('chris-token'),
      },
    ],
    [
      APPLICATION,
      {
        tokenUrl: 'https://login.microsoftonline.com/corp.example/oauth2/v2.0/token',
        scope: 'https://outlook.office365.com/.default',
        ...{ grant: 'client_credentials', clientSecret: named('app'), refreshToken: null },
      },
    ],
    [
      GOOGLE,
      {
        tokenUrl: 'https://oauth2.googleapis.com/token',
        scope: 'https://mail.google.com/',
        ...{ grant: 'refresh_token', clientSecret: named('app') },
      },
    ],
    [
      CUSTOM,
      {
        tokenUrl: 'https://id.corp.example/token',
        ...{ scope: null, grant: 'refresh_token', clientSecret: null },
      },
    ],
    [{ ...CUSTOM, scope: 'pop' }, { scope: 'pop' }],
    [
      { ...MICROSOFT, tokenUrl: 'https://login.microsoftonline.us/x/oauth2/v2.0/token' },
      { tokenUrl: 'https://login.microsoftonline.us/x/oauth2/v2.0/token' },
    ],
    [{ ...CUSTOM, tokenUrl: 'http://[::1]:8080/token' }, { tokenUrl: 'http://[::1]:8080/token' }],
  ])('%j', (oauth, expected) => {
    for (const auth of ['auto', 'xoauth2', 'oauthbearer'] as const) {
      const { problems, mailboxes } = parsed(oauth, { auth });
      expect(problems).toEqual([]);
      const mailbox = mailboxes?.get('chris');
      expect(mailbox).toMatchObject({ auth, password: null });
      expect(mailbox?.oauth).toMatchObject({ ...expected, clientId: oauth.clientId });
    }
  });

  it.each([
    [
      { ...GOOGLE, grant: 'password' },
      'oauth.grant: expected refresh_token or client_credentials, got "password"',
    ],
    [
      { ...MICROSOFT, provider: 'yahoo' },
      'oauth.provider: expected microsoft, google or custom, got "yahoo"',
    ],
    [{ ...MICROSOFT, clientId: null }, `oauth.clientId: expected ${TEXT}, got nothing`],
    [{ ...MICROSOFT, clientId: 'a\nb' }, `oauth.clientId: expected ${TEXT}, got "a\\nb"`],
    [
      { ...MICROSOFT, clientSecret: 'hunter2\n' },
      `oauth.clientSecret: expected ${SECRET}, got a text`,
    ],
    [
      { ...MICROSOFT, tenant: 'corp/../common' },
      'oauth.tenant: expected the tenant: its id or domain, common, organizations or consumers, got "corp/../common"',
    ],
    [
      { ...MICROSOFT, refreshToken: null },
      'oauth.refreshToken: expected { secret: name }, since grant refresh_token, got nothing',
    ],
    [
      { ...MICROSOFT, refreshtoken: { secret: 'x' } },
      'oauth.refreshtoken: expected a known setting, got "refreshtoken"; did you mean "refreshToken"?',
    ],
    [
      { ...APPLICATION, tenant: null },
      "oauth.tenant: expected the organisation's tenant, since client_credentials are given by one tenant, got nothing",
    ],
    [
      { ...APPLICATION, clientSecret: null },
      'oauth.clientSecret: expected { secret: name }, since grant client_credentials, got nothing',
    ],
    [
      { ...APPLICATION, refreshToken: { secret: 'x' } },
      'oauth.refreshToken: expected no such setting with grant client_credentials, got a token',
    ],
    [
      { ...GOOGLE, clientSecret: null },
      'oauth.clientSecret: expected { secret: name }, since provider google, got nothing',
    ],
    [
      { ...GOOGLE, tenant: 'corp.example' },
      'oauth.tenant: expected no such setting with provider google, got "corp.example"',
    ],
    [
      { ...GOOGLE, grant: 'client_credentials', refreshToken: null },
      'oauth.grant: expected refresh_token, the one grant that Google has for mail, got "client_credentials"',
    ],
    [{ ...CUSTOM, tokenUrl: null }, 'oauth.tokenUrl: expected an https URL, got nothing'],
    [
      { ...CUSTOM, tokenUrl: 'http://id.corp.example/' },
      'oauth.tokenUrl: expected an https URL, got "http://id.corp.example/"',
    ],
    [
      { ...CUSTOM, tokenUrl: 'https://me:hunter2@id.corp.example/' },
      'oauth.tokenUrl: expected an https URL, got "https://…@id.corp.example/"',
    ],
    [
      { ...CUSTOM, tokenUrl: 'http://127.0.0.1.id.example/' },
      'oauth.tokenUrl: expected an https URL, got "http://127.0.0.1.id.example/"',
    ],
  ])('%j is wrong', (oauth, line) => {
    expect(errorsOf(parsed(oauth))).toEqual([`mailboxes.chris.${line}`]);
  });

  it('goes with a mechanism that takes a token', () => {
    expect(errorsOf(parsed(MICROSOFT, { auth: 'plain' }))).toEqual([
      'mailboxes.chris.auth: expected auto, xoauth2 or oauthbearer, since there is an oauth block, got "plain"',
    ]);
  });

  it('takes the place of a password', () => {
    expect(warningsOf(parsed(MICROSOFT, { password: { secret: 'chris' } }))).toEqual([
      'mailboxes.chris.password: expected nothing beside an oauth block, got a password that is not used',
    ]);
  });

  it('is warned of when its secrets stand in it plainly, and does not repeat them', () => {
    const plain = { ...GOOGLE, clientSecret: 'hunter2', refreshToken: 'hunter3' };
    const warnings = warningsOf(parsed(plain));
    expect(warnings.map((line) => line.split(':')[0])).toEqual([
      'mailboxes.chris.oauth.clientSecret',
      'mailboxes.chris.oauth.refreshToken',
    ]);
    expect(warnings.join()).not.toMatch(/hunter/);
  });
});
