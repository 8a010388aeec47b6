import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { World } from '#host/cluster/memory/world.ts';
import type { Why } from '#plugin/contract/why.ts';
import { colored, plain } from '#plugin/io.ts';
import { REACH_RANKS } from '#plugin/why/changes/change.ts';
import { whyText } from '#plugin/why/text/text.ts';
import { NAMESPACE } from '#test/support/builders.ts';
import { play } from './play.ts';
import { SITUATIONS } from './situations.ts';
import type { Situation } from './steps.ts';

/** Explanations as they are printed, of Tasks that the real controller brought where they are. `UPDATE_GOLDEN=1 npm run test:unit -- test/plugin/why` writes them anew: read the diff before you commit it. */
const GOLDEN = fileURLToPath(new URL('../../golden/why/', import.meta.url));
const isUpdate = process.env.UPDATE_GOLDEN === '1';
/** Widths of terminals. */
const COLUMNS = [80, 120];

/** Version of the whole cluster. */
function written(world: World): string {
  const listed = world.server.list({ kind: 'Task' });
  return listed.ok ? listed.value.resourceVersion : '';
}

async function explained(situation: Situation): Promise<Why> {
  const { world, why, end } = await play(situation);
  const before = written(world);
  const told = await why();
  expect(written(world), 'nothing is written').toBe(before);
  end();
  return told;
}

test.each(Object.entries(SITUATIONS))('%s', async (name, situation) => {
  const why = await explained(situation);
  expect(why).toMatchObject({ formatVersion: 1, namespace: NAMESPACE, name: situation.about, lacks: [] });
  const text = whyText(why, { paint: plain });
  check(name, 'why.txt', text);
  check(name, 'why.json', `${JSON.stringify(why, null, 2)}\n`);
  expect(text.split('\n', 1)[0], 'the first line is the answer').toContain(why.answer);
  const ranks = why.changes.map(({ goesOn, reach }) => (goesOn ? 0 : 10) + REACH_RANKS[reach]);
  expect(ranks, 'what is enough stands first, and the smaller before the larger').toEqual([...ranks].sort((a, b) => a - b));
  for (const columns of COLUMNS) checkWidth(why, text, columns);
});

/** Broken lines say the same, in colour too, and none is too long but for what is to be pasted, and for words that are. */
function checkWidth(why: Why, whole: string, columns: number): void {
  const text = whyText(why, { paint: plain, columns });
  expect(words(text)).toEqual(words(whole));
  expect(stripVTControlCharacters(whyText(why, { paint: colored, columns }))).toBe(text);
  const long = text.split('\n').filter((line) => line.length > columns && !/^ *[$?] /.test(line));
  for (const line of long) expect(line.trim(), `one word, or it had been broken at ${columns}`).not.toContain(' ');
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

test('there is no golden file of a situation that is not there any more', () =>
  expect(readdirSync(GOLDEN).sort()).toEqual(Object.keys(SITUATIONS).sort()));

test('there are situations enough', () => expect(Object.keys(SITUATIONS).length).toBeGreaterThanOrEqual(25));

function check(name: string, file: string, actual: string): void {
  const path = `${GOLDEN}${name}/${file}`;
  if (isUpdate) {
    mkdirSync(`${GOLDEN}${name}`, { recursive: true });
    writeFileSync(path, actual);
  }
  expect(existsSync(path), `${path} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(actual).toBe(readFileSync(path, 'utf8'));
}
