import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { NOTHING, plus, readReport, summaryLine } from '#scripts/test/report.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubeopencode-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

function report(...testResults: readonly object[]): string {
  const file = join(folder, 'report.json');
  writeFileSync(file, JSON.stringify({ testResults }));
  return file;
}

const tests = (...statuses: readonly string[]): object[] => statuses.map((status) => ({ status, ancestorTitles: ['needs a moon'] }));

describe('the counts of a run', () => {
  it('are those of its tests', () => {
    const file = report(
      { name: '/root/test/a.test.ts', status: 'passed', assertionResults: tests('passed', 'passed', 'pending') },
      { name: '/root/test/b.test.ts', status: 'failed', assertionResults: tests('passed', 'failed') },
    );
    const counts = readReport(file, '/root');
    expect(counts).toEqual({ passed: 3, failed: 1, skipped: 1, skipReasons: ['test/a.test.ts: needs a moon'] });
    expect(counts && summaryLine(counts)).toBe('3 passed, 1 failed, 1 skipped');
  });

  it('hold a failure for a file that could not be loaded', () => {
    const counts = readReport(report({ name: '/root/test/a.test.ts', status: 'failed', assertionResults: [] }), '/root');
    expect(counts).toEqual({ ...NOTHING, failed: 1 });
  });

  it('are unknown without a report', () => {
    expect(readReport(join(folder, 'none.json'), '/root')).toBeUndefined();
  });

  it('add up', () => {
    const one = { passed: 2, failed: 1, skipped: 1, skipReasons: ['a'] };
    expect(plus(one, { ...one, skipReasons: ['b'] })).toEqual({ passed: 4, failed: 2, skipped: 2, skipReasons: ['a', 'b'] });
    expect(summaryLine({ ...one, skipped: 0 })).toBe('2 passed, 1 failed');
  });
});
