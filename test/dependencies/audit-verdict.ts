/** What `npm audit --json` means: findings are the one thing that fails a build. */
export type AuditVerdict =
  | { readonly kind: 'clean' }
  | { readonly kind: 'findings'; readonly packages: readonly string[] }
  /** The registry has no advisories, or could not be asked: nothing is known, good or bad. */
  | { readonly kind: 'no answer'; readonly reason: string };

interface Report {
  readonly message?: string;
  readonly error?: { readonly summary?: string; readonly code?: string };
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string }>>;
}

/** @param printed standard output of `npm audit --json`, as of npm 7 and newer (`auditReportVersion` 2) */
export function auditVerdict(printed: string): AuditVerdict {
  const report = parsed(printed);
  if (report === null) return { kind: 'no answer', reason: 'npm printed no JSON' };
  if (report.vulnerabilities === undefined) {
    const { message, error } = report;
    const reason = [message, error?.summary, error?.code].find((words) => (words ?? '') !== '');
    return { kind: 'no answer', reason: reason ?? 'npm gave no reason' };
  }
  const packages = Object.entries(report.vulnerabilities).map(
    ([name, { severity }]) => `${name} (${severity})`,
  );
  return packages.length === 0 ? { kind: 'clean' } : { kind: 'findings', packages };
}

function parsed(text: string): Report | null {
  try {
    const report = JSON.parse(text) as unknown;
    return typeof report === 'object' && report !== null ? report : null;
  } catch {
    return null;
  }
}
