import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseTemplate } from '#plugin/output/jsonpath/parse.ts';
import { jsonPathJson, jsonPathText } from '#plugin/output/jsonpath/text.ts';
import { askKubectl, type Case, type Fixture } from './kubectl-jsonpath.ts';

/** Answers of a real kubectl. `UPDATE_JSONPATH=/path/to/kubectl npm run test:unit -- test/plugin/output` asks one again: read the diff before you commit it. */
const FILE = fileURLToPath(new URL('../../fixtures/kubectl-jsonpath.json', import.meta.url));
const kubectl = process.env.UPDATE_JSONPATH;
if (kubectl !== undefined) writeFileSync(FILE, `${JSON.stringify(askKubectl(kubectl), null, 1)}\n`);

const fixture: Fixture = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as Fixture)
  : { kubectl: '', command: '', object: {}, cases: [] };
const printed = ({ template, form }: Case): string =>
  (form === 'jsonpath' ? jsonPathText : jsonPathJson)(parseTemplate(template), fixture.object);
const named = (cases: readonly Case[]) => cases.map((one) => [`-o ${one.form}=${one.template}`, one] as const);

describe(`as kubectl ${fixture.kubectl}`, () => {
  const [printable, refused] = [
    fixture.cases.filter(({ out }) => out !== undefined),
    fixture.cases.filter(({ error }) => error !== undefined),
  ];

  test('there are cases of both kinds', () => expect([printable.length > 60, refused.length > 15]).toEqual([true, true]));
  test.each(named(printable))('prints %s', (_, one) => expect(printed(one)).toBe(one.out));
  test.each(named(refused))('refuses %s', (_, one) => expect(() => printed(one)).toThrow());
});
