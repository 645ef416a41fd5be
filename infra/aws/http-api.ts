import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { CfnStage, HttpApi as Api, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import { ROUTES } from '../../functions/api/routes.ts';
import type { StageParts } from './capability.ts';
import { JobFunction } from './job-function.ts';
import type { JobQueue } from './job-queue.ts';
import {
  allowDepth,
  allowFinding,
  allowLedger,
  allowReading,
  allowRemoving,
  allowSecrets,
  allowSettings,
} from './permissions.ts';
import type { QueueName } from './timings.ts';

/** Requests a second: people and monitoring ask, not programs in a loop. */
const RATE = { steady: 5, burst: 20 };

/** The HTTP API: signed requests of IAM alone (SigV4), each route by its own path so that a policy can name it. */
export class HttpApi extends Construct {
  readonly url: string;

  constructor(
    scope: Construct,
    id: string,
    parts: StageParts,
    queues: Readonly<Record<QueueName, JobQueue>>,
  ) {
    super(scope, id);
    const api = new JobFunction(this, 'Function', parts, { name: 'api', memoryMiB: 256 });
    allowSettings(api.role, parts.stage);
    allowLedger(api.role, parts.ledger, ['items']);
    allowFinding(api.role, parts.ledger);
    // To show failed mail, to route it anew and to remove it; what lies in Incoming/ it sees by name alone.
    allowReading(api.role, parts.mailStore.bucket, ['Failed']);
    allowRemoving(api.role, parts.mailStore.bucket, 'Failed');
    allowSecrets(api.role, parts.stage, 'mailferry-loop');
    allowDepth(api.role, Object.values(queues));
    api.sendsTo(...Object.values(queues));

    const http = new Api(this, 'Api', {
      apiName: `mailferry-${parts.stage}`,
      description: `Mailferry: stage ${parts.stage}`,
      defaultAuthorizer: new HttpIamAuthorizer(),
      createDefaultStage: false,
    });
    const integration = new HttpLambdaIntegration('Integration', api.function, {
      timeout: Duration.seconds(29),
    });
    for (const { method, path } of ROUTES) {
      http.addRoutes({ path, methods: [HttpMethod[method]], integration });
    }
    this.url = http.apiEndpoint;
    this.#addStage(http);
    new CfnOutput(this, 'Url', { value: this.url, description: 'The HTTP API of this stage' });
  }

  /** Every request is logged, without its content. */
  #addStage(http: Api): void {
    const stage = http.addStage('Stage', {
      autoDeploy: true,
      throttle: { rateLimit: RATE.steady, burstLimit: RATE.burst },
    });
    const logGroup = new LogGroup(this, 'AccessLog', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const resource = stage.node.defaultChild;
    if (!(resource instanceof CfnStage)) throw new Error('expected the stage to be a CfnStage');
    resource.accessLogSettings = {
      destinationArn: logGroup.logGroupArn,
      format: JSON.stringify({
        requestId: '$context.requestId',
        caller: '$context.identity.userArn',
        route: '$context.routeKey',
        status: '$context.status',
        time: '$context.requestTime',
      }),
    };
  }
}
