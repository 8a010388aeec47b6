import { describe, expect, test } from 'vitest';
import type { ContextItem } from '#core/api/context.ts';
import { built, envOf, mounts } from './support.ts';

function gitMounts(contexts: readonly ContextItem[]) {
  return mounts(built({ task: { contexts } }).main).slice(2);
}
const git = (mountPath: string, path?: string): ContextItem => ({
  type: 'Git',
  git: { repository: 'https://git.example/r', ...(path === undefined ? {} : { path }) },
  mountPath,
});
const text = (mountPath: string): ContextItem => ({ type: 'Text', text: 'x', mountPath });
const folder = (mountPath: string): ContextItem => ({ type: 'ConfigMap', configMap: { name: 'guide' }, mountPath });
const trust = 'git-context-0:/git/.gitconfig#.gitconfig';

describe('clones in the agent container', () => {
  test.each<[string, readonly ContextItem[], readonly string[]]>([
    ['the whole repository', [git('src')], ['git-context-0:/workspace/src#repo', trust]],
    ['a folder of it', [git('/src', '/docs/api/')], ['git-context-0:/src#repo/docs/api', trust]],
    ['in the workspace itself: no mount', [git('.')], [trust]],
    ['two', [git('a'), git('b')], ['git-context-0:/workspace/a#repo', 'git-context-1:/workspace/b#repo', trust]],
  ])('%s', (_, contexts, expected) => {
    expect(gitMounts(contexts)).toEqual(expected);
  });

  test('git is told to trust them', () => {
    expect(envOf(built({ task: { contexts: [git('.')] } }).main).GIT_CONFIG_GLOBAL).toBe('/git/.gitconfig');
    expect(envOf(built({}).main)).not.toHaveProperty('GIT_CONFIG_GLOBAL');
  });

  test('skills lie in /skills/<source>, with names one mount each', () => {
    const source = { repository: 'https://git.example/s', path: 'skills' };
    const { main } = built({
      template: {
        skills: [
          { name: 'all', git: source },
          { name: 'some', git: { ...source, names: ['review', 'test.v2'] } },
        ],
      },
      task: { contexts: [git('src')] },
    });
    expect(mounts(main).slice(2)).toEqual([
      'git-context-0:/workspace/src#repo',
      'git-context-1:/skills/all#repo/skills',
      'git-context-2:/skills/some/review#repo/skills/review',
      'git-context-2:/skills/some/test.v2#repo/skills/test.v2',
      trust,
    ]);
  });
});

describe('folders outside the workspace', () => {
  const foldersOf = (contexts: readonly ContextItem[], workspaceDir = '/workspace') => {
    const { main, init, volumes } = built({ template: { workspaceDir }, task: { contexts } });
    const inMain = mounts(main).filter((mount) => mount.startsWith('ctx-'));
    expect(mounts(init('context-init')).filter((mount) => mount.startsWith('ctx-'))).toEqual(inMain);
    expect(volumes.filter((name) => name.startsWith('ctx-'))).toEqual(inMain.map((mount) => mount.split(':')[0]));
    return inMain;
  };

  test.each<[string, readonly ContextItem[], readonly string[]]>([
    ['a file: its parent', [text('/etc/github-app/key.pem')], ['ctx-etc-github-app:/etc/github-app']],
    ['two files in one folder: one volume', [text('/etc/x/a'), text('/etc/x/b')], ['ctx-etc-x:/etc/x']],
    ['[upstream bug] a folder: itself', [folder('/etc/guides')], ['ctx-etc-guides:/etc/guides']],
    ['a file and a folder at its parent: one volume', [text('/etc/x/a'), folder('/etc/x')], ['ctx-etc-x:/etc/x']],
    [
      '[upstream bug] fixed order, parents first',
      [text('/z/a'), text('/a/b/c'), text('/a/b/d/e')],
      ['ctx-a-b:/a/b', 'ctx-a-b-d:/a/b/d', 'ctx-z:/z'],
    ],
    ['below tools, a folder of its own', [text('/tools/bin/x')], ['ctx-tools-bin:/tools/bin']],
    ['beside the workspace is outside', [text('/workspace-2/x')], ['ctx-workspace-2:/workspace-2']],
    ['in the workspace none', [text('/workspace/deep/x'), folder('y'), folder('.')], []],
  ])('%s', (_, contexts, expected) => {
    expect(foldersOf(contexts)).toEqual(expected);
  });

  test('[upstream bug] volume names are valid and unique whatever the paths are', () => {
    const paths = [
      '/home/Me/.config/a',
      '/home/me/-config/a',
      '/home/me/_config/a',
      `/${'long/'.repeat(30)}a`,
      `/${'long/'.repeat(31)}a`,
      '/a/b/x',
      '/a-b/x',
      '/…/x',
      '/a./x',
    ];
    const names = foldersOf(paths.map(text)).map((mount) => mount.slice(0, mount.indexOf(':')));
    expect(names).toHaveLength(paths.length);
    expect(new Set(names).size).toBe(paths.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  });
});

test('mounts of the agent container, in order', () => {
  const { main } = built({
    template: {
      credentials: [{ name: 'c', secretRef: { name: 's' }, mountPath: '/secrets' }],
      contexts: [git('src'), text('/etc/x/a')],
      skills: [{ name: 'house', git: { repository: 'https://git.example/s' } }],
      plugins: [{ name: 'p' }],
      caBundle: { secretRef: { name: 'ca' } },
      podSpec: {
        extraVolumes: [{ name: 'cache', emptyDir: {} }],
        extraVolumeMounts: [{ name: 'cache', mountPath: '/cache', readOnly: true, subPath: 'x' }],
      },
    },
  });
  expect(mounts(main)).toEqual([
    'tools:/tools',
    'workspace:/workspace',
    'credential-0:/secrets',
    'ctx-etc-x:/etc/x',
    'git-context-0:/workspace/src#repo',
    'git-context-1:/skills/house#repo',
    'plugins-volume:/plugins ro',
    trust,
    'ca-bundle:/etc/ssl/certs/custom-ca ro',
    'cache:/cache#x ro',
  ]);
});

test('volumes, in order', () => {
  const { volumes, volume } = built({
    template: {
      credentials: [{ name: 'c', secretRef: { name: 's' }, mountPath: '/secrets' }],
      contexts: [git('src'), text('/etc/x/a'), folder('g')],
      plugins: [{ name: 'p' }],
      caBundle: { secretRef: { name: 'ca' } },
      podSpec: { extraVolumes: [{ name: 'cache', hostPath: { path: '/var/cache' } }] },
    },
  });
  expect(volumes).toEqual([
    'tools',
    'workspace',
    'credential-0',
    'context-files',
    'dir-mount-0',
    'ctx-etc-x',
    'git-context-0',
    'plugins-volume',
    'ca-bundle',
    'cache',
  ]);
  expect(volume('context-files')).toEqual({ name: 'context-files', configMap: { name: 'fix-bug-context' } });
  expect(volume('cache')).toEqual({ name: 'cache', hostPath: { path: '/var/cache' } });
  for (const name of ['tools', 'workspace', 'ctx-etc-x', 'git-context-0', 'plugins-volume'])
    expect(volume(name)).toEqual({ name, emptyDir: {} });
});
