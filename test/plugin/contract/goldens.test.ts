import { globSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { OUTPUT_NAMES, type OutputName, schemaFileName, schemaOf } from '#plugin/contract/outputs.ts';
import { run } from '#test/plugin/io.ts';
import { outputFaults, PUBLISHED, schemaFaults } from '#test/support/output-schema.ts';

const GOLDEN = fileURLToPath(new URL('../../golden/', import.meta.url));
/** The schemas of version 1 as they were first published. They never change: a program that was written for them goes on working. */
const FIRST = fileURLToPath(new URL('../../fixtures/contract/', import.meta.url));
/** What goes into a golden test; all other JSON there is output. */
const INPUTS = /\/(args|flags|input)\.json$/;

const goldens = globSync('**/*.json', { cwd: GOLDEN })
  .filter((path) => !INPUTS.test(path))
  .sort();

const documentIn = (path: string): unknown => JSON.parse(readFileSync(GOLDEN + path, 'utf8'));
const outputOf = (path: string): OutputName => {
  const [folder] = path.split('/');
  const name = OUTPUT_NAMES.find((output) => output === folder);
  if (name === undefined)
    throw new Error(`test/golden/${path}: expected a folder named after an output with a schema, such as ${OUTPUT_NAMES.join(', ')}`);
  return name;
};

describe('golden output', () => {
  test('is there', () => expect(goldens.length).toBeGreaterThanOrEqual(97));
  test.each(goldens)('%s is as its published schema says', (path) => expect(outputFaults(outputOf(path), documentIn(path))).toEqual([]));
  test.each(goldens)('%s can be read by a program that was written for the first schema', (path) =>
    expect(schemaFaults(FIRST + schemaFileName(outputOf(path)), documentIn(path), { isReader: true })).toEqual([]),
  );
});

describe('the published schemas', () => {
  test('are those that the types come from, each printed by `schema`', async () => {
    expect(readdirSync(PUBLISHED).sort()).toEqual(OUTPUT_NAMES.map(schemaFileName).sort());
    for (const name of OUTPUT_NAMES) {
      const published = readFileSync(PUBLISHED + schemaFileName(name), 'utf8');
      expect(JSON.parse(published), `${name}: npm run schemas writes it`).toEqual(schemaOf(name));
      expect(await run(['schema', name])).toEqual({ code: 0, out: published, err: '' });
    }
    expect((await run(['schema'])).out).toBe(OUTPUT_NAMES.map((name) => `${name}\n`).join(''));
    expect((await run(['schema', 'nothing'])).code).toBe(1);
  });
  test('have the version that the output bears', () => {
    for (const name of OUTPUT_NAMES) {
      const { properties } = schemaOf(name) as { properties: { formatVersion: { const: number } } };
      expect(schemaFileName(name)).toBe(`${name}.v${properties.formatVersion.const}.json`);
    }
  });
  test('refuse a field that they do not name, one that lacks, and one of another type', () => {
    const plan = documentIn('plan/retry/plan.json') as Record<string, unknown>;
    const { core, ...withoutCore } = plan;
    expect(outputFaults('plan', { ...plan, colour: 'red' }).join()).toContain('additional');
    expect(outputFaults('plan', withoutCore).join()).toContain('core');
    expect(outputFaults('plan', { ...plan, startsAt: 'soon' }).join()).toContain('date-time');
    expect(outputFaults('plan', { ...plan, formatVersion: 2 }).join()).toContain('formatVersion');
    expect(core).toMatch(/^sha256:/);
  });
  test('say what they are of', () => {
    for (const name of OUTPUT_NAMES) {
      expect(schemaOf(name)).toMatchObject({
        $id: expect.stringMatching(/^urn:kubeopencode:schema:/),
        description: expect.stringContaining('kubectl opencode '),
      });
    }
  });
});
