import { describe, expect, test } from 'vitest';
import type { ContextItem } from '#core/api/context.ts';
import { built, envNames, envOf, type Ingredients, mounts } from './support.ts';

const git: ContextItem = { type: 'Git', git: { repository: 'https://git.example/r' }, mountPath: 'src' };

const everything: Ingredients = {
  template: {
    contexts: [git, { type: 'ConfigMap', configMap: { name: 'guide' }, mountPath: '/etc/guide' }],
    skills: [{ name: 'house', git: { repository: 'https://git.example/skills' } }],
    plugins: [{ name: 'a@1' }, { name: 'a@1' }, { name: 'b', target: 'tui' }],
    config: {},
  },
  task: { description: 'do it', contexts: [{ ...git, mountPath: 'more' }] },
};

test('their order: opencode, contexts, a clone a repository (Agent, Task, skills), plugins', () => {
  expect(built(everything).inits.map(({ name, command }) => [name, command])).toEqual([
    ['opencode-init', undefined],
    ['context-init', ['/kubeopencode', 'context-init']],
    ['git-init-0', ['/kubeopencode', 'git-init']],
    ['git-init-1', ['/kubeopencode', 'git-init']],
    ['git-init-2', ['/kubeopencode', 'git-init']],
    ['plugin-init', ['/kubeopencode', 'plugin-init']],
  ]);
  expect(
    built(everything)
      .inits.slice(2, 5)
      .map((container) => envOf(container).GIT_REPO),
  ).toEqual(['https://git.example/r', 'https://git.example/r', 'https://git.example/skills']);
});

describe('images and pull policies', () => {
  test('opencode-init has the agent’s image, the others the system’s', () => {
    const { inits } = built(everything);
    expect(inits.map(({ image, imagePullPolicy }) => [image, imagePullPolicy])).toEqual([
      ['ghcr.io/kubeopencode/kubeopencode-agent-opencode:latest', 'Always'],
      ...Array(5).fill(['ghcr.io/kubeopencode/kubeopencode:latest', 'IfNotPresent']),
    ]);
  });

  test('both can be configured', () => {
    const config = { systemImage: { image: 'registry.example/system:1', imagePullPolicy: 'Never' } } as const;
    const { init } = built({ ...everything, template: { ...everything.template, agentImage: 'registry.example:5000/opencode' }, config });
    expect(init('opencode-init')).toMatchObject({ image: 'registry.example:5000/opencode', imagePullPolicy: 'Always' });
    expect(init('plugin-init')).toMatchObject({ image: 'registry.example/system:1', imagePullPolicy: 'Never' });
  });

  test.each([
    ['x', 'Always'],
    ['x:latest', 'Always'],
    ['registry:5000/x', 'Always'],
    ['registry:5000/x:1', 'IfNotPresent'],
    ['x:1', 'IfNotPresent'],
    ['x@sha256:abc', 'IfNotPresent'],
    ['x@digest', 'IfNotPresent'],
    ['x:latest@sha256:abc', 'IfNotPresent'],
  ])('%s is pulled %s', (image, policy) => {
    expect(built({ template: { executorImage: image } }).main.imagePullPolicy).toBe(policy);
  });
});

test('every one has the default security context, whatever the agent’s own is', () => {
  const { inits } = built({ ...everything, template: { ...everything.template, podSpec: { securityContext: { runAsUser: 0 } } } });
  for (const { securityContext } of inits) {
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
  }
});

test('opencode-init', () => {
  const { init } = built({});
  expect(init('opencode-init').env).toEqual([{ name: 'TOOLS_DIR', value: '/tools' }]);
  expect(mounts(init('opencode-init'))).toEqual(['tools:/tools']);
});

describe('context-init', () => {
  test('variables', () => {
    const { init } = built(everything);
    expect(envNames(init('context-init'))).toEqual(['HOME', 'SHELL', 'WORKSPACE_DIR', 'CONFIGMAP_PATH', 'FILE_MAPPINGS', 'DIR_MAPPINGS']);
    expect(envOf(init('context-init'))).toMatchObject({
      HOME: '/tmp',
      SHELL: '/bin/bash',
      WORKSPACE_DIR: '/workspace',
      CONFIGMAP_PATH: '/configmap-files',
    });
  });

  test('mounts: what it reads, the workspace, tools when something is written there, folders outside', () => {
    expect(mounts(built(everything).init('context-init'))).toEqual([
      'context-files:/configmap-files ro',
      'dir-mount-0:/configmap-dir-0 ro',
      'workspace:/workspace',
      'tools:/tools',
      'ctx-etc-guide:/etc/guide',
    ]);
    expect(mounts(built({ task: { description: 'do it' } }).init('context-init'))).toEqual([
      'context-files:/configmap-files ro',
      'workspace:/workspace',
    ]);
  });

  test.each([
    ['a configuration', { config: {} }],
    ['a skill', { skills: [{ name: 'house', git: { repository: 'https://x' } }] }],
    ['a server plugin', { plugins: [{ name: 'a' }] }],
    ['[upstream bug] a TUI plugin alone', { plugins: [{ name: 'a', target: 'tui' as const }] }],
    ['a file of people’s directly in /tools', { contexts: [{ type: 'Text' as const, text: 'x', mountPath: '/tools/x' }] }],
    ['a folder of people’s at /tools', { contexts: [{ type: 'ConfigMap' as const, configMap: { name: 'guide' }, mountPath: '/tools' }] }],
  ])('tools are mounted for %s', (_, template) => {
    const { init, volumes } = built({ template });
    expect(mounts(init('context-init'))).toContain('tools:/tools');
    expect(volumes.filter((name) => name.startsWith('ctx-'))).toEqual([]);
  });
});

describe('git-init', () => {
  function env(context: NonNullable<ContextItem['git']>, mountPath = 'src') {
    const { init } = built({ task: { contexts: [{ type: 'Git', git: context, mountPath }] } });
    return {
      names: envNames(init('git-init-0')),
      values: envOf(init('git-init-0')),
      mounts: mounts(init('git-init-0')),
      env: init('git-init-0').env,
    };
  }

  test('variables and mount', () => {
    const { values, names, mounts: mounted } = env({ repository: 'https://git.example/r' });
    expect(names).toEqual(['HOME', 'SHELL', 'GIT_REPO', 'GIT_REF', 'GIT_DEPTH', 'GIT_ROOT', 'GIT_LINK']);
    expect(values).toMatchObject({
      HOME: '/tmp',
      SHELL: '/bin/bash',
      GIT_REPO: 'https://git.example/r',
      GIT_REF: 'HEAD',
      GIT_DEPTH: '1',
      GIT_ROOT: '/git',
      GIT_LINK: 'repo',
    });
    expect(mounted).toEqual(['git-context-0:/git']);
  });

  test('branch, depth, submodules, sync (which is for servers)', () => {
    const { values } = env({ repository: 'r', ref: 'main', depth: 50, recurseSubmodules: true, sync: { enabled: true } });
    expect(values).toMatchObject({ GIT_REF: 'main', GIT_DEPTH: '50', GIT_RECURSE_SUBMODULES: 'true' });
    expect(env({ repository: 'r', depth: -3 }).values.GIT_DEPTH).toBe('1');
  });

  test('a Secret: every key optional', () => {
    const { env: variables } = env({ repository: 'r', secretRef: { name: 'git' } });
    const from = (key: string) => ({ secretKeyRef: { name: 'git', key, optional: true } });
    expect(variables?.slice(7)).toEqual([
      { name: 'GIT_USERNAME', valueFrom: from('username') },
      { name: 'GIT_PASSWORD', valueFrom: from('password') },
      { name: 'GIT_SSH_KEY', valueFrom: from('ssh-privatekey') },
      { name: 'GIT_SSH_KNOWN_HOSTS', valueFrom: from('ssh-known-hosts') },
    ]);
  });

  test.each(['.', './', '/workspace', '/workspace/x/..'])('at %s it is copied into the workspace', (mountPath) => {
    const { values, mounts: mounted } = env({ repository: 'r', path: '/sub/' }, mountPath);
    expect(values).toMatchObject({ GIT_WORKSPACE_DIR: '/workspace', GIT_REPO_SUBPATH: 'sub' });
    expect(mounted).toEqual(['git-context-0:/git', 'workspace:/workspace']);
    expect(env({ repository: 'r' }, mountPath).values).not.toHaveProperty('GIT_REPO_SUBPATH');
  });
});

test('plugin-init installs every distinct specifier, also of TUI plugins', () => {
  const { init } = built(everything);
  expect(init('plugin-init').env).toEqual([
    { name: 'HOME', value: '/tmp' },
    { name: 'SHELL', value: '/bin/bash' },
    { name: 'PLUGIN_PACKAGES', value: '["a@1","b"]' },
    { name: 'PLUGIN_DIR', value: '/plugins' },
  ]);
  expect(mounts(init('plugin-init'))).toEqual(['plugins-volume:/plugins']);
});

test('behind each one’s own: CA, proxy, telemetry, extraEnv, and what systemContainers say for its kind', () => {
  const extra = (name: string) => ({ extraEnv: [{ name, value: 'x' }], extraVolumeMounts: [{ name: 'cache', mountPath: `/${name}` }] });
  const { inits, main } = built({
    ...everything,
    template: {
      ...everything.template,
      caBundle: { configMapRef: { name: 'ca' } },
      proxy: { httpProxy: 'http://proxy' },
      podSpec: {
        extraEnv: [{ name: 'EXTRA', value: 'y' }],
        extraVolumes: [{ name: 'cache', emptyDir: {} }],
        systemContainers: {
          openCodeInit: extra('OPENCODE'),
          contextInit: extra('CONTEXT'),
          gitInit: extra('GIT'),
          pluginInit: extra('PLUGIN'),
          gitSync: extra('SYNC'),
        },
      },
    },
    config: { observability: { openTelemetry: { enabled: true, endpoint: 'http://otel:4318' } } },
  });
  const everywhere = [
    'CUSTOM_CA_CERT_PATH',
    'HTTP_PROXY',
    'http_proxy',
    'NO_PROXY',
    'no_proxy',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTEL_RESOURCE_ATTRIBUTES',
    'EXTRA',
  ];
  expect(inits.map((container) => envNames(container).slice(-9))).toEqual([
    [...everywhere, 'OPENCODE'],
    [...everywhere, 'CONTEXT'],
    [...everywhere, 'GIT'],
    [...everywhere, 'GIT'],
    [...everywhere, 'GIT'],
    [...everywhere, 'PLUGIN'],
  ]);
  expect(inits.map((container) => mounts(container).slice(-2))).toEqual(
    ['OPENCODE', 'CONTEXT', 'GIT', 'GIT', 'GIT', 'PLUGIN'].map((name) => ['ca-bundle:/etc/ssl/certs/custom-ca ro', `cache:/${name}`]),
  );
  expect(envNames(main).slice(-8)).toEqual(everywhere);
});
