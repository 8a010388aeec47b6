import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { checkManifest, isOwnKind } from '#core/api/manifest.ts';
import { PERMISSIONS } from '#core/contract/permissions.ts';
import { parseFlags } from '#host/flags.ts';
import { createMetrics } from '#host/observe/metrics.ts';

const GUIDES = [
  'README.md',
  'host/README.md',
  'plugin/README.md',
  'host/docs/install.md',
  'host/docs/migration.md',
  'host/docs/security.md',
];
const textOf = (file: string): string => readFileSync(file, 'utf8');

interface Snippet {
  readonly title: string;
  readonly object: Readonly<Record<string, unknown>>;
}

/** Every YAML document in a guide that is an object with a kind, or the spec of one. */
function snippetsIn(file: string): readonly Snippet[] {
  const blocks = [...textOf(file).matchAll(/```ya?ml\n(.*?)```/gs)].map(([, text = '']) => text);
  return blocks.flatMap((text, block) =>
    parseAllDocuments(text).flatMap((document, index): readonly Snippet[] => {
      if (document.errors.length > 0) throw new Error(`${file}, block ${block + 1}: expected YAML: ${document.errors.join('; ')}`);
      const object: unknown = document.toJS();
      const isManifest = typeof object === 'object' && object !== null && ('kind' in object || 'spec' in object);
      return isManifest ? [{ title: `${file}, YAML block ${block + 1}.${index + 1}`, object: { ...object } }] : [];
    }),
  );
}

/** A spec without a kind is a Task's; what it is about need not be said each time. */
function completed({ object }: Snippet): Readonly<Record<string, unknown>> {
  if (object.kind !== undefined) return object;
  const spec = object.spec as Readonly<Record<string, unknown>>;
  const reference = spec.agentRef === undefined && spec.templateRef === undefined ? { templateRef: { name: 'coder' } } : {};
  return {
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'Task',
    metadata: { name: 'fix-bug' },
    ...object,
    spec: { ...reference, ...spec },
  };
}

describe('manifests in the guides', () => {
  const snippets = GUIDES.flatMap(snippetsIn);
  test.each(snippets)('$title is accepted as it stands', (snippet) => {
    const manifest = completed(snippet);
    if (!isOwnKind(manifest.kind)) throw new Error(`expected a kind of this project, came ${String(manifest.kind)}`);
    expect(checkManifest(manifest.kind, manifest)).toMatchObject({ ok: true });
  });
  test('a field that the schema does not know is noticed', () => {
    const bent = completed({ title: 'bent', object: { spec: { retry: { limits: 1 } } } });
    expect(checkManifest('Task', bent)).toMatchObject({ ok: false });
  });
  test('a Task’s whole life is shown by one', () => {
    expect(snippets.map(({ object }) => Object.keys(object.spec ?? {}))).toContainEqual([
      'timeout',
      'stop',
      'retry',
      'pendingTimeouts',
      'cleanup',
    ]);
  });
});

describe('the guide of the host', () => {
  const guide = textOf('host/README.md');
  test('names each metric of ours, and none that there is not', async () => {
    const { text } = await createMetrics({ leaseName: 'lease', version: '1', coreDigest: 'c', process: false }).scrape();
    const made = [...text.matchAll(/^# TYPE (kubeopencode_\w+)/gm)].map(([, name = '']) => name).sort();
    const told = [...new Set([...guide.matchAll(/`(kubeopencode_\w+)`/g)].map(([, name = '']) => name))].sort();
    expect(told).toEqual(made);
  });
  test('names each flag, and none that there is not', () => {
    const help = parseFlags(['--help'], {}, '1.2.3');
    if (help.type !== 'Print') throw new Error('expected the text of --help');
    const flagsIn = (text: string): readonly string[] => [...new Set([...text.matchAll(/--[a-z][a-z-]+/g)].map(([flag]) => flag))].sort();
    const table = guide.slice(guide.indexOf('| flag |'), guide.indexOf('Each flag may come'));
    expect(flagsIn(table)).toEqual(flagsIn(help.text).filter((flag) => flag !== '--help' && flag !== '--version'));
  });
  test('speaks of rights that it has', () => {
    const has = (kind: string, verb: string, subresource?: string): boolean =>
      PERMISSIONS.some((each) => each.kind === kind && each.verb === verb && each.subresource === subresource);
    expect([has('Pod', 'get', 'log'), has('ConfigMap', 'create'), has('ConfigMap', 'patch')]).toEqual([true, true, true]);
    expect(PERMISSIONS.filter(({ kind }) => String(kind) === 'Secret' || String(kind) === 'Job')).toEqual([]);
  });
});
