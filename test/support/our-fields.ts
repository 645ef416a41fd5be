/** Takes the two fields off the top that every delivery puts there; the second ends with its code of 43 characters. */
export function withoutOurFields(delivered: Buffer): Buffer {
  const text = delivered.toString('latin1');
  const ours = /^Received: .*\r\n(?:[ \t].*\r\n)*X-Mailferry-Id:(?:.*\r\n[ \t])*[\w-]{43}\r\n/;
  return Buffer.from(text.replace(ours, ''), 'latin1');
}
