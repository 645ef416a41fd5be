/**
 * Whether mail for a domain is carried. `corp.example` takes only itself, `*.corp.example` only what lies beneath.
 * @param domain lower-case A-labels, as the entries
 */
export function isAcceptedDomain(domain: string, accepted: readonly string[]): boolean {
  return accepted.some((entry) =>
    entry.startsWith('*.')
      ? domain.length > entry.length - 1 && domain.endsWith(entry.slice(1))
      : domain === entry,
  );
}
