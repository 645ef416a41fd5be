/**
 * Fields in which mail systems note the recipients of the envelope. In a copy that goes to several people they tell
 * each of them about the others, those in Bcc among them.
 */
export const ENVELOPE_FIELDS: readonly string[] = [
  'X-Original-To',
  'Envelope-To',
  'X-Envelope-To',
  'X-Rcpt-To',
  'X-Delivered-To',
  'X-Real-To',
  'X-Apparently-To',
  // What sendmail writes into mail without a visible recipient: those of the envelope, Bcc included.
  'Apparently-To',
  'X-Gm-Original-To',
  'X-MDaemon-Deliver-To',
  'X-Deliver-To',
];
