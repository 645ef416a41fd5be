import { checkConfiguration } from '../../shared/settings/check.ts';
import { formatProblem } from '../../shared/settings/problem.ts';
import type { ParsedSettings } from '../../shared/settings/schema.ts';
import type { Problem, Secrets } from '../../shared/settings/settings.ts';
import { parseBeside, readSettingsFile } from '../../shared/settings/settings-file.ts';
import { makeContext } from '../context.ts';
import type { CommonOptions } from '../context.ts';
import { withDeployment } from '../deployment/with-deployment.ts';
import { diagnose } from '../doctor/diagnosis.ts';
import type { Diagnosis } from '../doctor/diagnosis.ts';
import { sayDiagnosis } from '../doctor/diagnosis-words.ts';
import { NOT_WELL, UsageError, WELL, WRONG_USE } from '../exit-status.ts';
import { lookerOf, withLocalLooker } from '../looker.ts';
import type { Looker } from '../looker.ts';
import { printJson } from '../output.ts';

export interface DoctorOptions extends CommonOptions {
  readonly force?: boolean;
}

/** `mailferry doctor`: looks at mailboxes and destination, and says what to change. */
export async function doctor(options: DoctorOptions, ids: readonly string[]): Promise<number> {
  const diagnosis =
    options.stage === undefined
      ? await examineHere(options, ids)
      : await examineStage(options.stage, options, ids);
  if (options.json === true) printJson(diagnosis);
  else sayDiagnosis(diagnosis);
  return statusOf(diagnosis);
}

/** 2 for a wrong configuration, though the rest was looked at; 1 where something does not work. */
function statusOf({ problems, mailboxes, destination }: Diagnosis): number {
  if (problems.some(({ severity }) => severity === 'error')) return WRONG_USE;
  const findings = [...mailboxes.flatMap((one) => one.findings), ...(destination?.findings ?? [])];
  return findings.some(({ severity }) => severity === 'error') ? NOT_WELL : WELL;
}

async function examineHere(options: DoctorOptions, ids: readonly string[]): Promise<Diagnosis> {
  const context = makeContext(options);
  const { document, problems } = await readSettingsFile(options.config);
  if (problems.length > 0) throw new UsageError(problems.map(formatProblem).join('\n'));
  const { parsed } = parseBeside(options.config, document, null);
  const all = await checkConfiguration(options.config, context.secrets);
  requireUsable(parsed, ids);
  return withLocalLooker(context, (looker) =>
    diagnoseWith({ looker, parsed, problems: all, ids, secrets: context.secrets, options }),
  );
}

function examineStage(
  stage: string,
  options: DoctorOptions,
  ids: readonly string[],
): Promise<Diagnosis> {
  return withDeployment(stage, async (deployment) => {
    const { checkDeployment } = await import('../deployment/check-deployment.ts');
    const { parseSettings } = await import('../../shared/settings/schema.ts');
    const { document, problems } = await checkDeployment(deployment);
    const parsed = parseSettings(document, {});
    requireUsable(parsed, ids);
    const looker = await lookerOf(deployment.deps);
    const { secrets } = deployment.deps;
    return diagnoseWith({ looker, parsed, problems, ids, secrets, options });
  });
}

/** @throws UsageError when there is nothing that could be looked at */
function requireUsable(parsed: ParsedSettings, ids: readonly string[]): void {
  if (parsed.general === null) {
    const errors = parsed.problems.filter(({ severity }) => severity === 'error');
    throw new UsageError(errors.map(formatProblem).join('\n'));
  }
  const known = [...(parsed.mailboxes?.keys() ?? []), ...parsed.broken.keys()];
  const unknown = ids.filter((id) => !known.includes(id));
  if (unknown.length === 0) return;
  throw new UsageError(
    `expected mailboxes of the configuration (${known.join(', ')}), got ${unknown.join(', ')}`,
  );
}

function diagnoseWith(visit: {
  readonly looker: Looker;
  readonly parsed: ParsedSettings;
  readonly problems: readonly Problem[];
  readonly ids: readonly string[];
  readonly secrets: Secrets;
  readonly options: DoctorOptions;
}): Promise<Diagnosis> {
  const { looker, parsed, problems, ids, secrets, options } = visit;
  const { general, mailboxes } = parsed;
  if (general === null) throw new UsageError('expected sound general settings');
  const asked = [...(mailboxes?.values() ?? [])].filter(
    ({ id }) => ids.length === 0 || ids.includes(id),
  );
  return diagnose({
    ...{ looker, general, mailboxes: asked, problems, secrets },
    // Named mailboxes alone are what somebody wants to know of.
    withDestination: ids.length === 0,
    force: options.force === true,
    onStage: options.stage !== undefined,
  });
}
