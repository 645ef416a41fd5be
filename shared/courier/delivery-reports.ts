/** What is asked of the mail system where it offers DSN (RFC 3461); nodemailer leaves it out where it does not. */
export interface DeliveryReportOptions {
  readonly dsn?: {
    readonly ret: 'HDRS';
    readonly envid: string;
    readonly notify: 'FAILURE';
  };
}

/**
 * Bounces that the mail system makes after it took the message go to MAIL FROM, which is nobody of ours as a rule. They
 * are wanted for failures, or nobody would hear of them; not for delays, since a stranger cannot help them; and with the
 * header alone, so that one to a forged sender carries no content. With the null reverse-path there is nobody to tell.
 *
 * @param id comes back as Original-Envelope-Id: `mailferry trace` takes it
 */
export function deliveryReports(transaction: {
  readonly id: string;
  readonly mailFrom: string;
}): DeliveryReportOptions {
  if (transaction.mailFrom === '') return {};
  return { dsn: { ret: 'HDRS', envid: transaction.id, notify: 'FAILURE' } };
}
