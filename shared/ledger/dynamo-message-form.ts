import * as z from 'zod';

import type { Decision } from '../routing/decision.ts';
import type { RecordForm } from './dynamo-records.ts';
import { MESSAGE_ID, NO_MESSAGE_ID } from './dynamo-index-names.ts';
import { indexAttributes } from './dynamo-message-index.ts';
import type { FailureHistory, LastReply, MessageItem, RecipientState } from './message-item.ts';

/**
 * A message's item as text. DynamoDB bills writes by the begun KiB, and an item is written four times: so names are
 * one letter, and left out is what has its usual value or can be derived. Unknown names are refused and not dropped:
 * a newer version's field must not vanish when this one writes.
 */
const reply = z.tuple([
  z.number().nullable(),
  z.string().nullable(),
  z.string(),
  z.string(),
  z.number(),
]);

const recipient = z.strictObject({
  /** Address; absent: the decision's at this position. */
  a: z.string().optional(),
  /** State; absent: `waiting`. */
  s: z.enum(['sent', 'duplicate', 'failed']).optional(),
  /** Attempts; absent: 0. */
  n: z.number().optional(),
  /** Reason. */
  w: z.enum(['refused', 'expired', 'internal']).optional(),
  /** Last reply: code, enhanced code, text, host, time. */
  l: reply.optional(),
});

const RESULTS = ['decides', 'absent', 'untrusted', 'empty', 'refused', 'notAsked'] as const;

/** Address, source; rule and alias where there is either. */
const decided = z.union([
  z.tuple([z.string(), z.string()]),
  z.tuple([z.string(), z.string(), z.number().nullable(), z.string().nullable()]),
]);

const decision = z.strictObject({
  /** Outcome; absent: `deliver`. */
  o: z.enum(['undeliverable', 'held']).optional(),
  t: z.array(decided),
  /** Ignored: address, source, reason. */
  i: z.array(z.tuple([z.string(), z.string(), z.string()])).optional(),
  /** How many were ignored; absent: those that are listed. */
  k: z.number().optional(),
  /** MAIL FROM. */
  m: z.string(),
  /** Names to remove, to rename, and fields to add: each cut where the message's own digest stands. */
  x: z.array(z.string()).optional(),
  y: z.record(z.string(), z.string()).optional(),
  p: z.array(z.array(z.string())).optional(),
  /** Warnings. */
  g: z.array(z.string()).optional(),
  /** Consulted: source, addresses, result. */
  c: z.array(z.tuple([z.string(), z.number(), z.enum(RESULTS)])).optional(),
});

const message = z.strictObject({
  a: z.number(),
  /** Queued; absent: when it was decided, before that when it arrived. */
  q: z.number().optional(),
  /** Decided. */
  d: z.number().optional(),
  v: decision.optional(),
  r: z.array(recipient).optional(),
  /** Claim: token, until. */
  c: z.tuple([z.string(), z.number()]).optional(),
  s: z.number().optional(),
  f: z.number().optional(),
  u: z.number().optional(),
  e: z.number().optional(),
  w: z.number().optional(),
  /** On the server; gone from it; copy in Failed/ removed. */
  o: z.literal(true).optional(),
  g: z.number().optional(),
  n: z.number().optional(),
  /** Failure: noticed, retried, removed by. */
  h: z.tuple([z.number().nullable(), z.number().nullable(), z.string().nullable()]).optional(),
});

type StoredRecipient = z.infer<typeof recipient>;
type StoredDecision = z.infer<typeof decision>;
type StoredFailure = [number | null, number | null, string | null];

/** @param sha256 of the message: the trace fields that are added hold it, and it is the key already */
export function messageForm(sha256: string): RecordForm<MessageItem> {
  return {
    name: 'message record',
    encode: (item) => JSON.stringify(encodeItem(item, sha256)),
    decode: (text, attributes) => ({
      ...decodeItem(message.parse(JSON.parse(text)), sha256),
      messageId: messageIdIn(attributes[MESSAGE_ID]?.S),
    }),
    attributes: indexAttributes,
  };
}

function messageIdIn(text: string | undefined): string | null {
  return text === undefined || text === NO_MESSAGE_ID ? null : text;
}

function encodeItem(item: MessageItem, sha256: string): z.infer<typeof message> {
  const decided = item.decision?.recipients ?? [];
  return {
    a: item.arrivedAt,
    q: unless(item.decidedAt ?? item.arrivedAt, item.queuedAt),
    d: item.decidedAt ?? undefined,
    v: item.decision === null ? undefined : encodeDecision(item.decision, sha256),
    r: filled(item.recipients.map((one, at) => encodeRecipient(one, decided[at]?.address))),
    c: item.claim === null ? undefined : [item.claim.token, item.claim.until],
    s: unless(0, item.starts),
    f: unless(0, item.deferrals),
    u: item.nextDue ?? undefined,
    ...encodeEnd(item),
  };
}

function encodeEnd(item: MessageItem) {
  return {
    e: item.endedAt ?? undefined,
    w: item.seenAt ?? undefined,
    o: item.onServer ? (true as const) : undefined,
    g: item.goneAt ?? undefined,
    n: item.copyRemovedAt ?? undefined,
    h: item.failure === null ? undefined : encodeFailure(item.failure),
  };
}

function encodeFailure({ noticedAt, retriedAt, removedBy }: FailureHistory): StoredFailure {
  return [noticedAt, retriedAt, removedBy];
}

function decodeFailure([noticedAt, retriedAt, removedBy]: StoredFailure): FailureHistory {
  return { noticedAt, retriedAt, removedBy };
}

function decodeItem(
  stored: z.infer<typeof message>,
  sha256: string,
): Omit<MessageItem, 'messageId'> {
  const decided = stored.v === undefined ? null : decodeDecision(stored.v, sha256);
  return {
    decision: decided,
    recipients: (stored.r ?? []).map((one, at) =>
      decodeRecipient(one, decided?.recipients[at]?.address),
    ),
    decidedAt: stored.d ?? null,
    arrivedAt: stored.a,
    queuedAt: stored.q ?? stored.d ?? stored.a,
    claim: stored.c === undefined ? null : { token: stored.c[0], until: stored.c[1] },
    starts: stored.s ?? 0,
    deferrals: stored.f ?? 0,
    nextDue: stored.u ?? null,
    ...decodeEnd(stored),
  };
}

function decodeEnd(stored: z.infer<typeof message>) {
  return {
    endedAt: stored.e ?? null,
    seenAt: stored.w ?? null,
    onServer: stored.o ?? false,
    goneAt: stored.g ?? null,
    copyRemovedAt: stored.n ?? null,
    failure: stored.h === undefined ? null : decodeFailure(stored.h),
  };
}

function encodeDecision(full: Decision, sha256: string): StoredDecision {
  const { outcome, ignored, ignoredCount, edits } = full;
  return {
    o: outcome === 'deliver' ? undefined : outcome,
    t: full.recipients.map(({ address, source, rule, alias }) =>
      rule === null && alias === null ? [address, source] : [address, source, rule, alias],
    ),
    i: filled(ignored.map((one) => [one.address, one.source, one.reason])),
    k: unless(ignored.length, ignoredCount),
    m: full.mailFrom,
    x: filled(edits.remove),
    y: Object.keys(edits.rename).length === 0 ? undefined : { ...edits.rename },
    p: filled(edits.add.map((field) => field.split(sha256))),
    g: filled(full.warnings),
    c: full.consulted?.map((one) => [one.source, one.addresses, one.result]),
  };
}

function decodeDecision(stored: StoredDecision, sha256: string): Decision {
  const ignored = (stored.i ?? []).map(([address, source, reason]) => ({
    address,
    source,
    reason,
  }));
  return {
    outcome: stored.o ?? 'deliver',
    recipients: stored.t.map(([address, source, rule = null, alias = null]) => ({
      address,
      source,
      rule,
      alias,
    })),
    ignored,
    ignoredCount: stored.k ?? ignored.length,
    mailFrom: stored.m,
    edits: {
      remove: stored.x ?? [],
      rename: stored.y ?? {},
      add: (stored.p ?? []).map((pieces) => pieces.join(sha256)),
    },
    warnings: stored.g ?? [],
    ...(stored.c === undefined ? {} : { consulted: stored.c.map(consultedSource) }),
  };
}

function consultedSource([source, addresses, result]: NonNullable<StoredDecision['c']>[number]) {
  return { source, addresses, result };
}

function encodeRecipient(one: RecipientState, decidedAddress: string | undefined): StoredRecipient {
  return {
    a: one.address === decidedAddress ? undefined : one.address,
    s: one.state === 'waiting' ? undefined : one.state,
    n: unless(0, one.attempts),
    w: one.reason ?? undefined,
    l: one.lastReply === null ? undefined : encodeReply(one.lastReply),
  };
}

function decodeRecipient(
  stored: StoredRecipient,
  decidedAddress: string | undefined,
): RecipientState {
  const address = stored.a ?? decidedAddress;
  if (address === undefined) throw new Error('a recipient without an address');
  return {
    address,
    state: stored.s ?? 'waiting',
    attempts: stored.n ?? 0,
    reason: stored.w ?? null,
    lastReply: stored.l === undefined ? null : decodeReply(stored.l),
  };
}

function encodeReply({ code, enhancedCode, text, host, at }: LastReply): z.infer<typeof reply> {
  return [code, enhancedCode, text, host, at];
}

function decodeReply([code, enhancedCode, text, host, at]: z.infer<typeof reply>): LastReply {
  return { code, enhancedCode, text, host, at };
}

function unless(usual: number, value: number): number | undefined {
  return value === usual ? undefined : value;
}

function filled<Item>(list: readonly Item[]): Item[] | undefined {
  return list.length === 0 ? undefined : [...list];
}
