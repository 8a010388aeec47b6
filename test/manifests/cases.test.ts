import { expect, test } from 'vitest';
import { checkManifest } from '#core/api/manifest.ts';
import { crdCases } from './cases.ts';

test.each(crdCases)('$name', ({ manifest, refusedWith }) => {
  const checked = checkManifest(manifest.kind, JSON.parse(JSON.stringify(manifest)));
  const said = checked.ok ? 'accepted' : checked.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
  expect(said).toMatch(refusedWith ?? /^accepted$/);
});

test('every name is used once, so that a failure says which case it is', () => {
  const names = crdCases.map((row) => row.name);
  expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
});
