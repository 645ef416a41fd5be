import type { Deployment } from './deployment.ts';

/**
 * What a command does with a deployment; its connections are closed whatever comes of it.
 * @throws UsageError when there is no such deployment
 */
export async function withDeployment<Result>(
  stage: string,
  work: (deployment: Deployment) => Promise<Result>,
): Promise<Result> {
  // Not before it is asked for: the SDK takes longer to load than most commands on this machine take to run.
  const { openDeployment } = await import('./deployment.ts');
  const deployment = await openDeployment(stage);
  try {
    return await work(deployment);
  } finally {
    deployment.close();
  }
}
