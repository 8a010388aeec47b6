import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase } from 'vitest/node';

/** vitest reporter: adds a line for each test that skipped itself, with the reason it gave, to the file that `SKIP_REASONS_FILE` names. The JSON report knows no reasons. */
export default class SkipReasons implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    const file = process.env.SKIP_REASONS_FILE;
    if (result.state !== 'skipped' || file === undefined || result.note === undefined) return;
    appendFileSync(file, `${relative(process.cwd(), test.module.moduleId)}: ${test.fullName}: ${result.note}\n`);
  }
}
