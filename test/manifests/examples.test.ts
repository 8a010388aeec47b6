import { expect, test } from 'vitest';
import { checkManifest, isOwnKind } from '#core/api/manifest.ts';
import { documentsIn } from './documents.ts';

const examples = documentsIn('host/manifests/examples');
const own = examples.flatMap((example) =>
  isOwnKind(example.kind) ? [{ ...example, kind: example.kind, title: `${example.file}: ${example.kind} ${example.metadata.name}` }] : [],
);

test.each(own)('$title is accepted', ({ file: _file, title: _title, ...manifest }) => {
  expect(checkManifest(manifest.kind, manifest)).toMatchObject({ ok: true });
});

test('the files that people are told to apply are there', () => {
  expect([...new Set(examples.map(({ file }) => file))]).toEqual([
    'agent.yaml',
    'config.yaml',
    'contexts.yaml',
    'failing.yaml',
    'retry.yaml',
    'stopped.yaml',
    'task.yaml',
  ]);
});

test('one command applies them all: no object stands in two files, none names a namespace', () => {
  const names = examples.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
  expect(examples.filter(({ metadata }) => metadata.namespace !== undefined)).toEqual([]);
});

test.each(own.filter(({ kind }) => kind === 'Task'))('$title names an agent or template of the same file', ({ file, spec }) => {
  const wanted = spec?.agentRef === undefined ? `AgentTemplate/${spec?.templateRef?.name}` : `Agent/${spec.agentRef.name}`;
  expect(examples.filter((example) => example.file === file).map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toContain(wanted);
});

test('task.yaml is a Task before its AgentTemplate', () => {
  expect(examples.filter(({ file }) => file === 'task.yaml').map(({ kind }) => kind)).toEqual(['Task', 'AgentTemplate']);
});

test('agent.yaml has more Tasks than its Agent runs at once', () => {
  const file = examples.filter((example) => example.file === 'agent.yaml');
  const agent = file.find(({ kind }) => kind === 'Agent');
  expect(agent?.spec?.maxConcurrentTasks).toBe(1);
  expect(file.filter(({ kind }) => kind === 'Task').length).toBe(3);
});

test('retry.yaml shows every field of a whole life', () => {
  const made = own.find(({ file, kind }) => file === 'retry.yaml' && kind === 'Task')?.spec as unknown as
    | Record<string, object>
    | undefined;
  expect(made).toMatchObject({ retry: { limit: 1, backoff: {}, causes: {} }, stop: { mode: 'Retain' }, cleanup: { pod: {} } });
  expect(Object.keys(made?.pendingTimeouts ?? {})).toEqual(['unschedulable', 'imagePull', 'configuration']);
});

test('contexts.yaml shows every type of context that works', () => {
  const contexts = own.filter(({ file }) => file === 'contexts.yaml').flatMap(({ spec }) => spec?.contexts ?? []);
  expect(new Set(contexts.map(({ type }) => type))).toEqual(new Set(['Text', 'Runtime', 'ConfigMap', 'Git']));
});
