import type { Decision } from '../../shared/routing/decision.ts';
import { explainInWords, explanation } from '../../shared/routing/explain.ts';
import { makeContext, requireSoundConfiguration } from '../context.ts';
import type { CommonOptions } from '../context.ts';
import { withDeployment } from '../deployment/with-deployment.ts';
import { UsageError, WELL } from '../exit-status.ts';
import { Explainer, headerOfFile } from '../explainer.ts';
import { printJson, say } from '../output.ts';
import { explainKey } from './explain-key.ts';
import { explainLast } from './explain-last.ts';

export interface ExplainOptions extends CommonOptions {
  readonly mailbox?: string;
  readonly key?: string;
  readonly last?: string;
}

/** `mailferry explain`: the routing decision for a file, a stored message, or the newest on the server. Sends nothing. */
export async function explain(file: string | undefined, options: ExplainOptions): Promise<number> {
  if (options.stage !== undefined) {
    return withDeployment(options.stage, async (deployment) =>
      explainBy(await Explainer.on(deployment), file, options),
    );
  }
  const context = makeContext(options);
  await requireSoundConfiguration(context, options.last !== undefined);
  return explainBy(await Explainer.for(context), file, options);
}

async function explainBy(
  explainer: Explainer,
  file: string | undefined,
  options: ExplainOptions,
): Promise<number> {
  if (options.last !== undefined) {
    return explainLast(explainer, requireMailbox(options), options.last, options.json === true);
  }
  if (options.key !== undefined) return explainKey(explainer, options.key, options.json === true);
  if (file === undefined) {
    throw new UsageError('expected FILE.eml with --mailbox ID, or --key KEY, or --last N');
  }
  const mailbox = requireMailbox(options);
  const header = await headerOfFile(file).catch((error: unknown) => {
    throw new UsageError(`expected a message that can be read, got ${messageOf(error)}`);
  });
  return show(explainer.decide(mailbox, header), options);
}

function show(decision: Decision, options: ExplainOptions): number {
  if (options.json === true) printJson(explanation(decision));
  else say(...explainInWords(decision));
  return WELL;
}

function requireMailbox(options: ExplainOptions): string {
  if (options.mailbox !== undefined) return options.mailbox;
  throw new UsageError('expected --mailbox ID: whose mail it is decides how it is routed');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
