import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { parseSource } from '#plugin/input/documents.ts';
import { readManifests } from '#plugin/input/objects.ts';
import { colored, plain } from '#plugin/io.ts';
import type { Assumption } from '#plugin/plan/assumptions.ts';
import { planOf } from '#plugin/plan/planned.ts';
import { runPlan } from '#plugin/plan/run.ts';
import { planText } from '#plugin/plan/text.ts';

/** Plans as they are printed, one folder a situation. `UPDATE_GOLDEN=1 npm run test:unit -- test/plugin/plan` writes them anew: read the diff before you commit it. */
const GOLDEN = fileURLToPath(new URL('../../golden/plan/', import.meta.url));
const isUpdate = process.env.UPDATE_GOLDEN === '1';

const core = loadEngine(readFileSync(new URL('../../../dist/core.wasm', import.meta.url)));
/** The digest changes with every change of the core, also where no plan does. */
const engine = { digest: `sha256:${'0'.repeat(64)}`, decide: core.decide };

const cases = readdirSync(GOLDEN).sort();

test('there are cases', () => expect(cases.length).toBeGreaterThan(10));

test.each(cases)('%s', async (name) => {
  const text = readFileSync(`${GOLDEN}${name}/input.yaml`, 'utf8');
  const flagsFile = `${GOLDEN}${name}/flags.json`;
  const flags = existsSync(flagsFile) ? (JSON.parse(readFileSync(flagsFile, 'utf8')) as { assume?: Assumption; runForMs?: number }) : {};
  const { objects, faults } = readManifests(parseSource({ name: 'input.yaml', text }).objects, 'default', false);
  expect(faults).toEqual([]);
  const plan = planOf(await runPlan({ engine, objects, horizonMs: 86_400_000, ...flags }));
  const toYaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
  const options = { paint: plain, toYaml, applyWith: 'kubectl apply -f input.yaml' };
  check(`${GOLDEN}${name}/plan.txt`, planText(plan, options));
  for (const width of [80, 120]) {
    const narrow = planText(plan, { ...options, toYaml: () => '', width });
    for (const line of narrow.split('\n')) expect(line.length, line).toBeLessThanOrEqual(width);
    expect(stripVTControlCharacters(planText(plan, { ...options, toYaml: () => '', width, paint: colored }))).toBe(narrow);
  }
  check(`${GOLDEN}${name}/plan.json`, `${JSON.stringify(plan, null, 2)}\n`);
});

function check(file: string, actual: string): void {
  if (isUpdate) writeFileSync(file, actual);
  expect(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(actual).toBe(readFileSync(file, 'utf8'));
}
