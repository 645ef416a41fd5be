/**
 * Our name in EHLO and in Received (RFC 5321 section 4.1.4). A function's own host name says nothing and changes; this
 * one says which connector it was, in every header that passed it.
 */
export function helloName(stage: string): string {
  return `mailferry-${stage}.local`;
}
