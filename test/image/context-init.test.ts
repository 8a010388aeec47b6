import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contextInit as builtContextInit } from '#core/pod/context-init.ts';
import { contextInit } from '#host/image/helpers/context-init.ts';
import { type ContextPlan, contextPlan } from '#host/image/helpers/context-plan.ts';
import { saidBy } from '#host/image/helpers/said.ts';
import type { Variables } from '#host/image/helpers/variables.ts';

let folder: string;
let output: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'context-init-'));
  output = '';
  mkdirSync(join(folder, 'cm'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const said = saidBy('context-init', {}, (text) => (output += text));
const modeOf = (path: string): string => (statSync(join(folder, path)).mode & 0o777).toString(8);

/** Runs it as its environment says, all below the test's folder. */
async function run(env: Variables): Promise<void> {
  const planned = contextPlan({ WORKSPACE_DIR: join(folder, 'ws'), CONFIGMAP_PATH: join(folder, 'cm'), ...env });
  if (!planned.ok) throw new Error(planned.message);
  await contextInit(planned.plan, said);
}

/** Mounted as a kubelet does it: each key a link through `..data` into a folder of its time. */
function mountConfigMap(name: string, data: Readonly<Record<string, string>>): string {
  const mount = join(folder, name);
  mkdirSync(join(mount, '..2026'), { recursive: true });
  symlinkSync('..2026', join(mount, '..data'));
  for (const [key, text] of Object.entries(data)) {
    writeFileSync(join(mount, '..2026', key), text, { mode: 0o400 });
    symlinkSync(`..data/${key}`, join(mount, key));
  }
  return mount;
}

describe('context-init', () => {
  test('copies files with their modes, and makes the folders above them', async () => {
    writeFileSync(join(folder, 'cm/workspace-task.md'), 'do it');
    writeFileSync(join(folder, 'cm/tools-opencode.json'), '{}');
    const mappings = [
      { key: 'workspace-task.md', targetPath: join(folder, 'ws/a/task.md') },
      { key: 'tools-opencode.json', targetPath: join(folder, 'tools/opencode.json'), fileMode: 0o600 },
    ];
    await run({ FILE_MAPPINGS: JSON.stringify(mappings) });
    expect(readFileSync(join(folder, 'ws/a/task.md'), 'utf8')).toBe('do it');
    expect([modeOf('ws/a'), modeOf('ws/a/task.md'), modeOf('tools/opencode.json')]).toEqual(['755', '644', '600']);
  });

  test('a strict mode in the workspace is loosened, since the agent may be another user', async () => {
    writeFileSync(join(folder, 'cm/key'), 'x');
    await run({ FILE_MAPPINGS: JSON.stringify([{ key: 'key', targetPath: join(folder, 'ws/key'), fileMode: 0o500 }]) });
    expect(modeOf('ws/key')).toBe('744');
  });

  test('copies a mounted ConfigMap’s keys, not what the kubelet has there for itself', async () => {
    const sourcePath = mountConfigMap('dir-0', { 'b.md': 'B', 'a.md': 'A' });
    await run({ DIR_MAPPINGS: JSON.stringify([{ sourcePath, targetPath: join(folder, 'ws/guides') }]) });
    expect(readdirSync(join(folder, 'ws/guides'))).toEqual(['a.md', 'b.md']);
    expect([readFileSync(join(folder, 'ws/guides/a.md'), 'utf8'), modeOf('ws/guides/a.md')]).toEqual(['A', '644']);
  });

  test('warns of what is not there, and goes on', async () => {
    writeFileSync(join(folder, 'cm/b'), 'B');
    const mappings = ['a', 'b'].map((key) => ({ key, targetPath: join(folder, `ws/${key}`) }));
    await run({
      FILE_MAPPINGS: JSON.stringify(mappings),
      DIR_MAPPINGS: JSON.stringify([{ sourcePath: '/nowhere', targetPath: join(folder, 'ws/c') }]),
    });
    expect(readdirSync(join(folder, 'ws'))).toEqual(['b']);
    expect(output).toContain(`warning: ${folder}/cm/a is not there, so ${folder}/ws/a is not written`);
    expect(output).toContain('warning: the folder /nowhere is not there');
  });

  test('fails when a file can’t be written: no agent starts without it', async () => {
    writeFileSync(join(folder, 'cm/a'), 'A');
    writeFileSync(join(folder, 'in-the-way'), '');
    const mappings = [{ key: 'a', targetPath: join(folder, 'in-the-way/a') }];
    await expect(run({ FILE_MAPPINGS: JSON.stringify(mappings) })).rejects.toThrow(`making the folder of ${folder}/in-the-way/a`);
  });

  test.each<[name: string, env: Variables, message: string]>([
    ['no JSON', { FILE_MAPPINGS: '[' }, 'reading FILE_MAPPINGS: expected a JSON list'],
    ['no list', { DIR_MAPPINGS: '{}' }, 'reading DIR_MAPPINGS: expected a JSON list'],
    ['no object', { DIR_MAPPINGS: '[1]' }, 'reading DIR_MAPPINGS[0]: expected an object'],
    [
      'a key that leads elsewhere',
      { FILE_MAPPINGS: '[{"key":"../x","targetPath":"/a"}]' },
      `reading FILE_MAPPINGS[0]: expected key to be a ConfigMap's key, got "../x"`,
    ],
    ['a relative target', { FILE_MAPPINGS: '[{"key":"x","targetPath":"a"}]' }, 'expected targetPath to be an absolute path, got "a"'],
    ['no target', { DIR_MAPPINGS: '[{"sourcePath":"/a"}]' }, 'expected targetPath to be an absolute path, got nothing'],
    [
      'a mode of another kind',
      { FILE_MAPPINGS: '[{"key":"x","targetPath":"/a","fileMode":"0644"}]' },
      'expected fileMode to be a number from 0 to 511 (0777), got "0644"',
    ],
    [
      'a mode with more than permissions',
      { FILE_MAPPINGS: '[{"key":"x","targetPath":"/a","fileMode":2541}]' },
      'expected fileMode to be a number',
    ],
  ])('refuses %s', (_, env, message) => {
    expect(contextPlan(env)).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  });

  test('reads what the core writes for it', () => {
    const files = [{ key: 'workspace-task.md', path: '/workspace/task.md', content: 'x', origin: 'Task', fileMode: 0o640 }];
    const directories = [{ path: '/workspace/guides', configMap: 'guides', optional: false, origin: 'Task' }];
    const [container] = builtContextInit(
      { files, directories, shared: { folders: [], tools: false }, configMapName: 'c', workspaceDir: '/workspace' },
      { image: 'i', imagePullPolicy: 'Always' },
    );
    const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    expect(contextPlan(env)).toEqual<{ ok: true; plan: ContextPlan }>({
      ok: true,
      plan: {
        workspaceDir: '/workspace',
        files: [{ source: '/configmap-files/workspace-task.md', target: '/workspace/task.md', mode: 0o640 }],
        folders: [{ source: '/configmap-dir-0', target: '/workspace/guides' }],
      },
    });
  });
});
