import { checkConfiguration } from '../../shared/settings/check.ts';
import { formatProblem } from '../../shared/settings/problem.ts';
import type { Problem } from '../../shared/settings/settings.ts';
import { makeContext } from '../context.ts';
import type { CommonOptions } from '../context.ts';
import { withDeployment } from '../deployment/with-deployment.ts';
import { WELL, WRONG_USE } from '../exit-status.ts';
import { printJson, say } from '../output.ts';

/** `mailferry check`: reads the whole configuration and says everything that is wrong with it. Connects to no server. */
export async function check(options: CommonOptions): Promise<number> {
  const problems = await problemsOf(options);
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (options.json === true) printJson({ ok: errors.length === 0, problems });
  say(...problems.map((problem) => `${problem.severity}: ${formatProblem(problem)}`));
  if (errors.length > 0) return WRONG_USE;
  say(`${options.stage === undefined ? options.config : `stage ${options.stage}`}: well`);
  return WELL;
}

function problemsOf(options: CommonOptions): Promise<readonly Problem[]> {
  const { stage } = options;
  if (stage === undefined) return checkConfiguration(options.config, makeContext(options).secrets);
  return withDeployment(stage, async (deployment) => {
    const { checkDeployment } = await import('../deployment/check-deployment.ts');
    return checkDeployment(deployment);
  });
}
