import * as z from 'zod';

import { Failure } from '../../../shared/failure.ts';

const required = z.string().min(1);

const VARIABLES = {
  stage: 'MAILFERRY_STAGE',
  bucket: 'MAILFERRY_BUCKET',
  table: 'MAILFERRY_TABLE',
  fetchQueue: 'MAILFERRY_FETCH_QUEUE',
  routeQueue: 'MAILFERRY_ROUTE_QUEUE',
  deliverQueue: 'MAILFERRY_DELIVER_QUEUE',
  alarmTopic: 'MAILFERRY_ALARM_TOPIC',
} as const;

export type Setting = keyof typeof VARIABLES;

/**
 * What the stack tells a function by its environment: names and addresses of resources, never a secret.
 * @throws Failure `settings`, permanent, naming every variable that is missing
 */
export function readEnvironment<Name extends Setting>(
  ...names: readonly Name[]
): Readonly<Record<Name, string>> {
  const read = names.map((name) => ({
    name,
    value: required.safeParse(process.env[VARIABLES[name]]),
  }));
  const missing = read.filter(({ value }) => !value.success);
  if (missing.length > 0) {
    const words = missing.map(({ name }) => VARIABLES[name]).join(', ');
    throw new Failure(
      'settings',
      'permanent',
      `expected the stack to set ${words} for this function, found nothing there`,
    );
  }
  const values = read.map(({ name, value }) => [name, value.data]);
  return Object.fromEntries(values) as Readonly<Record<Name, string>>;
}

/** Whether the AWS SDK is pointed at another endpoint than AWS's own (an emulator): it reads the address itself. */
export function hasOwnEndpoint(): boolean {
  const { AWS_ENDPOINT_URL: all, AWS_ENDPOINT_URL_S3: s3 } = process.env;
  return [all, s3].some((address) => address !== undefined && address !== '');
}
