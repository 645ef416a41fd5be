import type { Clock } from '../../shared/clock.ts';
import type { DuplicateLedger } from '../../shared/ledger/ledger.ts';
import { DUPLICATE_CLAIM_MS } from '../../shared/limits.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Decision } from '../../shared/routing/decision.ts';
import type { SettingsSource } from '../../shared/settings/settings.ts';

export interface ClaimRecipientsDeps {
  readonly settings: SettingsSource;
  readonly duplicates: DuplicateLedger;
  readonly clock: Clock;
}

const GIVE_UP_MARGIN_MS = 2 * 24 * 3_600_000;

/**
 * Claims each recipient of a decision for its message. A held message claims none.
 * @returns the addresses, in lower case, that another message was first for
 */
export async function claimRecipients(
  deps: ClaimRecipientsDeps,
  key: MessageKey,
  decision: Decision,
  duplicateKey: string,
): Promise<ReadonlySet<string>> {
  const addresses = decision.recipients.map((one) => one.address.toLowerCase());
  if (addresses.length === 0) return new Set();
  const { giveUpAfterMs } = (await deps.settings.read()).general.delivery;
  const memory = Math.max(DUPLICATE_CLAIM_MS, giveUpAfterMs + GIVE_UP_MARGIN_MS);
  const now = deps.clock.now();
  const owners = await deps.duplicates.claim(
    addresses.map((recipient) => ({ mailbox: key.mailbox, recipient, duplicateKey })),
    key.sha256,
    { now, expiresAt: now + memory },
  );
  return new Set(addresses.filter((_, index) => owners[index] !== key.sha256));
}
