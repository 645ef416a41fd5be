/** RFC 5802 section 5.1 and RFC 5801 section 4: `,` and `=` stand for themselves nowhere in a name. */
export function saslName(username: string): string {
  return username.replaceAll('=', '=3D').replaceAll(',', '=2C');
}
