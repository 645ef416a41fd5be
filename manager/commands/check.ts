import { checkConfiguration } from '../../shared/settings/check.ts';
import { formatProblem } from '../../shared/settings/problem.ts';
import { readSettingsFile } from '../../shared/settings/settings-file.ts';
import {
  formatSource,
  PRESET_NAMES,
  presetsIn,
  presetSources,
} from '../../shared/settings/source-presets.ts';
import { makeContext } from '../context.ts';
import type { CommonOptions } from '../context.ts';
import type { CheckedDocument } from '../deployment/check-deployment.ts';
import { withDeployment } from '../deployment/with-deployment.ts';
import { WELL, WRONG_USE } from '../exit-status.ts';
import { printJson, say } from '../output.ts';

export interface CheckOptions extends CommonOptions {
  readonly presets?: boolean;
}

/**
 * `mailferry check`: reads the whole configuration and says everything that is wrong with it, and what its presets
 * stand for. Connects to no server.
 */
export async function check(options: CheckOptions): Promise<number> {
  if (options.presets === true) return listPresets(options);
  const { document, problems } = await checked(options);
  const errors = problems.filter((problem) => problem.severity === 'error');
  const presets = presetsIn(document);
  if (options.json === true) printJson({ ok: errors.length === 0, problems, presets });
  say(
    ...problems.map((problem) => `${problem.severity}: ${formatProblem(problem)}`),
    ...presets.map(({ path, preset, sources }) => `${path}: ${preset} is ${sources.join(', ')}`),
  );
  if (errors.length > 0) return WRONG_USE;
  say(`${options.stage === undefined ? options.config : `stage ${options.stage}`}: well`);
  return WELL;
}

async function checked(options: CommonOptions): Promise<CheckedDocument> {
  const { stage, config } = options;
  if (stage === undefined) {
    const problems = await checkConfiguration(config, makeContext(options).secrets);
    return { document: (await readSettingsFile(config)).document, problems };
  }
  return withDeployment(stage, async (deployment) => {
    const { checkDeployment } = await import('../deployment/check-deployment.ts');
    return checkDeployment(deployment);
  });
}

/** `mailferry check --presets`: every preset there is; no configuration is read. */
function listPresets(options: CommonOptions): number {
  const presets = PRESET_NAMES.map((preset) => ({
    preset,
    sources: (presetSources(preset) ?? []).map(formatSource),
  }));
  if (options.json === true) printJson({ presets });
  else say(...presets.map(({ preset, sources }) => `${preset.padEnd(12)} ${sources.join(', ')}`));
  return WELL;
}
