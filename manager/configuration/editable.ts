import { formatProblem } from '../../shared/settings/problem.ts';
import type { Place } from '../../shared/settings/problem.ts';
import type { ParsedSettings } from '../../shared/settings/schema.ts';
import type { Problem } from '../../shared/settings/settings.ts';
import { withSetting } from '../../shared/settings/yaml-edit.ts';
import type { SettingChange } from '../../shared/settings/yaml-edit.ts';
import { UsageError } from '../exit-status.ts';

/** What a command changes of the configuration. */
export interface ConfigurationChange {
  readonly settings: readonly SettingChange[];
  /** Values of secrets by name. */
  readonly secrets: ReadonlyMap<string, string>;
}

export interface ReadConfiguration {
  /** Plain data. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly parsed: ParsedSettings;
}

/** A configuration that commands change: the file on this machine, or the parameters of a deployment. */
export interface EditableConfiguration {
  /** `mailferry.yaml`, `stage prod`. */
  readonly name: string;
  /** Where its secrets lie, in words. */
  readonly secretPlace: string;
  /** How soon a change is taken up, in words. */
  readonly takenUp: string;
  /** @throws UsageError when it cannot be read at all */
  read(): Promise<ReadConfiguration>;
  /** A change as it can be kept there: on AWS a certificate cannot be the name of a file. */
  kept(change: SettingChange): SettingChange;
  /** What a changed document would give. */
  parse(document: unknown): ParsedSettings;
  hasSecret(name: string): Promise<boolean>;
  /** Secrets first, so that no setting names one that is not there yet. */
  write(change: ConfigurationChange): Promise<void>;
  /** How many messages of a mailbox lie in `Incoming/` and in `Failed/`. */
  mailOf(mailbox: string): Promise<{ readonly incoming: number; readonly failed: number }>;
}

/**
 * Writes a change once it is sound: nothing that it touches may be wrong afterwards, and nothing else may become wrong
 * by it. What was wrong elsewhere before is not its business.
 * @param touched the place that has to be sound; null: only what the change itself makes wrong counts
 * @throws UsageError with every error, before anything is written
 */
export async function applyChange(
  configuration: EditableConfiguration,
  before: ReadConfiguration,
  change: ConfigurationChange,
  touched: Place | null,
): Promise<readonly Problem[]> {
  const document = change.settings.reduce<unknown>(withSetting, before.document);
  const after = configuration.parse(document);
  const known = new Set(errorsOf(before.parsed).map(formatProblem));
  const wrong = errorsOf(after).filter(
    (problem) => !known.has(formatProblem(problem)) || (touched !== null && isAt(problem, touched)),
  );
  if (wrong.length > 0) throw new UsageError(wrong.map(formatProblem).join('\n'));
  await configuration.write(change);
  return after.problems.filter(
    (problem) => problem.severity === 'warning' && touched !== null && isAt(problem, touched),
  );
}

function errorsOf({ problems }: ParsedSettings): readonly Problem[] {
  return problems.filter(({ severity }) => severity === 'error');
}

function isAt({ path }: Problem, place: Place): boolean {
  const whole = place.join('.');
  return path === whole || path.startsWith(`${whole}.`) || path.startsWith(`${whole}[`);
}
