import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { FailureReport } from '../../shared/store/mail-store.ts';

/** What lies beside a parked message; the explanation goes beyond ASCII, as replies of servers do. */
export function failureReportFor(key: MessageKey, reason = 'refused'): FailureReport {
  return {
    key: formatKey(key),
    mailbox: key.mailbox,
    reason,
    explanation: `chris@corp.example was refused: "550 5.1.1 gr\u00fc\u00dfe" (${reason})`,
    parkedAt: '2026-03-01T10:00:00.000Z',
    arrivedAt: '2026-03-01T09:00:00.000Z',
    size: 12,
    messageId: '<one@nwtraders.example>',
    envelope: { mailFrom: '', recipients: ['chris@corp.example'] },
    recipients: [],
    outcome: 'deliver',
    decidedAt: '2026-03-01T09:00:01.000Z',
    edits: { remove: [], rename: {}, add: [] },
    warnings: [],
    transcript: null,
  };
}
