import { writeFile } from 'node:fs/promises';

import { stringify } from 'yaml';

import { formatProblem } from '../../shared/settings/problem.ts';
import type {
  diffTree,
  pullTree,
  pushTree,
  TreeDifference,
} from '../../shared/settings/ssm-tree.ts';
import { makeContext } from '../context.ts';
import type { CommonOptions } from '../context.ts';
import type { configurationFor } from '../deployment/configuration.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { withDeployment } from '../deployment/with-deployment.ts';
import { NOT_WELL, UsageError, WELL } from '../exit-status.ts';
import { printJson, say } from '../output.ts';

/** `mailferry config push`: writes what differs from the file into the deployment's parameters, once it is sound. */
export async function pushConfiguration(options: CommonOptions): Promise<number> {
  return onStage(options, 'push', async ({ tree, deps }, tools) => {
    const configuration = await tools.configurationFor(makeContext(options), deps.secrets);
    const difference = await tools.pushTree(tree, configuration);
    show(difference, options);
    return WELL;
  });
}

/** `mailferry config diff`: what `push` would do. Status 1 when that is anything; no value of a secret is shown. */
export async function diffConfiguration(options: CommonOptions): Promise<number> {
  return onStage(options, 'diff', async ({ tree, deps }, tools) => {
    const configuration = await tools.configurationFor(makeContext(options), deps.secrets);
    const difference = await tools.diffTree(tree, configuration);
    show(difference, options);
    return Object.values(difference).flat().length === 0 ? WELL : NOT_WELL;
  });
}

/** `mailferry config pull`: the deployment's configuration as a file that was not there; secrets by name only. */
export async function pullConfiguration(options: CommonOptions): Promise<number> {
  return onStage(options, 'pull', async ({ tree, stage }, tools) => {
    const { document, generalProblems, brokenMailboxes } = await tools.pullTree(tree);
    const problems = [...generalProblems, ...brokenMailboxes.values()];
    say(...problems.map((problem) => `${problem.severity}: ${formatProblem(problem)}`));
    if (Object.keys(document).length === 1 && problems.length === 0) {
      throw new UsageError(
        `stage ${stage}: expected a configuration under /mailferry/${stage}/, found none; run mailferry config push`,
      );
    }
    if (options.json === true) printJson(document);
    else await writeNew(options.config, stringify(document));
    return problems.length === 0 ? WELL : NOT_WELL;
  });
}

interface Tools {
  readonly pushTree: typeof pushTree;
  readonly pullTree: typeof pullTree;
  readonly diffTree: typeof diffTree;
  readonly configurationFor: typeof configurationFor;
}

function onStage(
  { stage }: CommonOptions,
  name: string,
  work: (deployment: Deployment, tools: Tools) => Promise<number>,
): Promise<number> {
  if (stage === undefined) {
    throw new UsageError(
      `config ${name}: expected --stage NAME, the deployment whose configuration is meant`,
    );
  }
  return withDeployment(stage, async (deployment) => {
    const tree = await import('../../shared/settings/ssm-tree.ts');
    return work(deployment, { ...tree, ...(await import('../deployment/configuration.ts')) });
  });
}

function show(difference: TreeDifference, options: CommonOptions): void {
  if (options.json === true) {
    printJson(difference);
    return;
  }
  const { added, changed, removed } = difference;
  say(
    ...added.map((name) => `+ ${name}`),
    ...changed.map((name) => `~ ${name}`),
    ...removed.map((name) => `- ${name}`),
  );
  if (added.length + changed.length + removed.length === 0) say('no difference');
}

/** Somebody's own file is never written over: it may be the only place of a comment, or of a plain password. */
async function writeNew(file: string, text: string): Promise<void> {
  await writeFile(file, text, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    const got = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--config ${file}: expected the name of a file to be made, got: ${got}`);
  });
  say(`${file}: written`);
}
