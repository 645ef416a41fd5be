import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';

import { DAY_INDEX, FAILED_INDEX } from '../../shared/ledger/dynamo-index-names.ts';
import { NOTICES } from '../../shared/mail/message-key.ts';
import type { JobQueue } from './job-queue.ts';
import type { LedgerTable } from './ledger-table.ts';
import { acknowledgeWildcard } from './nag-finding.ts';
import type { SesIdentity } from './stage-options.ts';

type Area = 'Incoming' | 'Failed';

/**
 * What a role may do, statement by statement: no action by wildcard, and resources by wildcard only below a prefix
 * (objects of an area, parameters of a path). Nobody may delete a version of an object.
 */
function allow(
  role: Role,
  actions: readonly string[],
  resources: readonly string[],
  whyBelowPrefix?: string,
  conditions: Readonly<Record<string, unknown>> = {},
): void {
  role.addToPolicy(
    new PolicyStatement({ actions: [...actions], resources: [...resources], conditions }),
  );
  if (whyBelowPrefix === undefined) return;
  for (const resource of resources) {
    if (resource.endsWith('*')) acknowledgeWildcard(role, resource, whyBelowPrefix);
  }
}

const OBJECTS = 'Objects are named by what they hold: only their area is known beforehand.';
const PARAMETERS = 'Mailboxes, secrets and continued values are named by the configuration.';

function objects(bucket: Bucket, areas: readonly Area[]): string[] {
  return areas.map((area) => bucket.arnForObjects(`${area}/*`));
}

/** S3 refuses a write that does not ask for "only if there is none": mail in `Incoming/` is never overwritten. */
const CREATE_ONLY = { Null: { 's3:if-none-match': 'false' } };

/** New mail. */
export function allowCreating(role: Role, bucket: Bucket): void {
  allow(role, ['s3:PutObject'], objects(bucket, ['Incoming']), OBJECTS, CREATE_ONLY);
}

/** Notices of our own alone; other mail comes by fetch. */
export function allowNotices(role: Role, bucket: Bucket): void {
  const notices = bucket.arnForObjects(`Incoming/${NOTICES}/*`);
  allow(role, ['s3:PutObject'], [notices], OBJECTS, CREATE_ONLY);
}

/** Copies of failed mail, and the reports beside them, which replace older ones. */
export function allowParking(role: Role, bucket: Bucket): void {
  allow(role, ['s3:PutObject'], objects(bucket, ['Failed']), OBJECTS);
}

/** Listing too: without it S3 answers a missing object with "access denied", not with "no such key". */
export function allowReading(role: Role, bucket: Bucket, areas: readonly Area[]): void {
  allow(role, ['s3:GetObject'], objects(bucket, areas), OBJECTS);
  allowListing(role, bucket);
}

function allowListing(role: Role, bucket: Bucket): void {
  allow(role, ['s3:ListBucket'], [bucket.bucketArn]);
}

/** How many jobs wait, in words of SQS: approximately. */
export function allowDepth(role: Role, queues: readonly JobQueue[]): void {
  allow(
    role,
    ['sqs:GetQueueAttributes'],
    queues.map(({ queue }) => queue.queueArn),
  );
}

/** Removes the current version, which stays as a noncurrent one; versions themselves are out of reach. */
export function allowRemoving(role: Role, bucket: Bucket, area: Area): void {
  allow(role, ['s3:DeleteObject'], objects(bucket, [area]), OBJECTS);
}

/** Items one by one, and in batches. Nothing is deleted: items expire. */
type LedgerUse = 'items' | 'uidls' | 'lists';

const LEDGER_ACTIONS: Readonly<Record<LedgerUse, readonly string[]>> = {
  items: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem'],
  uidls: ['dynamodb:Query', 'dynamodb:BatchWriteItem'],
  lists: ['dynamodb:Query'],
};

export function allowLedger(role: Role, { table }: LedgerTable, uses: readonly LedgerUse[]): void {
  allow(
    role,
    uses.flatMap((use) => LEDGER_ACTIONS[use]),
    [table.tableArn],
  );
}

/** Which messages should have a copy in `Failed/`. */
export function allowFailedIndex(role: Role, { table }: LedgerTable): void {
  allow(role, ['dynamodb:Query'], [`${table.tableArn}/index/${FAILED_INDEX}`]);
}

/** Messages by what people know of them. */
export function allowFinding(role: Role, { table }: LedgerTable): void {
  allow(role, ['dynamodb:Query'], [table.tableArn, `${table.tableArn}/index/${DAY_INDEX}`]);
}

/** Parameters without the secrets among them: those are another path. */
export function allowSettings(role: Role, stage: string): void {
  const paths = ['settings', 'settings/*', 'mailboxes', 'mailboxes/*'];
  allow(
    role,
    ['ssm:GetParametersByPath'],
    paths.map((path) => parameter(role, `${stage}/${path}`)),
    PARAMETERS,
  );
}

/**
 * @param names of secrets, with the parameters in which long values continue; `*` for all: which secret a mailbox or a
 * server has is the configuration's to say
 */
export function allowSecrets(role: Role, stage: string, names: string): void {
  const paths = names === '*' ? ['*'] : [names, `${names}/*`];
  allow(
    role,
    ['ssm:GetParameter'],
    paths.map((path) => parameter(role, `${stage}/secrets/${path}`)),
    PARAMETERS,
  );
}

/**
 * Writing rotated refresh tokens back: to secrets, never to a setting, and never to the key of the loop marker. Which
 * secret holds a refresh token is the configuration's to say. The key that SSM encrypts with by default takes every
 * role that may use the parameter; it needs no permission of its own.
 */
export function allowKeepingTokens(role: Role, stage: string): void {
  allow(role, ['ssm:PutParameter'], [parameter(role, `${stage}/secrets/*`)]);
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.DENY,
      actions: ['ssm:PutParameter'],
      resources: [`${stage}/secrets/mailferry-loop`, `${stage}/secrets/mailferry-loop/*`].map(
        (path) => parameter(role, path),
      ),
    }),
  );
}

/**
 * Sending as one address by Amazon SES, which checks the identity of the address or of its domain, whichever is
 * verified.
 */
export function allowSending(role: Role, { from, region }: SesIdentity): void {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const arn = (resource: string, resourceName: string) =>
    Stack.of(role).formatArn({
      service: 'ses',
      resource,
      resourceName,
      ...(region === null ? {} : { region }),
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  allow(
    role,
    ['ses:SendEmail', 'ses:SendRawEmail'],
    [arn('identity', from), arn('identity', domain), arn('configuration-set', '*')],
    'The configuration set is named by the configuration.',
  );
}

function parameter(role: Role, path: string): string {
  return Stack.of(role).formatArn({
    service: 'ssm',
    resource: 'parameter',
    resourceName: `mailferry/${path}`,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
}
