import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';

import type { SSMClient } from '@aws-sdk/client-ssm';

import type { LookDeps } from '../../functions/api/look/mailbox-look.ts';
import type { ApiDeps } from '../../functions/api/routes.ts';
import type { SweepDeps } from '../../functions/sweep/sweep.ts';
import { helloName } from '../../infra/aws/runtime/hello-name.ts';
import { readLoopKey } from '../../infra/aws/runtime/loop-key.ts';
import type { Clock } from '../../shared/clock.ts';
import { dynamoLedger } from '../../shared/ledger/dynamo-ledger.ts';
import { forgottenByItself } from '../../shared/ledger/forgetting.ts';
import { dynamoTakenMail } from '../../shared/ledger/dynamo-taken-mail.ts';
import { OAuthAccessTokens } from '../../shared/oauth/oauth-access-tokens.ts';
import { ssmRefreshTokens } from '../../shared/oauth/ssm-refresh-tokens.ts';
import { postForm } from '../../shared/oauth/token-endpoint.ts';
import { pinoLog } from '../../shared/observe/pino-log.ts';
import { Pop3Opener } from '../../shared/pop3/opener.ts';
import { fetchJob, messageJob } from '../../shared/queue/job-queue.ts';
import { sqsSender, sqsSource } from '../../shared/queue/sqs-queue.ts';
import type { SsmStage } from '../../shared/settings/ssm-parameters.ts';
import { ssmSecrets } from '../../shared/settings/ssm-secrets.ts';
import { ssmSettings } from '../../shared/settings/ssm-source.ts';
import { s3MailStore } from '../../shared/store/s3-mail-store.ts';
import { createSpool } from '../../shared/store/spool-writer.ts';
import { readEnvironment } from '../config.ts';
import { makeSsmClient, makeStackClients } from './clients.ts';
import type { FollowMessagesDeps } from './follow-messages.ts';
import { serverClock } from './server-clock.ts';
import { findStack, requireStage } from './stack.ts';
import type { Stack } from './stack.ts';
import type { TakenMailSource } from '../../shared/ledger/taken-mail.ts';

export interface DeploymentDeps extends ApiDeps, SweepDeps, FollowMessagesDeps, LookDeps {
  readonly takenMail: TakenMailSource;
}

/** A deployment on AWS as the command sees it: the ports that its functions use, from outside. */
export interface Deployment {
  readonly stage: string;
  readonly stack: Stack;
  /** Where its configuration lies. */
  readonly tree: SsmStage;
  readonly deps: DeploymentDeps;
  close(): void;
}

/**
 * Finds the deployment of a stage and wires the ports to its bucket, queues, table and parameters.
 * @throws UsageError when there is none
 */
export async function openDeployment(name: string): Promise<Deployment> {
  const stage = requireStage(name);
  const ssm = makeSsmClient();
  try {
    const clock = serverClock(ssm);
    const stack = await findStack(ssm, stage);
    return openStack(stack, stage, ssm, clock);
  } catch (error) {
    ssm.destroy();
    throw error;
  }
}

function openStack(stack: Stack, stage: string, ssm: SSMClient, clock: Clock): Deployment {
  const { s3, sqs, dynamo } = makeStackClients(stack.region, readEnvironment().awsEndpoint);
  const ledger = dynamoLedger({ client: dynamo, table: stack.table });
  const memory = {
    load: () => ledger.settingsMemory.load(),
    // What is the last good configuration is for the functions to say.
    store: () => Promise.resolve(),
  };
  const log = pinoLog('warn');
  const secrets = ssmSecrets({ client: ssm, stage, clock });
  return {
    stage,
    stack,
    tree: { client: ssm, stage },
    deps: {
      settings: ssmSettings({ client: ssm, stage, memory, clock }),
      secrets,
      tokens: new OAuthAccessTokens({
        secrets,
        refreshTokens: ssmRefreshTokens({ client: ssm, stage }),
        post: postForm(clock),
        clock,
        log,
      }),
      store: s3MailStore({ client: s3, bucket: stack.bucket }),
      mailboxes: ledger.mailboxes,
      messages: ledger.messages,
      duplicates: ledger.duplicates,
      index: ledger.index,
      readLoopKey: () => readLoopKey(secrets),
      newToken: randomUUID,
      retries: ledger.retries,
      causes: ledger.causes,
      comparisons: ledger.comparisons,
      newSpool: () => createSpool(tmpdir()),
      hostName: helloName(stage),
      destinations: ledger.destinations,
      forgetting: forgottenByItself,
      takenMail: dynamoTakenMail({ client: dynamo, table: stack.table }),
      fetchQueue: sqsSender(sqs, stack.queues.fetch),
      routeQueue: sqsSender(sqs, stack.queues.route),
      deliverQueue: sqsSender(sqs, stack.queues.deliver),
      queues: {
        fetch: sqsSource(sqs, stack.queues.fetch, fetchJob),
        route: sqsSource(sqs, stack.queues.route, messageJob),
        deliver: sqsSource(sqs, stack.queues.deliver, messageJob),
      },
      opener: new Pop3Opener(clock),
      credentialsKey: () => readLoopKey(secrets),
      clock,
      log,
    },
    close() {
      for (const client of [ssm, s3, sqs, dynamo]) client.destroy();
    },
  };
}
