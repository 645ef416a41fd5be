import { isDeepStrictEqual } from 'node:util';

import { parseKey } from '../../shared/mail/message-key.ts';
import type { Decision } from '../../shared/routing/decision.ts';
import { explainInWords, explanation } from '../../shared/routing/explain.ts';
import { UsageError, WELL } from '../exit-status.ts';
import type { Explainer, RecordedDecision } from '../explainer.ts';
import { printJson, say } from '../output.ts';

/**
 * `mailferry explain --key`: the decision as it was taken, and what the configuration would decide now where that is
 * something else; of a message without one, what would be decided.
 */
export async function explainKey(
  explainer: Explainer,
  text: string,
  asJson: boolean,
): Promise<number> {
  const key = parseKey(text);
  if (key === null) {
    throw new UsageError(
      `--key: expected MAILBOX/SHA256 as status and logs show it, got "${text}"`,
    );
  }
  const recorded = await explainer.recorded(key);
  const now = await explainer.decideStored(key);
  if (recorded === null) {
    if (now === null) throw nowhere(text);
    show({ decision: now, decidedAt: null }, null, asJson);
  } else {
    show(recorded, now !== null && !isSame(recorded.decision, now) ? now : null, asJson);
  }
  return WELL;
}

function nowhere(text: string): UsageError {
  return new UsageError(
    `--key ${text}: expected a message in Incoming/ or Failed/, found none, nor any record of it`,
  );
}

/** Whom it is for and why; the times in the fields that are added differ always. */
function isSame(one: Decision, other: Decision): boolean {
  const parts = ({ outcome, recipients, warnings }: Decision) => ({
    outcome,
    recipients,
    warnings,
  });
  return isDeepStrictEqual(parts(one), parts(other));
}

function show(
  { decision, decidedAt }: RecordedDecision,
  now: Decision | null,
  asJson: boolean,
): void {
  const time = decidedAt === null ? null : new Date(decidedAt).toISOString();
  if (asJson) {
    printJson({
      ...explanation(decision),
      decidedAt: time,
      now: now === null ? null : explanation(now),
    });
    return;
  }
  if (time !== null) say(`Decided ${time}`);
  say(...explainInWords(decision));
  if (now === null) return;
  say(
    '',
    'With the configuration as it is now:',
    ...explainInWords(now).map((line) => `  ${line}`),
  );
}
