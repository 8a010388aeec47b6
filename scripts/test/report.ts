import { existsSync, readFileSync } from 'node:fs';

/** What came of some tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** One a test that gave a reason. */
  readonly skipReasons: readonly string[];
}

export const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0, skipReasons: [] };

/** vitest's JSON report, as far as it is read here (it is jest's). */
interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** Counts each test of a report; a file that could not even be loaded is one failure. undefined when there is no report. */
export function readReport(file: string, skipReasonsFile: string): Counts | undefined {
  if (!existsSync(file)) return undefined;
  const { testResults }: Report = JSON.parse(readFileSync(file, 'utf8'));
  return { ...testResults.map(countsOf).reduce(plus, NOTHING), skipReasons: readLines(skipReasonsFile) };
}

function countsOf({ status, assertionResults }: Report['testResults'][number]): Counts {
  const withStatus = (wanted: string): number => assertionResults.filter((test) => test.status === wanted).length;
  const passed = withStatus('passed');
  const failed = withStatus('failed');
  const unloaded = status === 'failed' && failed === 0 ? 1 : 0;
  return { passed, failed: failed + unloaded, skipped: assertionResults.length - passed - failed, skipReasons: [] };
}

/** The file is there only when something was skipped. */
function readLines(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

export function plus(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    skipReasons: [...a.skipReasons, ...b.skipReasons],
  };
}

/** `12 passed, 0 failed`, and what was skipped when something was. */
export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
