import type { FailureReport } from './mail-store.ts';

/** A report as it was stored; null when somebody edited it beyond reading: what is true stands in the ledger. */
export function parsedReport(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** Its transcript, so that a report that replaces it can keep it; null where there is none. */
export function transcriptOf(report: unknown): FailureReport['transcript'] {
  if (typeof report !== 'object' || report === null || !('transcript' in report)) return null;
  const { transcript } = report;
  return Array.isArray(transcript) && transcript.every((line) => typeof line === 'string')
    ? transcript
    : null;
}
