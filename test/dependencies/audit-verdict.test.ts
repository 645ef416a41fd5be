import { describe, expect, test } from 'vitest';

import { auditVerdict } from './audit-verdict.ts';

describe('verdict of npm audit', () => {
  test('a report without vulnerabilities is clean', () => {
    const report = { auditReportVersion: 2, vulnerabilities: {}, metadata: {} };
    expect(auditVerdict(JSON.stringify(report))).toEqual({ kind: 'clean' });
  });

  test('each finding is named', () => {
    const vulnerabilities = { left: { name: 'left', severity: 'high', via: [] } };
    const report = { auditReportVersion: 2, vulnerabilities, metadata: {} };
    expect(auditVerdict(JSON.stringify(report))).toEqual({
      kind: 'findings',
      packages: ['left (high)'],
    });
  });

  test.each([
    [
      'a registry without advisories',
      '{"message":"405 Method Not Allowed","statusCode":405,"body":"","error":{"summary":"","detail":""}}',
      '405 Method Not Allowed',
    ],
    [
      'a registry that cannot be reached',
      '{"error":{"code":"ECONNREFUSED","summary":"request to registry failed"}}',
      'request to registry failed',
    ],
    ['an npm that was ended', '', 'npm printed no JSON'],
    ['something else', '[]', 'npm gave no reason'],
  ])('%s is no answer, and no finding', (_what, printed, reason) => {
    expect(auditVerdict(printed)).toEqual({ kind: 'no answer', reason });
  });
});
