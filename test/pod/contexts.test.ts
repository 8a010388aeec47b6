import { describe, expect, test } from 'vitest';
import type { ContextItem } from '#core/api/context.ts';
import type { ReadResult } from '#core/contract/snapshot.ts';
import { answer, built, configMap, envOf, type Ingredients, mounts, outcome, refusal } from './support.ts';

function contextFile(contexts: readonly ContextItem[], read: Ingredients['read'] = {}): string | undefined {
  return built({ task: { contexts }, read }).configMap?.data?.['workspace-.kubeopencode-context.md'];
}

function fileMappings(given: Ingredients): unknown {
  return JSON.parse(envOf(built(given).init('context-init')).FILE_MAPPINGS ?? '[]');
}

const guide = configMap('guide', { 'b.md': 'B', 'a.md': 'A' });

describe('a context with a mount path', () => {
  test('Text: a file', () => {
    const { configMap: files, init } = built({ task: { contexts: [{ type: 'Text', text: 'be brief', mountPath: 'guides/style.md' }] } });
    expect(files?.data).toEqual({ 'workspace-guides-style.md': 'be brief' });
    expect(envOf(init('context-init')).FILE_MAPPINGS).toBe(
      '[{"key":"workspace-guides-style.md","targetPath":"/workspace/guides/style.md"}]',
    );
  });

  test('ConfigMap with a key: a file with its value', () => {
    const contexts: ContextItem[] = [
      { type: 'ConfigMap', configMap: { name: 'guide', key: 'a.md' }, mountPath: '/etc/guide/a.md', fileMode: 0o755 },
    ];
    expect(built({ task: { contexts }, read: guide }).configMap?.data).toEqual({ 'etc-guide-a.md': 'A' });
    expect(fileMappings({ task: { contexts }, read: guide })).toEqual([
      { key: 'etc-guide-a.md', targetPath: '/etc/guide/a.md', fileMode: 493 },
    ]);
  });

  test('ConfigMap without a key: a folder, copied by context-init, not read', () => {
    const contexts: ContextItem[] = [{ type: 'ConfigMap', configMap: { name: 'guide', optional: true }, mountPath: 'guides' }];
    const { init, volume, configMap: files } = built({ task: { contexts } });
    expect(volume('dir-mount-0')).toEqual({ name: 'dir-mount-0', configMap: { name: 'guide', optional: true } });
    expect(envOf(init('context-init')).DIR_MAPPINGS).toBe('[{"sourcePath":"/configmap-dir-0","targetPath":"/workspace/guides"}]');
    expect(envOf(init('context-init'))).not.toHaveProperty('FILE_MAPPINGS');
    expect(files).toBeNull();
  });

  test('Git: a mount of the clone', () => {
    const contexts: ContextItem[] = [{ type: 'Git', git: { repository: 'https://git.example/r' }, mountPath: 'src' }];
    expect(mounts(built({ task: { contexts } }).main)).toContain('git-context-0:/workspace/src#repo');
  });

  test('Runtime: the path is ignored', () => {
    expect(contextFile([{ type: 'Runtime', mountPath: '/elsewhere.md' }])).toContain('KubeOpenCode Runtime Context');
  });
});

describe('a context without a mount path goes into the context file', () => {
  test.each<[string, ContextItem, string]>([
    ['Text', { type: 'Text', text: 'be brief' }, '<context name="context" namespace="team-a" type="Text">\nbe brief\n</context>'],
    [
      'ConfigMap with a key',
      { type: 'ConfigMap', configMap: { name: 'guide', key: 'a.md' } },
      '<context name="context" namespace="team-a" type="ConfigMap">\nA\n</context>',
    ],
    [
      'ConfigMap without a key: every key, sorted',
      { type: 'ConfigMap', configMap: { name: 'guide' } },
      '<context name="context" namespace="team-a" type="ConfigMap">\n<file name="a.md">\nA\n</file>\n<file name="b.md">\nB\n</file>\n</context>',
    ],
    [
      '[upstream bug] the name is the tag’s name, quoted',
      { type: 'Text', name: 'house "rules"', text: 'be brief' },
      '<context name="house \\"rules\\"" namespace="team-a" type="Text">\nbe brief\n</context>',
    ],
  ])('%s', (_, context, expected) => {
    expect(contextFile([context], guide)).toBe(expected);
  });

  test.each(['KubeOpenCode Runtime Context', 'TASK_NAME', 'TASK_NAMESPACE', 'WORKSPACE_DIR', 'kubectl get task'])(
    'Runtime says %s',
    (word) => {
      expect(contextFile([{ type: 'Runtime' }])).toContain(word);
      expect(contextFile([{ type: 'Runtime' }])).toMatch(/^<context name="runtime" namespace="team-a" type="Runtime">\n/);
    },
  );

  test('Git is refused: it needs a path', () => {
    expect(refusal({ task: { contexts: [{ type: 'Git', git: { repository: 'https://git.example/r' } }] } }).message).toBe(
      'failed to resolve Task contexts: failed to resolve context[0]: git context requires mountPath to be specified',
    );
  });
});

test('the Agent’s contexts come first, then the Task’s, a blank line between', () => {
  const { configMap: files, main } = built({
    template: {
      contexts: [
        { type: 'Text', text: 'one' },
        { type: 'Text', text: 'two' },
      ],
    },
    task: { description: 'do it', contexts: [{ type: 'Text', text: 'three' }] },
  });
  const tag = '<context name="context" namespace="team-a" type="Text">';
  expect(files?.data).toEqual({
    'workspace-task.md': 'do it',
    'workspace-.kubeopencode-context.md': `${tag}\none\n</context>\n\n${tag}\ntwo\n</context>\n\n${tag}\nthree\n</context>`,
  });
  expect(envOf(main).OPENCODE_CONFIG_CONTENT).toBe('{"instructions":[".kubeopencode/context.md"]}');
});

test('mappings: people’s files, the prompt, the context file, OpenCode’s configuration', () => {
  const given: Ingredients = {
    template: { config: { model: 'x' }, plugins: [{ name: 'look', target: 'tui' }], contexts: [{ type: 'Text', text: 'a' }] },
    task: { description: 'do it', contexts: [{ type: 'Text', text: 'b', mountPath: 'b.md' }] },
  };
  expect(fileMappings(given)).toEqual([
    { key: 'workspace-b.md', targetPath: '/workspace/b.md' },
    { key: 'workspace-task.md', targetPath: '/workspace/task.md' },
    { key: 'workspace-.kubeopencode-context.md', targetPath: '/workspace/.kubeopencode/context.md' },
    { key: 'tools-opencode.json', targetPath: '/tools/opencode.json' },
    { key: 'tools-tui.json', targetPath: '/tools/tui.json' },
  ]);
});

test('a Task that brings nothing has no context-init and no ConfigMap', () => {
  const { inits, configMap: files, volumes } = built({});
  expect(inits.map(({ name }) => name)).toEqual(['opencode-init']);
  expect(files).toBeNull();
  expect(volumes).toEqual(['tools', 'workspace']);
});

describe('ConfigMaps that have to be read', () => {
  const two: Ingredients = {
    template: {
      contexts: [
        { type: 'ConfigMap', configMap: { name: 'guide' } },
        { type: 'ConfigMap', configMap: { name: 'guide', key: 'a.md' } },
      ],
    },
    task: { contexts: [{ type: 'ConfigMap', configMap: { name: 'other', key: 'k' }, mountPath: 'k' }] },
  };

  test('are asked for all at once, each once', () => {
    expect(outcome(two)).toEqual({
      type: 'Reads',
      refs: [
        { kind: 'ConfigMap', namespace: 'team-a', name: 'guide' },
        { kind: 'ConfigMap', namespace: 'team-a', name: 'other' },
      ],
    });
    expect(outcome({ ...two, read: guide })).toEqual({ type: 'Reads', refs: [{ kind: 'ConfigMap', namespace: 'team-a', name: 'other' }] });
  });

  test('a live answer is worth more than the cache’s', () => {
    const read = {
      ...answer('guide', { absent: true }),
      'ConfigMap/team-a/guide?live': { found: { metadata: { name: 'guide' }, data: { k: 'live' } } },
    };
    expect(contextFile([{ type: 'ConfigMap', configMap: { name: 'guide', key: 'k' } }], read)).toContain('live');
  });

  test.each([
    ['the object', { absent: true } as const, 'ConfigMap "guide" not found in namespace "team-a"'],
    ['the key', { found: { metadata: { name: 'guide' }, data: { other: '' } } } as const, 'key a.md not found in ConfigMap guide'],
    ['the data', { found: { metadata: { name: 'guide' }, data: null } } as unknown as ReadResult, 'key a.md not found in ConfigMap guide'],
    [
      'a key that is only inherited',
      { found: { metadata: { name: 'guide' }, data: Object.create({ 'a.md': 'x' }) } } as ReadResult,
      'key a.md not found in ConfigMap guide',
    ],
    [
      'the key, which is binary',
      { found: { metadata: { name: 'guide' }, binaryData: { 'a.md': 'AA==' } } } as const,
      'key a.md not found in ConfigMap guide; it is there as binary data',
    ],
  ])('%s is missing: the Task waits', (_, result, message) => {
    const contexts: ContextItem[] = [{ type: 'ConfigMap', configMap: { name: 'guide', key: 'a.md' } }];
    expect(outcome({ template: { contexts: [{ type: 'Text', text: '' }, ...contexts] }, read: answer('guide', result) })).toEqual({
      type: 'Waits',
      reason: 'ContextError',
      message: expect.stringContaining(`failed to resolve Agent contexts: failed to resolve context[1]: ${message}`),
      ref: { kind: 'ConfigMap', namespace: 'team-a', name: 'guide' },
    });
  });

  test.each([
    ['the object', { absent: true } as const],
    ['the key', { found: { metadata: { name: 'guide' }, data: {} } } as const],
  ])('%s is missing and optional: empty content, an empty file', (_, result) => {
    const item = { type: 'ConfigMap', configMap: { name: 'guide', key: 'a.md', optional: true } } as const;
    const read = answer('guide', result);
    expect(contextFile([item], read)).toBe('<context name="context" namespace="team-a" type="ConfigMap">\n\n</context>');
    expect(built({ task: { contexts: [{ ...item, mountPath: 'a.md' }] }, read }).configMap?.data).toEqual({ 'workspace-a.md': '' });
  });

  test('an API server that could not be asked proves nothing, not even about an optional one', () => {
    const read = answer('guide', { unavailable: { code: 403, message: 'forbidden' } });
    const contexts: ContextItem[] = [{ type: 'ConfigMap', configMap: { name: 'guide', optional: true } }];
    expect(outcome({ task: { contexts }, read })).toMatchObject({
      type: 'Unavailable',
      message: expect.stringContaining('could not be read: forbidden (code 403)'),
    });
  });

  test('a refusal comes before any read', () => {
    expect(outcome({ ...two, task: { contexts: [{ type: 'URL', url: { source: 'https://x' } }] } })).toMatchObject({ type: 'Refused' });
  });
});

describe('contexts that can never work', () => {
  test.each<[string, ContextItem, string]>([
    ['URL', { type: 'URL', url: { source: 'https://x' } }, 'unknown context type: URL'],
    ['Text without text', { type: 'Text' }, 'a context of type Text needs text'],
    ['ConfigMap without configMap', { type: 'ConfigMap' }, 'a context of type ConfigMap needs configMap'],
    ['Git without git', { type: 'Git', mountPath: 'x' }, 'a context of type Git needs git'],
    [
      'a name that is none',
      { type: 'ConfigMap', configMap: { name: '../secrets/x', key: 'k' } },
      'configMap.name "../secrets/x" is no name of a ConfigMap',
    ],
    [
      'a git path out of the repository',
      { type: 'Git', git: { repository: 'https://x', path: 'a/../../b' }, mountPath: 'x' },
      'git path "a/../../b" leads out of the repository',
    ],
    [
      'a git path far out of it',
      { type: 'Git', git: { repository: 'https://x', path: '../../x' }, mountPath: 'x' },
      'git path "../../x" leads out of the repository',
    ],
    ['a name that is too long', { type: 'ConfigMap', configMap: { name: 'x'.repeat(254) } }, 'is no name of a ConfigMap'],
    ['a file in /', { type: 'Text', text: '', mountPath: '/motd' }, 'file mount of Task context[0] cannot be mounted at "/motd"'],
    ['a folder at /', { type: 'ConfigMap', configMap: { name: 'guide' }, mountPath: '/' }, 'Task context[0] cannot be mounted at "/"'],
  ])('%s', (_, context, message) => {
    const refused = refusal({ task: { contexts: [context] } });
    expect(refused.reason).toBe('ContextError');
    expect(refused.message).toContain(message);
  });

  test('the message says whose context it is', () => {
    const url: ContextItem = { type: 'URL', url: { source: 'https://x' } };
    expect(refusal({ template: { contexts: [{ type: 'Runtime' }, url] } }).message).toMatch(
      /^failed to resolve Agent contexts: failed to resolve context\[1\]: unknown context type: URL/,
    );
  });
});

describe('two contexts at one path', () => {
  const text = (mountPath: string): ContextItem => ({ type: 'Text', text: 'x', mountPath });
  const folder = (mountPath: string): ContextItem => ({ type: 'ConfigMap', configMap: { name: 'guide' }, mountPath });
  const git = (mountPath: string): ContextItem => ({ type: 'Git', git: { repository: 'https://x' }, mountPath });
  test.each<[string, readonly ContextItem[], string]>([
    ['file and file', [text('/etc/x/a'), text('/etc/x/a')], 'file mount of Task context[0] and file mount of Task context[1]'],
    [
      'file and folder',
      [text('a'), folder('a')],
      'file mount of Task context[0] and directory mount of Task context[1] (ConfigMap: guide)',
    ],
    ['folder and git', [folder('a'), git('a')], 'directory mount of Task context[0] (ConfigMap: guide) and git mount of Task context[1]'],
    [
      'git and git, written differently',
      [git('./a/'), git('/workspace/b/../a')],
      'git mount of Task context[0] and git mount of Task context[1]',
    ],
    ['a file and the prompt', [text('task.md')], 'file mount of Task context[0] and the description of the Task'],
  ])('%s', (_, contexts, both) => {
    const { reason, message } = refusal({ task: { description: 'x', contexts } });
    expect(reason).toBe('ContextError');
    expect(message).toMatch(/^mount path conflict: "\//);
    expect(message).toContain(`is used by both ${both}; give one of them another mountPath`);
  });
});

test('more than a ConfigMap holds is refused with the numbers', () => {
  const { reason, message } = refusal({ task: { description: 'é'.repeat(600_000) } });
  expect(reason).toBe('ContextError');
  expect(message).toContain('1200000 bytes, and a ConfigMap holds 1048576');
});
