import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { documentedCommands, keyOf } from './documented-commands.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The file that runs it, and words of that file by which it does. */
type RunBy = readonly [file: string, words: string];

const COMMANDS_STORY = 'test/stories/commands.test.ts';
const HOST_STORY = 'test/contract/host-story.ts';
const DEPLOYED = 'test/aws/deployed.test.ts';
const OPERATE = 'test/aws/operate-story.ts';
const ACCOUNT = 'test/support/deployed-stack.ts';
const FAILED = 'test/stories/failed-commands.test.ts';
const MAILBOXES = 'test/stories/mailbox-commands.test.ts';
const EXPLAIN = 'test/stories/explain.test.ts';
const CI = '.ci/run';

/** Commands of README and docs, by `keyOf`. A new one fails here until it is said what runs it. */
const RUN: Readonly<Record<string, RunBy>> = {
  mailferry: ['package.json', '"mailferry": "manager/mailferry.js"'],
  'npm audit --omit=dev': ['test/dependencies/audit.ts', "['audit', '--omit=dev'"],
  'npm run audit': [CI, "step 'npm run audit' npm run audit"],
  'npm ci': [CI, "step 'npm ci' npm ci"],
  'npm run demo': [CI, "step 'npm run demo' npm run demo"],
  'npm test': [CI, "suite 'npm test' npm test"],
  'npm run test:servers': [CI, 'npm run test:servers'],
  'npm run test:drain': [CI, 'npm run test:drain'],
  'npm run test:aws': [CI, 'npm run test:aws'],
  'npm run cost': [CI, 'npm run cost'],
  'npm run layers': ['package.json', 'npm run layers'],
  // CI runs its two halves, each as a step.
  'npm run check': [CI, 'npm run check:code'],
  'npm start': ['test/stories/service.test.ts', "['run'"],
  'mailferry check': [HOST_STORY, "['check', '--json']"],
  'mailferry check --presets': [COMMANDS_STORY, '--presets'],
  'mailferry check --stage': [HOST_STORY, "['check', '--json']"],
  'mailferry config push': [DEPLOYED, "'config', 'push'"],
  'mailferry config push --stage': [DEPLOYED, "'config', 'push'"],
  'mailferry explain --last --stage': [OPERATE, "'explain', '--mailbox', 'office'"],
  'mailferry explain --last': [EXPLAIN, '--last'],
  'mailferry explain': [EXPLAIN, '--mailbox'],
  'mailferry explain --key': [HOST_STORY, "'explain', '--key'"],
  'mailferry failed list': [FAILED, "'failed', 'list'"],
  'mailferry failed show': [FAILED, "'failed', 'show'"],
  'mailferry failed retry': [FAILED, "'failed', 'retry'"],
  'mailferry failed remove': [FAILED, "'failed', 'remove'"],
  'mailferry trace': [FAILED, "asked(['trace', query])"],
  'mailferry doctor': ['test/stories/doctor.test.ts', "'doctor'"],
  'mailferry fetch': [HOST_STORY, "['fetch', 'chris'"],
  'mailferry mailbox test': ['test/stories/doctor.test.ts', "'mailbox', 'test'"],
  'mailferry mailbox list': [MAILBOXES, "'mailbox', 'list'"],
  'mailferry mailbox add': [MAILBOXES, "'mailbox', 'add'"],
  'mailferry mailbox edit': [MAILBOXES, "['edit', 'chris'"],
  'mailferry mailbox remove': [MAILBOXES, "['remove', 'chris'"],
  'mailferry log level': [MAILBOXES, "'log', 'level'"],
  'mailferry mailbox': [MAILBOXES, "'mailbox', "],
  'mailferry config pull --stage': [DEPLOYED, "'config', 'pull'"],
  'mailferry status --stage': [HOST_STORY, "['status', '--json']"],
  'mailferry run --once': [HOST_STORY, "['run', '--once'"],
  'mailferry run --once --stage': [HOST_STORY, "['run', '--once'"],
  'mailferry status': [HOST_STORY, "['status', '--json']"],
  'cdk bootstrap': [ACCOUNT, "cdk('bootstrap'"],
  'cdk diff': [ACCOUNT, "cdk('diff'"],
  'cdk deploy': [ACCOUNT, "cdk('deploy'"],
  'cdk destroy': [ACCOUNT, "cdk('destroy'"],
};

const MICROSOFT = 'https://login.microsoftonline.com/TENANT/oauth2/v2.0';
const CURL =
  'curl --aws-sigv4 "aws:amz:eu-central-1:execute-api" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -X POST https://….execute-api.eu-central-1.amazonaws.com/mailboxes/sales/fetch';

const BENCHMARK = 'needs other programs or minutes; it prints ratios and judges nothing';

/** What cannot be run here, with the reason. */
const NOT_TESTABLE: Readonly<Record<string, string>> = {
  'npm run bench': BENCHMARK,
  'npm run bench:fetch': BENCHMARK,
  'npm run bench:memory': BENCHMARK,
  'npm run bench:route': BENCHMARK,
  'npm run test:mutation': 'takes an hour, and says which tests are missing',
  'npm run test:corpus': 'reads a folder of mail of your own; test/corpus is run by npm test',
  'umask 077': "the shell's own; that others may not read the file is in test/settings",
  'cat > secrets.yaml <<EOF': "the shell's own; what may stand in the file is in test/settings",
  'git pull': 'needs a newer version somewhere',
  'npx vitest run --project fast test/pop3': 'a part of npm test',
  [CURL]:
    'needs the signature and host name of a real account; test/aws/operate-story.ts asks the same',
  'aws s3 sync': 'the AWS command-line tool is no part of this',
  'aws ssm get-parameters-by-path --recursive --path /mailferry/prod':
    'the AWS command-line tool is no part of this; config pull makes the same request',
  [`curl -d client_id=CLIENT -d 'scope=https://outlook.office365.com/POP.AccessAsUser.All offline_access' ${MICROSOFT}/devicecode`]:
    'needs a tenant at Microsoft; test/oauth has what Mailferry does with the token',
  [`curl -d client_id=CLIENT -d grant_type=urn:ietf:params:oauth:grant-type:device_code -d device_code=CODE ${MICROSOFT}/token`]:
    'needs a tenant at Microsoft',
  'New-ServicePrincipal -AppId CLIENT -ObjectId OBJECT': 'needs a tenant at Microsoft',
  'Add-MailboxPermission -Identity chris@corp.example -User OBJECT -AccessRights FullAccess':
    'needs a tenant at Microsoft',
  'npm run bench:cold': 'the same program as in test:aws, which prints it before its tests',
};

/** Where options are declared. */
function programText(): string {
  const files = readdirSync(join(ROOT, 'manager')).filter((name) => name.endsWith('.ts'));
  return files.map((name) => readFileSync(join(ROOT, 'manager', name), 'utf8')).join('\n');
}

describe('every command in README and docs is run by a test, or is listed with the reason why not', () => {
  test.each([...new Set(documentedCommands().map(({ text }) => keyOf(text)))].map((key) => [key]))(
    '%s',
    (key) => {
      const reason = NOT_TESTABLE[key];
      if (reason !== undefined) return;
      const [file, words] = RUN[key] ?? ['', ''];
      expect(RUN, 'is new in the documentation').toHaveProperty([key]);
      expect(existsSync(join(ROOT, file)), file).toBe(true);
      expect(readFileSync(join(ROOT, file), 'utf8'), file).toContain(words);
    },
  );

  test('every option that is shown is one of the program', () => {
    const program = programText();
    const shown = documentedCommands().filter(({ text }) => /^(npx )?mailferry /.test(text));
    const options = shown.flatMap(({ text }) => text.match(/(?<= )--[a-z-]+/g) ?? []);
    expect([...new Set(options)].filter((option) => !program.includes(option))).toEqual([]);
  });

  test('a command is found in a block, on a line with others, and in the text', () => {
    const texts = documentedCommands().map(({ text }) => text);
    expect(texts).toContain('npm run demo');
    expect(texts).toContain('npx cdk deploy -c stage=prod');
    expect(keyOf('npx mailferry explain --stage prod --mailbox everyone --last 5')).toBe(
      'mailferry explain --last --stage',
    );
    expect(keyOf('mailferry failed retry --since 2026-11-25T07:00:00Z --json')).toBe(
      'mailferry failed retry',
    );
  });
});
