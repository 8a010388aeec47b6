import { readFileSync } from 'node:fs';
import type { Metafile } from 'esbuild';
import { expect, test } from 'vitest';
import { metafilePath } from '#scripts/build/output.ts';

test('the bundle of the helpers holds nothing but them, the clock, the blotting out of secrets, and units', () => {
  const { inputs } = JSON.parse(readFileSync(metafilePath('helpers'), 'utf8')) as Metafile;
  const allowed = /^(host\/image\/helpers\/|host\/(clock|real-clock|observe\/redact)\.ts$|core\/units\/|package\.json$)/;
  expect(Object.keys(inputs)).toContain('host/image/helpers/main.ts');
  expect(Object.keys(inputs).filter((input) => !allowed.test(input))).toEqual([]);
});
