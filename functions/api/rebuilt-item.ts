import * as z from 'zod';

import type { MessageItem, RecipientState } from '../../shared/ledger/message-item.ts';
import { decideOnce, isFinal, NO_HISTORY } from '../../shared/ledger/message-transitions.ts';
import type { Decision } from '../../shared/routing/decision.ts';

const time = z.iso.datetime({ offset: true });
const text = z.string().nullable().default(null);

const reportedRecipient = z.object({
  address: z.string(),
  source: z.string().default(''),
  rule: z.number().nullable().default(null),
  alias: text,
  state: z.enum(['waiting', 'sent', 'duplicate', 'failed']),
  attempts: z.number().default(0),
  reason: z.enum(['refused', 'expired', 'internal']).nullable().default(null),
  code: z.number().nullable().default(null),
  enhancedCode: text,
  reply: text,
  host: text,
  at: time.nullable().default(null),
});

/** What of a report the ledger's item follows from; whatever else stands there is passed over. */
const report = z.object({
  arrivedAt: time,
  decidedAt: time,
  parkedAt: time,
  messageId: text,
  envelope: z.object({ mailFrom: z.string() }),
  outcome: z.enum(['deliver', 'undeliverable', 'held']),
  recipients: z.array(reportedRecipient),
  edits: z.object({
    remove: z.array(z.string()),
    rename: z.record(z.string(), z.string()),
    add: z.array(z.string()),
  }),
  warnings: z.array(z.string()),
});

type StoredReport = z.infer<typeof report>;

/**
 * The ledger's item of a message in `Failed/`, from the report beside it: for when the ledger has lost its own (a folder
 * restored from a backup, an item that expired). What was passed over when it was routed is not in the report.
 * @param stored the parsed JSON file
 * @returns null when it is no report of this version, or somebody edited it beyond use
 */
export function rebuiltItem(stored: unknown): MessageItem | null {
  const parsed = report.safeParse(stored);
  if (!parsed.success) return null;
  const { data } = parsed;
  const times = {
    arrivedAt: Date.parse(data.arrivedAt),
    now: Date.parse(data.decidedAt),
    messageId: data.messageId,
  };
  const decided = decideOnce(decisionIn(data), new Set(), times)(null).answer;
  const item = { ...decided, recipients: data.recipients.map(stateOf) };
  const parkedAt = Date.parse(data.parkedAt);
  return {
    ...item,
    endedAt: isFinal(item) ? parkedAt : null,
    // People were told when it was parked.
    failure: { ...NO_HISTORY, noticedAt: parkedAt },
  };
}

function decisionIn({ outcome, recipients, envelope, edits, warnings }: StoredReport): Decision {
  return {
    outcome,
    recipients: recipients.map(({ address, source, rule, alias }) => ({
      address,
      source,
      rule,
      alias,
    })),
    ignored: [],
    ignoredCount: 0,
    mailFrom: envelope.mailFrom,
    edits,
    warnings,
  };
}

function stateOf(one: z.infer<typeof reportedRecipient>): RecipientState {
  const { address, state, attempts, reason, code, enhancedCode, reply, host, at } = one;
  const lastReply =
    reply === null || host === null || at === null
      ? null
      : { code, enhancedCode, text: reply, host, at: Date.parse(at) };
  return { address, state, attempts, reason, lastReply };
}
