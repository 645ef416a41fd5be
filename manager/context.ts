import { localAccessTokens } from '../infra/local/access-tokens.ts';
import type { EmbeddedOptions } from '../infra/local/embedded.ts';
import { systemClock } from '../shared/clock.ts';
import type { AccessTokens } from '../shared/oauth/access-tokens.ts';
import { pinoLog } from '../shared/observe/pino-log.ts';
import type { AdjustableLog } from '../shared/observe/pino-log.ts';
import { checkConfiguration } from '../shared/settings/check.ts';
import { formatProblem } from '../shared/settings/problem.ts';
import { fileSecrets } from '../shared/settings/secrets-file.ts';
import type { Problem, Secrets } from '../shared/settings/settings.ts';
import { parseBeside, readSettingsFile } from '../shared/settings/settings-file.ts';
import { yamlSettings } from '../shared/settings/yaml-source.ts';
import { DEFAULT_SECRETS_FILE, readEnvironment } from './config.ts';
import { UsageError } from './exit-status.ts';
import { LogLines } from './log-lines.ts';
import { say } from './output.ts';

/** The options that every command takes. */
export interface CommonOptions {
  readonly config: string;
  readonly data: string;
  readonly secrets?: string;
  /** A deployment on AWS, instead of this machine. */
  readonly stage?: string;
  readonly json?: boolean;
}

/** What a command works with on this machine: the configuration's file, its secrets, and the embedded host. */
export interface Context {
  readonly options: CommonOptions;
  readonly secrets: Secrets;
  readonly tokens: AccessTokens;
  /** The file that new secrets are written to; it need not be there yet. */
  readonly secretsFile: string;
  readonly log: AdjustableLog;
  /** Where the log's lines go. */
  readonly lines: LogLines;
  readonly embedded: EmbeddedOptions;
}

export function makeContext(options: CommonOptions): Context {
  const environment = readEnvironment();
  const named = options.secrets ?? environment.secretsFile;
  const file = named ?? DEFAULT_SECRETS_FILE;
  const secrets = fileSecrets({
    file,
    mayBeMissing: named === null,
    environment: environment.variables,
  });
  const lines = new LogLines();
  const log = pinoLog('info', lines);
  return {
    options,
    secrets,
    tokens: localAccessTokens({ data: options.data, secrets, clock: systemClock, log }),
    secretsFile: file,
    log,
    lines,
    embedded: {
      folder: options.data,
      settingsFrom: (memory) => yamlSettings({ file: options.config, memory }),
      secrets,
      log,
    },
  };
}

/**
 * Every error of the configuration at once, before anything is opened or fetched. Warnings are said and no more.
 * @param logsIn whether secrets are needed too
 * @throws UsageError when there is an error
 */
export async function requireSoundConfiguration(context: Context, logsIn: boolean): Promise<void> {
  const secrets = logsIn ? context.secrets : null;
  const problems = await checkConfiguration(context.options.config, secrets);
  sayWarnings(problems);
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (errors.length > 0) throw new UsageError(errors.map(formatProblem).join('\n'));
}

/**
 * For a command about one mailbox: the others may be broken.
 * @throws UsageError with what is wrong with it or with the general settings
 */
export async function requireMailbox({ options }: Context, id: string): Promise<void> {
  const { document, problems } = await readSettingsFile(options.config);
  if (problems.length > 0) throw new UsageError(problems.map(formatProblem).join('\n'));
  const { parsed } = parseBeside(options.config, document, null);
  const own = parsed.broken.get(id) ?? [];
  const others = new Set([...parsed.broken.values()].flat());
  const wrong = parsed.problems.filter(
    (problem) => problem.severity === 'error' && (own.includes(problem) || !others.has(problem)),
  );
  if (wrong.length > 0) throw new UsageError(wrong.map(formatProblem).join('\n'));
  if (parsed.mailboxes?.has(id) === true) return;
  const known = [...(parsed.mailboxes?.keys() ?? [])].join(', ');
  throw new UsageError(`expected a mailbox of the configuration (${known}), got ${id}`);
}

function sayWarnings(problems: readonly Problem[]): void {
  for (const problem of problems) {
    if (problem.severity === 'warning') say(`warning: ${formatProblem(problem)}`);
  }
}
