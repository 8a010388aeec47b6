import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { StatusReport } from '#plugin/contract/status.ts';
import { colored, plain } from '#plugin/io.ts';
import { widthOf } from '#plugin/plan/lay-out.ts';
import { treeText } from '#plugin/status/tree.ts';

const GOLDEN = fileURLToPath(new URL('../../golden/status/', import.meta.url));
const reports = readdirSync(GOLDEN)
  .map((name) => `${GOLDEN}${name}/status.json`)
  .filter((file) => existsSync(file))
  .map((file) => JSON.parse(readFileSync(file, 'utf8')) as StatusReport);

const words = (text: string): readonly string[] => text.split(/[\s─├└│]+/).filter((word) => word !== '');

test.each([60, 80, 120, 200])('a tree of %i columns says the same as one that is as wide as it likes', (columns) => {
  expect(reports.length).toBeGreaterThan(10);
  for (const report of reports) {
    const [whole, narrow] = [treeText(report, { paint: plain }), treeText(report, { paint: plain, columns })];
    expect(words(narrow)).toEqual(words(whole));
    expect(stripVTControlCharacters(treeText(report, { paint: colored, columns }))).toBe(narrow);
    const long = narrow.split('\n').filter((line) => widthOf(line) > columns);
    for (const line of long.filter((each) => !/^[│ ]*kubectl /.test(each)))
      expect(words(line).length, `one word, or it had been broken: ${line}`).toBe(1);
  }
});
