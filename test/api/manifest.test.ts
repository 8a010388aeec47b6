import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DURATION_PATTERN } from '#core/api/common.ts';
import { checkManifest } from '#core/api/manifest.ts';
import { parseDuration } from '#core/units/duration.ts';
import { acceptedCases } from '../manifests/accepted.ts';
import { agent, task } from '../manifests/build.ts';

test('fills in the defaults of the API server', () => {
  const manifest = agent({
    contexts: [
      { type: 'Git', mountPath: 'x', git: { repository: 'r', sync: {} } },
      { type: 'URL', url: { source: 'u' } },
    ],
    skills: [{ name: 's', git: { repository: 'r', ref: 'main' } }],
    plugins: [{ name: 'p' }],
    extraPorts: [{ name: 'web', port: 80 }],
  });
  expect(checkManifest('Agent', manifest)).toEqual({
    ok: true,
    object: {
      ...manifest,
      spec: {
        port: 4_096,
        contexts: [
          { type: 'Git', mountPath: 'x', git: { repository: 'r', ref: 'HEAD', depth: 1, sync: { policy: 'HotReload' } } },
          { type: 'URL', url: { source: 'u', timeout: 30 } },
        ],
        skills: [{ name: 's', git: { repository: 'r', ref: 'main', depth: 1 } }],
        plugins: [{ name: 'p', target: 'server' }],
        extraPorts: [{ name: 'web', port: 80, protocol: 'TCP' }],
      },
    },
  });
});

test('drops fields that are null, but not the nulls of free JSON', () => {
  const checked = checkManifest(
    'Agent',
    agent({ profile: null, command: null, config: { a: null }, plugins: [{ name: 'p', options: null, target: null }] }),
  );
  expect(checked).toMatchObject({
    ok: true,
    object: { spec: { port: 4_096, config: { a: null }, plugins: [{ name: 'p', target: 'server' }] } },
  });
  expect(checked.ok && Object.keys((checked.object as unknown as { spec: object }).spec).sort()).toEqual(['config', 'plugins', 'port']);
});

test('a required field that is null is missing', () => {
  expect(checkManifest('Task', task({ agentRef: { name: null } }))).toMatchObject({
    ok: false,
    problems: [{ path: 'spec.agentRef.name' }],
  });
});

test('says everything that is wrong at once, each with its path', () => {
  const checked = checkManifest(
    'Task',
    task({ timeout: '1 hour', stop: { mode: 'Kill' }, contexts: [{ type: 'Text' }, { type: 'Nothing' }] }),
  );
  expect(checked.ok ? [] : checked.problems.map(({ path }) => path).sort()).toEqual([
    'spec.contexts[0].text',
    'spec.contexts[1].type',
    'spec.stop.mode',
    'spec.timeout',
  ]);
});

test.each([
  { name: 'another version', manifest: { ...task({}), apiVersion: 'kubeopencode.io/v1' }, path: 'apiVersion' },
  { name: 'another kind', manifest: agent({}), path: 'kind' },
  { name: 'a name in capitals', manifest: { ...task({}), metadata: { name: 'Fix' } }, path: 'metadata.name' },
  { name: 'no metadata', manifest: { ...task({}), metadata: undefined }, path: 'metadata' },
  { name: 'no object', manifest: 'task', path: '' },
])('refuses $name', ({ manifest, path }) => {
  expect(checkManifest('Task', manifest)).toMatchObject({
    ok: false,
    problems: expect.arrayContaining([expect.objectContaining({ path })]),
  });
});

test.each(acceptedCases)('what it answers is accepted again, unchanged: $name', ({ manifest }) => {
  const once = checkManifest(manifest.kind, manifest);
  expect(once.ok && checkManifest(manifest.kind, once.object)).toEqual(once);
});

test('leaves its argument alone', () => {
  const manifest = deepFreeze(agent({ plugins: [{ name: 'p', options: null }] }));
  expect(checkManifest('Agent', manifest).ok).toBe(true);
});

test('the pattern for the API server and the parser of the core agree on every duration', () => {
  const pattern = new RegExp(DURATION_PATTERN, 'u');
  const parts = fc.constantFrom('1', '90', '.', '1.5', '0', 'h', 'm', 's', 'ms', 'us', 'µs', 'μs', 'ns', '-', '+', ' ', 'd', 'M');
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 6 }), (pieces) => {
      const text = pieces.join('');
      expect(pattern.test(text)).toBe(parseDuration(text).ok);
    }),
    { numRuns: 5_000, examples: [[[]], [['0']], [['-', '0']], [['.', 's']], [['1', 'h', '90', 'm']]] },
  );
});

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) deepFreeze(item);
    Object.freeze(value);
  }
  return value;
}
