import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { NOTHING, plus, readReport, summaryLine } from '#scripts/test/report.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubeopencode-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NONE = join(folder, 'none');

function report(...testResults: readonly object[]): string {
  const file = join(folder, 'report.json');
  writeFileSync(file, JSON.stringify({ testResults }));
  return file;
}

const tests = (...statuses: readonly string[]): object[] => statuses.map((status) => ({ status }));

describe('the counts of a run', () => {
  it('are those of its tests', () => {
    const file = report(
      { status: 'passed', assertionResults: tests('passed', 'passed', 'pending') },
      { status: 'failed', assertionResults: tests('passed', 'failed') },
    );
    const reasons = join(folder, 'skipped');
    writeFileSync(reasons, 'test/a.test.ts: lands: needs a moon\n');
    const counts = readReport(file, reasons);
    expect(counts).toEqual({ passed: 3, failed: 1, skipped: 1, skipReasons: ['test/a.test.ts: lands: needs a moon'] });
    expect(counts && summaryLine(counts)).toBe('3 passed, 1 failed, 1 skipped');
  });

  it('hold a failure for a file that could not be loaded', () => {
    const counts = readReport(report({ status: 'failed', assertionResults: [] }), NONE);
    expect(counts).toEqual({ ...NOTHING, failed: 1 });
  });

  it('are unknown without a report', () => {
    expect(readReport(NONE, NONE)).toBeUndefined();
  });

  it('add up', () => {
    const one = { passed: 2, failed: 1, skipped: 1, skipReasons: ['a'] };
    expect(plus(one, { ...one, skipReasons: ['b'] })).toEqual({ passed: 4, failed: 2, skipped: 2, skipReasons: ['a', 'b'] });
    expect(summaryLine({ ...one, skipped: 0 })).toBe('2 passed, 1 failed');
  });
});
