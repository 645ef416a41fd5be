import { checkConfiguration } from '../../shared/settings/check.ts';
import { formatProblem } from '../../shared/settings/problem.ts';
import { makeContext } from '../context.ts';
import type { CommonOptions } from '../context.ts';
import { WELL, WRONG_USE } from '../exit-status.ts';
import { printJson, say } from '../output.ts';

/** `mailferry check`: reads the whole configuration and says everything that is wrong with it. Connects to nothing. */
export async function check(options: CommonOptions): Promise<number> {
  const context = makeContext(options);
  const problems = await checkConfiguration(options.config, context.secrets);
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (options.json === true) printJson({ ok: errors.length === 0, problems });
  say(...problems.map((problem) => `${problem.severity}: ${formatProblem(problem)}`));
  if (errors.length > 0) return WRONG_USE;
  say(`${options.config}: well`);
  return WELL;
}
