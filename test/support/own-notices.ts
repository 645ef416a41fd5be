import type { ReceivedMail } from './smtp-script.ts';

/** What a server received that the connector wrote itself. */
export function noticesAmong(received: readonly ReceivedMail[]): readonly ReceivedMail[] {
  return received.filter(isNotice);
}

/** The mail that it carried. */
export function withoutNotices(received: readonly ReceivedMail[]): readonly ReceivedMail[] {
  return received.filter((one) => !isNotice(one));
}

function isNotice({ mailFrom, data }: ReceivedMail): boolean {
  return mailFrom === '' && data.includes('\r\nFrom: Mailferry <mailer-daemon@');
}
