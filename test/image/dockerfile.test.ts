import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOT } from '#scripts/build/paths.ts';
import { ENTRYPOINT, ENVIRONMENT, imageConfig, PORTS } from '#scripts/image/image-config.ts';
import { projectFiles } from '#scripts/image/own-files.ts';
import { ROOT_PACKAGES } from '#scripts/image/selection.ts';

/** Each instruction on one line. */
const dockerfile = readFileSync(`${ROOT}host/image/Dockerfile`, 'utf8')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '');
const instruction = (name: string): readonly string[] =>
  [...dockerfile.matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].map(([, rest = '']) => rest);

test('every base is named by its digest', () => {
  for (const base of instruction('FROM')) expect(base).toMatch(/@sha256:[0-9a-f]{64}( |$)/);
});

test('it starts as the image of `npm run image` does', () => {
  const config = imageConfig({ architecture: 'amd64', reference: '', createdSeconds: 0, revision: '$REVISION', whenGone: 'Fail' });
  expect(instruction('ENTRYPOINT')).toEqual([JSON.stringify(ENTRYPOINT).replaceAll(',', ', ')]);
  expect(instruction('USER')).toEqual([config.user]);
  expect(instruction('EXPOSE')).toEqual([PORTS.join(' ')]);
  expect(instruction('ENV')[0]?.split(/\s+/)).toEqual(ENVIRONMENT);
  const labels = Object.fromEntries(
    [...(instruction('LABEL')[0] ?? '').matchAll(/([\w.]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
  expect(labels).toEqual({ ...config.labels, 'org.opencontainers.image.version': '$VERSION' });
});

test('it has the same files of ours, and Debian’s packages; the base brings a shell and its tools', () => {
  const made = dockerfile;
  for (const path of projectFiles('').keys()) {
    // The notices are of the bundles, which only `npm run image` lists.
    if (!path.endsWith('/NOTICES')) expect(made).toContain(path.split('/').at(-1));
  }
  const [, installed = ''] = /apt-get install --yes --no-install-recommends ([^&]*)/.exec(made) ?? [];
  expect(installed.trim().split(/\s+/)).toEqual(ROOT_PACKAGES.filter((name) => name !== 'busybox-static'));
});
