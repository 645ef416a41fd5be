import { makeContext } from '../context.ts';
import type { CommonOptions } from '../context.ts';
import { withDeployment } from '../deployment/with-deployment.ts';
import type { EditableConfiguration } from './editable.ts';
import { FileConfiguration } from './file-configuration.ts';

/** What a command changes: the file on this machine, or with `--stage` a deployment's parameters. */
export function withConfiguration<Result>(
  options: CommonOptions,
  work: (configuration: EditableConfiguration) => Promise<Result>,
): Promise<Result> {
  const { stage } = options;
  if (stage === undefined) return work(new FileConfiguration(makeContext(options)));
  return withDeployment(stage, async (deployment) => {
    const { StageConfiguration } = await import('../deployment/stage-configuration.ts');
    return work(new StageConfiguration(deployment));
  });
}
