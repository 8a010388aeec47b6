import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ContextItem } from '#core/api/context.ts';
import { built, configMap, envOf, mounts } from './support.ts';

/** Faults of upstream's builder that this one must not repeat; those that belong to one row of a table stand there as "[upstream bug]". */
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pod-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function executable(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('task.md with a workspace other than /workspace', () => {
  test('is mapped from the key of its real path, and the literal key is there too', () => {
    const { configMap: files, init } = built({ template: { workspaceDir: '/home/agent' }, task: { description: 'do it' } });
    expect(files?.data).toEqual({ 'workspace-task.md': 'do it', 'home-agent-task.md': 'do it' });
    expect(JSON.parse(envOf(init('context-init')).FILE_MAPPINGS ?? '')).toEqual([
      { key: 'home-agent-task.md', targetPath: '/home/agent/task.md' },
    ]);
  });

  test('a file of people’s at /workspace/task.md does not become the prompt', () => {
    const contexts: ContextItem[] = [{ type: 'Text', text: 'mine', mountPath: '/workspace/task.md' }];
    const { configMap: files } = built({ template: { workspaceDir: '/home/agent' }, task: { description: 'do it', contexts } });
    expect(files?.data).toMatchObject({ 'workspace-task.md': 'do it', 'home-agent-task.md': 'do it' });
    expect(Object.values(files?.data ?? {})).toContain('mine');
  });
});

test('distinct paths never share a key, and every key is valid', () => {
  const paths = [
    '/a/b',
    '/a-b',
    '/a/b-',
    '/a b',
    '/a_b',
    '/a/ä',
    '/a/ö',
    `/${'x/'.repeat(200)}y`,
    `/${'x/'.repeat(200)}z`,
    '/..a/b',
    '/_a/b',
    '/workspace/task.md',
    '/workspace-task.md',
    '/tools-opencode.json/x',
  ];
  const contexts = paths.map((path): ContextItem => ({ type: 'Text', text: path, mountPath: `/f${path}` }));
  const rooted = paths.map((path): ContextItem => ({ type: 'Text', text: `${path}#`, mountPath: `${path}/x` }));
  const { configMap: files, init } = built({
    template: { config: {}, workspaceDir: '/w' },
    task: { description: 'do it', contexts: [...contexts, ...rooted] },
  });
  const mappings: { key: string; targetPath: string }[] = JSON.parse(envOf(init('context-init')).FILE_MAPPINGS ?? '');
  expect(new Set(mappings.map(({ key }) => key)).size).toBe(paths.length * 2 + 2);
  for (const { key, targetPath } of mappings) {
    expect(key).toMatch(/^(?!\.\.)[-._a-zA-Z0-9]{1,253}$/);
    const source = [...contexts, ...rooted].find(({ mountPath }) => mountPath === targetPath);
    if (source !== undefined) expect(files?.data?.[key]).toBe(source.text);
  }
  expect(mappings).toContainEqual({ key: 'tools-opencode.json', targetPath: '/tools/opencode.json' });
});

test('a ConfigMap as a folder outside the workspace reaches the agent', () => {
  const { main, init } = built({ task: { contexts: [{ type: 'ConfigMap', configMap: { name: 'guide' }, mountPath: '/opt/guide' }] } });
  expect(mounts(init('context-init'))).toContain('ctx-opt-guide:/opt/guide');
  expect(mounts(main)).toContain('ctx-opt-guide:/opt/guide');
});

test('TUI plugins alone: tui.json is written where the agent sees it', () => {
  const { main, init } = built({ template: { plugins: [{ name: 'look', target: 'tui' }] } });
  expect(mounts(init('context-init'))).toContain('tools:/tools');
  expect(mounts(main)).toContain('tools:/tools');
  expect(envOf(main)).toMatchObject({ OPENCODE_TUI_CONFIG: '/tools/tui.json' });
  expect(envOf(main)).not.toHaveProperty('OPENCODE_CONFIG');
});

test('the same Pod twice is the same text', () => {
  const given = {
    template: {
      contexts: ['/z/1', '/y/1', '/x/1'].map((mountPath): ContextItem => ({ type: 'Text', text: 'x', mountPath })),
      config: { b: 1, a: 2 },
    },
    task: { description: 'x', contexts: [{ type: 'ConfigMap' as const, configMap: { name: 'guide' } }] },
  };
  const once = JSON.stringify(built({ ...given, read: configMap('guide', { b: '1', a: '2' }) }));
  expect(
    JSON.stringify(
      built({ ...given, template: { ...given.template, config: { a: 2, b: 1 } }, read: configMap('guide', { a: '2', b: '1' }) }),
    ),
  ).toBe(once);
});

describe('the prompt reaches OpenCode as it is', () => {
  test.each([
    ['longer than an argument may be', `# Long\n${'x'.repeat(300_000)}`],
    ['beginning with a dash', '--help\n'],
    ['with newlines at the end', 'a\n\n\n'],
    ['with what a shell would expand', 'run `id` and $(id) "now"'],
  ])('%s', (_, prompt) => {
    const workspaceDir = join(folder, "it's a workspace");
    const [shell = '', ...args] = built({ template: { workspaceDir } }).main.command ?? [];
    execFileSync('mkdir', ['-p', workspaceDir]);
    writeFileSync(join(workspaceDir, 'task.md'), prompt);
    const openCode = executable('opencode', `[ "$1" = run ] || exit 0\nprintf '%s|' "$@" > ${folder}/args\ncat > ${folder}/stdin\nexit 7`);
    const script = args.map((arg) =>
      arg.replaceAll('/tools/opencode', openCode).replaceAll('/usr/local/bin/opencode', join(folder, 'link')),
    );
    const { status } = spawnSync(shell, script);
    expect(status).toBe(7);
    expect(readFileSync(join(folder, 'args'), 'utf8')).toBe('run|--title|kubeopencode/team-a/fix-bug/0b1c2d3e|');
    expect(readFileSync(join(folder, 'stdin'), 'utf8')).toBe(prompt);
  });

  test('SIGTERM goes to OpenCode, not to a shell that ignores it', () => {
    expect(built({}).main.command?.[2]).toMatch(/; exec \/tools\/opencode run [^;]*$/);
  });
});

describe('git', () => {
  const repository = () => join(folder, 'origin');
  const git = (...args: string[]): string => execFileSync('git', ['-C', repository(), ...args], { encoding: 'utf8' }).trim();
  let commits: string[] = [];

  beforeAll(() => {
    execFileSync('git', ['init', '-q', '-b', 'main', repository()]);
    for (const name of ['one', 'two', 'three']) {
      writeFileSync(join(repository(), 'file'), name);
      git('add', 'file');
      git('-c', 'user.name=x', '-c', 'user.email=x@example.com', 'commit', '-q', '-m', name);
    }
    commits = git('log', '--format=%H', '--reverse').split('\n');
  });

  /** Runs a git-init container's command with a stand-in for the image's program, which clones as that one does. */
  function run(
    context: Partial<NonNullable<ContextItem['git']>>,
    name: string,
    mountPath = 'src',
    env: Record<string, string> = {},
  ): string {
    const container = built({
      template: { workspaceDir: join(folder, `${name}-workspace`) },
      task: { contexts: [{ type: 'Git', git: { repository: `file://${repository()}`, ...context }, mountPath }] },
    }).init('git-init-0');
    const root = join(folder, name);
    execFileSync('mkdir', ['-p', root, join(folder, `${name}-workspace`)]);
    const gitInit = executable(
      'kubeopencode',
      `[ "$GIT_REF" = HEAD ] || branch="--branch $GIT_REF"\n[ -z "$GIT_WORKSPACE_DIR" ] || exit 9\nexec git clone -q --depth "$GIT_DEPTH" --single-branch $branch "$GIT_REPO" "$GIT_ROOT/$GIT_LINK"`,
    );
    const [program = '', ...args] = (container.command ?? []).map((word) => word.replaceAll('/kubeopencode', gitInit));
    execFileSync(program, args, {
      env: { PATH: process.env.PATH, ...envOf(container), HOME: root, GIT_ROOT: root, ...env },
      stdio: 'pipe',
    });
    return join(root, 'repo');
  }
  const head = (clone: string): string => execFileSync('git', ['-C', clone, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  const count = (clone: string): string => execFileSync('git', ['-C', clone, 'rev-list', '--count', 'HEAD'], { encoding: 'utf8' }).trim();

  test('depth 1 is one commit, depth 0 the whole history', () => {
    expect(count(run({}, 'shallow'))).toBe('1');
    expect(count(run({ depth: 0 }, 'whole'))).toBe('3');
    expect(count(run({ depth: 0, ref: 'main' }, 'whole-branch'))).toBe('3');
  });

  test('a commit is checked out, by itself or with its history', () => {
    const [first = '', second = ''] = commits;
    git('config', 'uploadpack.allowAnySHA1InWant', 'true');
    const one = run({ ref: first }, 'commit');
    expect([head(one), count(one), readFileSync(join(one, 'file'), 'utf8')]).toEqual([first, '1', 'one']);
    const whole = run({ ref: second, depth: 0 }, 'commit-whole');
    expect([head(whole), count(whole)]).toEqual([second, '2']);
  });

  test('a server that does not give single commits gives its branches', () => {
    const [first = ''] = commits;
    git('config', 'uploadpack.allowAnySHA1InWant', 'false');
    git('config', 'uploadpack.allowReachableSHA1InWant', 'false');
    // Since protocol 2 every server gives them.
    const oldProtocol = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'protocol.version', GIT_CONFIG_VALUE_0: '0' };
    expect(head(run({ ref: first }, 'commit-refused', 'src', oldProtocol))).toBe(first);
  });

  test('a commit in the workspace itself is copied there', () => {
    const [first = ''] = commits;
    run({ ref: first }, 'commit-root', '.');
    expect(readFileSync(join(folder, 'commit-root-workspace', 'file'), 'utf8')).toBe('one');
  });

  test('a commit that does not exist fails the container', () => {
    expect(() => run({ ref: 'f'.repeat(40) }, 'commit-missing')).toThrow();
  });

  test('a branch is left to the image’s own program', () => {
    const { init } = built({ task: { contexts: [{ type: 'Git', git: { repository: 'r', ref: 'deadbeef' }, mountPath: 'src' }] } });
    expect(init('git-init-0').command).toEqual(['/kubeopencode', 'git-init']);
  });
});
