import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { completionScript } from '#plugin/completion/scripts.ts';
import { DIST } from '#scripts/build/paths.ts';
import { running } from '#test/support/builders.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';
import { ended, putAgent, putPod, putTask } from '../tasks.ts';

// The program is loaded at its first run.
vi.setConfig({ testTimeout: 60_000 });

let server: FakeApiServer;
let folder: string;
beforeEach(async () => {
  server = await startFakeApiServer();
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
  putTask(server, 'fix-bug', { status: { ...running(), podName: 'fix-bug-pod' } });
  putTask(server, 'fix-docs', { status: ended('Failed') });
  putTask(server, 'other', { metadata: { namespace: 'team-b' } });
  putAgent(server);
  putPod(server, 'fix-bug');
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
});

/** The lines for words; the last one is being typed. Flags for the server stand behind the command. */
async function lines(...words: string[]): Promise<readonly string[]> {
  const [command = '', ...rest] = words;
  const { code, out, err } = await run(['__complete', command, '--kubeconfig', server.kubeconfig, ...rest]);
  expect([code, err]).toEqual([0, '']);
  return out.trimEnd().split('\n');
}

describe('names in the cluster', () => {
  test.each([['plan'], ['status'], ['stop'], ['retry'], ['release']])('%s: Tasks, those that are not named yet', async (command) => {
    expect(await lines(command, '')).toEqual(['fix-bug', 'fix-docs', ':4']);
    expect(await lines(command, 'fix-bug', 'fix')).toEqual(['fix-docs', ':4']);
  });
  test.each([['why'], ['logs']])('%s: one Task', async (command) => {
    expect(await lines(command, 'fix-b')).toEqual(['fix-bug', ':4']);
    expect(await lines(command, 'fix-bug', '')).toEqual([':4']);
  });
  test('of the namespace that is given, in each way to give it', async () => {
    for (const given of [['-n', 'team-b'], ['-nteam-b'], ['-n=team-b'], ['--namespace=team-b'], ['--namespace', 'team-b']])
      expect(await lines('stop', ...given, '')).toEqual(['other', ':4']);
  });
  test('stop asks for those that have not ended, retry for those that have; where the server can’t select, all are told', async () => {
    await lines('stop', '');
    expect(server.requests[0]?.query.fieldSelector).toBe('status.phase!=Completed,status.phase!=Failed');
    server.fail('list', { type: 'Status', code: 400, reason: 'BadRequest' });
    expect(await lines('retry', '')).toEqual(['fix-bug', 'fix-docs', ':4']);
    expect(server.requests.map(({ query }) => query.fieldSelector)).toEqual([
      'status.phase!=Completed,status.phase!=Failed',
      'status.phase!=Pending,status.phase!=Queued,status.phase!=Running',
      undefined,
    ]);
  });
  test('Agents', async () => expect(await lines('run', '--agent', '')).toEqual(['coder', ':4']));
  test('containers of the Pod of a Task', async () => expect(await lines('logs', 'fix-bug', '-c', 'ag')).toEqual(['agent', ':4']));
  test('only metadata is asked for, as whoever the flags say', async () => {
    await lines('stop', '--as', 'jane', '');
    expect(server.requests[0]?.headers).toMatchObject({
      accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
      'impersonate-user': 'jane',
    });
  });

  test.each<[name: string, arrange: () => void]>([
    ['forbidden', () => server.fail('list', { type: 'Status', code: 403, reason: 'Forbidden' }, 9)],
    ['no answer in time', () => server.fail('list', { type: 'Silence' }, 9)],
    ['a connection that breaks', () => server.fail('list', { type: 'ResetBeforeWrite' }, 9)],
    ['nonsense', () => server.fail('list', { type: 'Raw', code: 200, body: '<html>' }, 9)],
  ])('%s: none, and no word of it', async (_, arrange) => {
    arrange();
    expect(await lines('stop', '')).toEqual([':4']);
  });
  test('no kubeconfig: none, and no word of it', async () =>
    expect(await run(['__complete', 'stop', '--kubeconfig', join(folder, 'none'), ''])).toEqual({ code: 0, err: '', out: ':4\n' }));
});

describe('names in the kubeconfig', () => {
  test.each([
    ['--context', ['fake', 'other']],
    ['--cluster', ['fake']],
    ['--user', ['tester']],
  ])('%s, without a request', async (flag, names) => {
    expect(await lines('stop', flag, '')).toEqual([...names, ':4']);
    expect(server.requests).toEqual([]);
  });
});

describe('the command line', () => {
  test.each<[words: string[], lines: string[]]>([
    [
      ['plan', '-o', 'js'],
      ['json', 'jsonpath=', 'jsonpath-as-json=', 'jsonpath-file=', ':4'],
    ],
    [
      ['plan', '-o', 'jsonpath='],
      ['jsonpath=', ':6'],
    ],
    [
      ['plan', '-oya'],
      ['-oyaml', ':4'],
    ],
    [
      ['plan', '-o=ya'],
      ['-o=yaml', ':4'],
    ],
    [
      ['plan', '--output=ya'],
      ['--output=yaml', ':4'],
    ],
    [
      ['stop', '--client-k'],
      ['--client-key\tkey of that certificate', ':4'],
    ],
    [['stop', '--client-key', ''], [':0']],
    [['plan', '--', '--a'], [':4']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', ':4'],
    ],
    [
      ['schema', 'sta'],
      ['status', ':4'],
    ],
    [['replay', ''], [':0']],
    [['run', ''], [':4']],
    [['sim'], ['simulate\twhat becomes of Tasks when controllers crash and answers are lost', ':4']],
  ])('%j', async (words, expected) => expect((await run(['__complete', ...words])).out).toBe(`${expected.join('\n')}\n`));
});

describe('scripts', () => {
  test('bash asks the plugin and takes what it says', () => {
    const script = `
      PATH=${DIST}bin:$PATH
      ${completionScript('bash')}
      ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _kubectl_opencode; (IFS=' '; echo "\${COMPREPLY[*]}"); }
      cd ${folder}
      ask kubectl-opencode st
      ask kubectl-opencode plan --assume = ev
      ask kubectl-opencode plan --assume ev
      ask kubectl-opencode stop --kubeconfig ${server.kubeconfig} --context ''
      touch task.yaml notes.txt
      ask kubectl-opencode plan -f t
      mkdir manifests; rm task.yaml
      ask kubectl-opencode plan -f ''
    `;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual(['status stop', 'evicted', 'evicted', 'fake other', 'task.yaml', 'manifests', '']);
  });

  test.for(['zsh', 'fish'] as const)('%s can read its script', (name, { skip }) => {
    if (spawnSync(name, ['-c', 'exit 0']).status !== 0) return skip(`no ${name} here`);
    const file = join(folder, name);
    writeFileSync(file, completionScript(name));
    expect(spawnSync(name, ['-n', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  test('zsh asks the plugin and takes what it says', ({ skip }) => {
    if (spawnSync('zsh', ['-c', 'exit 0']).status !== 0) return skip('no zsh here');
    const script = `
      path=(${DIST}bin $path)
      compdef() { : }
      ${completionScript('zsh')}
      _describe() { print -rl -- "\${(@P)2}" }
      _files() { print -- "files $*" }
      ask() { words=("$@"); CURRENT=$#; _kubectl_opencode }
      ask kubectl-opencode sta
      ask kubectl-opencode plan --assume ev
      ask kubectl-opencode plan -f ''
      ask kubectl-opencode plan --core ''
    `;
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', script], { encoding: 'utf8' });
    expect([stdout, stderr]).toEqual([
      'status:where Tasks stand\\: attempts, Pod, containers, queue\nevicted\nfiles -g *.(yaml|yml|json)\nfiles \n',
      '',
    ]);
  });

  test('fish asks the plugin and takes what it says', ({ skip }) => {
    if (spawnSync('fish', ['-c', 'exit 0']).status !== 0) return skip('no fish here');
    const ask = (line: string) =>
      spawnSync(
        'fish',
        ['--no-config', '-c', `set PATH ${DIST}bin $PATH; cd ${folder}; ${completionScript('fish')}\ncomplete -C '${line}'`],
        { encoding: 'utf8' },
      ).stdout;
    expect(ask('kubectl-opencode plan --assume ev')).toBe('evicted\n');
    expect(ask('kubectl-opencode st')).toMatch(/^status\twhere Tasks stand.*\nstop\tend Tasks.*\n$/);
    writeFileSync(join(folder, 'task.yaml'), '');
    expect(ask('kubectl-opencode plan -f t')).toContain('task.yaml');
  });

  test.each([['bash'], ['zsh'], ['fish']] as const)('completion %s prints it', async (name) =>
    expect((await run(['completion', name])).out).toBe(completionScript(name)),
  );
});

test('through a real kubectl, which asks kubectl_complete-opencode', async ({ skip }) => {
  if (spawnSync('kubectl', ['version', '--client']).status !== 0) return skip('no kubectl on PATH');
  // The server answers from this process, so nothing may wait in it.
  const ask = async (...words: string[]) => {
    const env = { ...process.env, HOME: folder, PATH: `${DIST}bin:${process.env.PATH}`, KUBECONFIG: server.kubeconfig };
    return (await promisify(execFile)('kubectl', ['__complete', 'opencode', ...words], { env })).stdout;
  };
  expect(await ask('stop', '')).toBe('fix-bug\nfix-docs\n:4\n');
  expect(await ask('stop', '--context', '')).toBe('fake\nother\n:4\n');
  expect(await ask('plan', '-o', 'jsonpath=')).toBe('jsonpath=\n:6\n');
});
