import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { OUTPUT_NAMES, schemaFileName, schemaOf } from '#plugin/contract/outputs.ts';
import { ROOT } from './build/paths.ts';

/** `npm run schemas`: brings the published JSON Schemas of the plugin's output up to date; `--check` only says which are not. */
const FOLDER = 'plugin/contract/published';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const wanted = new Map(OUTPUT_NAMES.map((name) => [schemaFileName(name), `${JSON.stringify(schemaOf(name), null, 2)}\n`]));
mkdirSync(ROOT + FOLDER, { recursive: true });
const there = new Map(readdirSync(ROOT + FOLDER).map((file) => [file, readFileSync(`${ROOT}${FOLDER}/${file}`, 'utf8')]));
// An older version of a form stays: whoever reads what was stored needs it.
const stale = [...wanted].filter(([file, text]) => there.get(file) !== text);
const unknown = [...there.keys()].filter((file) => !wanted.has(file) && !/\.v\d+\.json$/.test(file));

if (values.check) {
  for (const file of [...stale.map(([name]) => name), ...unknown])
    console.error(`error: checking ${FOLDER}/${file}: it is not what plugin/contract generates; run npm run schemas and commit the result`);
  process.exitCode = stale.length + unknown.length === 0 ? 0 : 1;
} else {
  for (const [file, text] of stale) writeFileSync(`${ROOT}${FOLDER}/${file}`, text);
  for (const file of unknown) rmSync(`${ROOT}${FOLDER}/${file}`);
  const changed = [...stale.map(([name]) => name), ...unknown];
  console.error(changed.length === 0 ? `${wanted.size} schemas are up to date` : `brought up to date: ${changed.join(', ')}`);
}
