import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { parseSource } from '#plugin/input/documents.ts';
import { formatFault, sortFaults } from '#plugin/input/fault.ts';
import { readManifests } from '#plugin/input/objects.ts';
import { readDocuments } from '#plugin/input/read-documents.ts';
import { readSources } from '#plugin/input/sources.ts';
import { plain } from '#plugin/io.ts';
import { run } from '../io.ts';

const TASK = `apiVersion: kubeopencode.io/v1alpha1
kind: Task
metadata:
  name: fix
spec:
  templateRef:
    name: quick
  description: Fix it.
`;

/** \`line:column message\` of every fault in a text. */
function faults(text: string, namespace = 'default', isForced = false): string[] {
  const { objects, faults: syntax } = parseSource({ name: 'f.yaml', text });
  const all = [...syntax, ...readManifests(objects, namespace, isForced).faults];
  return sortFaults(all).map(({ line, column, message }) => `${line}:${column} ${message}`);
}

function manifests(text: string) {
  return readManifests(parseSource({ name: 'f.yaml', text }).objects, 'default', false);
}

describe('faults stand at their line', () => {
  test.each<[name: string, text: string, expected: string[]]>([
    ['a good Task', TASK, []],
    [
      'a duration',
      `${TASK}  timeout: 1 hour\n`,
      ['9:12 spec.timeout: "1 hour" must be a duration such as 90s, 30m or 1h30m (units ns, us, ms, s, m, h)'],
    ],
    ['an unknown field, at its name', `${TASK}  timeoutt: 1h\n`, ['9:3 spec.timeoutt: unknown field']],
    [
      'a missing reference, at the spec',
      TASK.replace(/ {2}templateRef:\n.*\n/, ''),
      ['6:3 spec: either agentRef or templateRef must be specified'],
    ],
    ['a missing name', TASK.replace('    name: quick\n', '    {}\n'), ['7:5 spec.templateRef.name: is missing; want text']],
    ['a wrong type', `${TASK}  priority: high\n`, ['9:13 spec.priority: want a number, got text']],
    ['a wrong word', `${TASK}  stop:\n    mode: Keep\n`, ['10:11 spec.stop.mode: "Keep" is not one of Delete, Retain']],
    [
      'inside a list',
      `${TASK}  contexts:\n    - name: a\n      type: Txt\n`,
      ['11:13 spec.contexts[0].type: "Txt" is not one of Text, ConfigMap, Git, Runtime, URL'],
    ],
    [
      'a wrong version of our group',
      TASK.replace('v1alpha1', 'v1'),
      ['1:13 apiVersion: "kubeopencode.io/v1" is not one of kubeopencode.io/v1alpha1'],
    ],
    ['no kind', 'apiVersion: v1\nmetadata:\n  name: a\n', ['1:1 kind is missing; every object of Kubernetes has one']],
    ['no object', '- a\n- b\n', ['1:1 expected an object of Kubernetes with apiVersion, kind and metadata']],
    ['a name twice', `${TASK}---\n${TASK}`, ['13:9 Task/default/fix is there twice; a name may be used once']],
    ['no name', TASK.replace('  name: fix', '  labels: {}'), ['4:3 metadata.name is missing']],
    ['bad YAML', 'a: [1\nb: 2\n', ['2:1 yaml: flow sequence in block collection must be sufficiently indented and end with a ]']],
    ['a key twice', 'kind: A\nkind: B\n', ['2:1 yaml: map keys must be unique']],
    // Of a file that is no YAML each token would be a fault.
    ['a template of Helm', '{{- if .Values.a }}\nkind: A\nmetadata: {name: a}\n{{- end }}\n', [expect.stringMatching(/^1:\d+ yaml: /)]],
    ['keys twice, and bad YAML', 'a: 1\na: 2\nb: [1\n', ['2:1 yaml: map keys must be unique', expect.stringMatching(/^\d:\d yaml: flow/)]],
    [
      'several at once, in two documents',
      `${TASK}  timeout: x\n  retry: 3\n---\n${TASK.replace('fix', 'other')}  priority: 1.5\n`,
      [
        '9:12 spec.timeout: "x" must be a duration such as 90s, 30m or 1h30m (units ns, us, ms, s, m, h)',
        '10:10 spec.retry: want an object, got a number',
        '20:13 spec.priority: want a whole number, got a number',
      ],
    ],
  ])('%s', (_name, text, expected) => expect(faults(text)).toEqual(expected));

  test('a namespace that -n contradicts', () => {
    expect(faults(TASK.replace('  name: fix', '  name: fix\n  namespace: a'), 'b', true)).toEqual([
      '5:14 the namespace from the object, "a", does not match "b"; pass --namespace=a, or leave -n out',
    ]);
  });

  test('in an item of a List', () => {
    const text = `apiVersion: v1\nkind: List\nitems:\n${`${TASK}  timeout: x`
      .split('\n')
      .map((line, index) => `${index === 0 ? '- ' : '  '}${line}`)
      .join('\n')}\n`;
    expect(faults(text)).toEqual(['12:14 spec.timeout: "x" must be a duration such as 90s, 30m or 1h30m (units ns, us, ms, s, m, h)']);
  });

  test('a frame shows the line, the one before and the place', () => {
    const [fault] = manifests(`${TASK}  timeout: 1 hour\n`).faults;
    expect(fault === undefined ? '' : formatFault(fault, plain)).toBe(
      [
        'f.yaml:9:12  spec.timeout: "1 hour" must be a duration such as 90s, 30m or 1h30m (units ns, us, ms, s, m, h)',
        '  8 |   description: Fix it.',
        '  9 |   timeout: 1 hour',
        '                 ^',
        '',
      ].join('\n'),
    );
  });

  test('no text breaks the reader, and every fault lies in it', () => {
    const piece = fc.constantFrom(
      ...TASK.split(/(?<=\n)/),
      '---\n',
      'a: &x [*x]\n',
      '  timeout: 1\n',
      '\t',
      ': :\n',
      '"',
      '{',
      '? a\n',
      '!!binary x\n',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 20 }), (pieces) => {
        const text = pieces.join('');
        const { objects, faults: syntax } = parseSource({ name: 'f', text });
        for (const fault of [...syntax, ...readManifests(objects, 'd', true).faults]) {
          expect(fault.line).toBeGreaterThanOrEqual(1);
          expect(fault.line).toBeLessThanOrEqual(text.split('\n').length + 1);
          formatFault(fault, plain);
        }
      }),
    );
  });
});

describe('objects', () => {
  test('have a namespace, defaults, no status and nothing of a server', () => {
    const text = `${TASK}status:\n  phase: Running\n`.replace(
      '  name: fix',
      '  name: fix\n  uid: u\n  resourceVersion: "3"\n  labels: {a: b}',
    );
    expect(manifests(text).objects).toEqual([
      {
        apiVersion: 'kubeopencode.io/v1alpha1',
        kind: 'Task',
        metadata: { name: 'fix', namespace: 'default', labels: { a: 'b' } },
        spec: { templateRef: { name: 'quick' }, description: 'Fix it.' },
      },
    ]);
  });

  test('of other kinds are named, ConfigMaps are taken', () => {
    const text =
      'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: n}\ndata: {a: b}\n---\n# nothing\n---\napiVersion: other.io/v1\nkind: Agent\nmetadata: {generateName: g-}\n';
    const read = manifests(text);
    expect(read.objects).toEqual([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'n' }, data: { a: 'b' } }]);
    expect(read.leftOut).toEqual(['Secret/s', 'Agent/g-…']);
    expect(read.faults).toEqual([]);
  });
});

describe('sources', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  function io() {
    const cwd = mkdtempSync(join(tmpdir(), 'sources-'));
    folders.push(cwd);
    mkdirSync(join(cwd, 'dir/below'), { recursive: true });
    for (const name of ['dir/b.yaml', 'dir/a.json', 'dir/c.txt', 'dir/below/d.yml']) writeFileSync(join(cwd, name), name);
    return { cwd, stdin: () => Promise.resolve('piped') };
  }

  test.each([
    ['a file', ['dir/c.txt'], false, ['dir/c.txt']],
    ['a folder, by name', ['dir'], false, ['dir/a.json', 'dir/b.yaml']],
    ['a folder with -R', ['dir'], true, ['dir/a.json', 'dir/b.yaml', 'dir/below/d.yml']],
    ['several, in their order', ['dir/b.yaml', '-'], false, ['dir/b.yaml', '<stdin>']],
  ])('%s', async (_name, filenames, recursive, names) => {
    const read = await readSources(filenames, recursive, io());
    expect(read.ok && read.sources.map(({ name }) => name)).toEqual(names);
    if (read.ok) for (const { name, text } of read.sources) expect(text).toBe(name === '<stdin>' ? 'piped' : name);
  });

  test.each([
    ['missing.yaml', 'read missing.yaml: there is no such file or folder'],
    [
      'https://a/b.yaml',
      'read https://a/b.yaml: expected a file or a folder, and nothing is read from the network here; fetch it first: curl -fsSLO https://a/b.yaml',
    ],
  ])('%s is an error', async (filename, message) => expect(await readSources([filename], false, io())).toEqual({ ok: false, message }));

  test('a folder without manifests is an error that says what would be one', async () => {
    const place = io();
    mkdirSync(join(place.cwd, 'empty'));
    expect(await readSources(['empty'], false, place)).toMatchObject({
      ok: false,
      message: 'read empty: expected files that end with .json, .yaml, .yml, found none; -R looks into folders below',
    });
  });
});

describe('no object in all that was read is an error, as with kubectl apply', () => {
  const EMPTY_LIST = 'apiVersion: v1\nkind: List\nitems: []\n';
  const PIPE = '; see whether the command before the pipe has failed';
  const want = 'expected objects of Kubernetes as YAML or JSON';

  const folder = mkdtempSync(join(tmpdir(), 'documents-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const read = (stdin: string, ...filename: string[]) => readDocuments({ filename }, { cwd: folder, stdin: () => Promise.resolve(stdin) });
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(folder, `${name}.yaml`), '# later\n');
  writeFileSync(join(folder, 'task.yaml'), TASK);

  test.each<[name: string, stdin: string, filename: string[], message: string]>([
    ['an empty pipe', '', ['-'], `read <stdin>: ${want}, came nothing${PIPE}`],
    ['a line break', '\n', ['-'], `read <stdin>: ${want}, came nothing${PIPE}`],
    ['documents of nothing', '---\n---\nnull\n', ['-'], `read <stdin>: ${want}, there is none in 13 bytes${PIPE}`],
    ['an empty List', EMPTY_LIST, ['-'], `read <stdin>: ${want}, there is none in 36 bytes${PIPE}`],
    ['comments', '', ['a.yaml'], `read a.yaml: ${want}, there is none in 8 bytes`],
    [
      'many files',
      '',
      ['-', 'a.yaml', 'b.yaml', 'c.yaml', 'd.yaml'],
      `read <stdin>, a.yaml, b.yaml and 2 more: ${want}, there is none in 32 bytes${PIPE}`,
    ],
  ])('%s', async (_name, stdin, filename, message) => expect(read(stdin, ...filename)).rejects.toThrow(new Error(message)));

  test('not where one file has one, where something is no YAML, or where nothing is to be read', async () => {
    expect(await read('', '-', 'task.yaml')).toMatchObject({ files: 2, objects: [{ source: 'task.yaml' }], faults: [] });
    expect(await read('a: [', '-')).toMatchObject({ objects: [], faults: [{ source: '<stdin>' }] });
    expect(await read('')).toEqual({ files: 0, objects: [], faults: [] });
  });

  test.each(['lint', 'plan', 'simulate'])('%s', async (command) =>
    expect(await run([command, '-f', '-'], { stdin: '\n' })).toEqual({
      code: 1,
      out: '',
      err: `error: read <stdin>: ${want}, came nothing${PIPE}\n`,
    }),
  );
});
