import { MAX_HEADER_OCTETS, splitHeader } from '../../shared/mail/header-block.ts';
import { parseKey } from '../../shared/mail/message-key.ts';
import { explainInWords, explanation } from '../../shared/routing/explain.ts';
import { makeContext, requireSoundConfiguration } from '../context.ts';
import type { CommonOptions, Context } from '../context.ts';
import { UsageError, WELL } from '../exit-status.ts';
import { Explainer } from '../explainer.ts';
import { printJson, say } from '../output.ts';
import { findStored, readStart } from '../stored-message.ts';
import { explainLast } from './explain-last.ts';

export interface ExplainOptions extends CommonOptions {
  readonly mailbox?: string;
  readonly key?: string;
  readonly last?: string;
}

/** `mailferry explain`: the routing decision for a file, a stored message, or the newest on the server. Sends nothing. */
export async function explain(file: string | undefined, options: ExplainOptions): Promise<number> {
  const context = makeContext(options);
  await requireSoundConfiguration(context, options.last !== undefined);
  if (options.last !== undefined)
    return explainLast(context, requireMailbox(options), options.last);
  if (options.key !== undefined) return explainKey(context, options.key);
  if (file === undefined) {
    throw new UsageError('expected FILE.eml with --mailbox ID, or --key KEY, or --last N');
  }
  return explainFile(context, file, requireMailbox(options));
}

async function explainFile(context: Context, file: string, mailbox: string): Promise<number> {
  const explainer = await Explainer.for(context);
  const start = await readStart(file, MAX_HEADER_OCTETS + 1).catch((error: unknown) => {
    throw new UsageError(`expected a message that can be read, got ${messageOf(error)}`);
  });
  const split = splitHeader(start.octets, start.complete);
  const decision = explainer.decide(mailbox, split?.header ?? null);
  if (context.options.json === true) printJson(explanation(decision));
  else say(...explainInWords(decision));
  return WELL;
}

async function explainKey(context: Context, text: string): Promise<number> {
  const key = parseKey(text);
  if (key === null) {
    throw new UsageError(
      `--key: expected MAILBOX/SHA256 as status and logs show it, got "${text}"`,
    );
  }
  const file = await findStored(context.options.data, key);
  if (file === null) {
    throw new UsageError(`--key ${text}: expected a message in Incoming/ or Failed/, found none`);
  }
  return explainFile(context, file, key.mailbox);
}

function requireMailbox(options: ExplainOptions): string {
  if (options.mailbox !== undefined) return options.mailbox;
  throw new UsageError('expected --mailbox ID: whose mail it is decides how it is routed');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
