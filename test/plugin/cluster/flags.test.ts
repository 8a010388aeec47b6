import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clusterOptions } from '#plugin/flags.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { run } from '../io.ts';
import { ended, putTask } from '../tasks.ts';

// Each command is loaded at its first run.
vi.setConfig({ testTimeout: 60_000 });

let server: FakeApiServer;
let folder: string;
beforeEach(async () => {
  server = await startFakeApiServer();
  folder = mkdtempSync(join(tmpdir(), 'flags-'));
  putTask(server, 'fix', { status: ended('Failed') });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  await server.close();
});

const status = (...args: string[]) => run(['status', '--kubeconfig', server.kubeconfig, ...args]);
const headers = () => server.requests[0]?.headers ?? {};

/** Each command that talks to a cluster, with as much as it needs to ask it something. */
const COMMANDS: readonly (readonly string[])[] = [
  ['plan', 'fix'],
  ['status', 'fix'],
  ['why', 'fix'],
  ['logs', 'fix'],
  ['run', '--agent', 'coder', 'Fix it.'],
  ['stop', 'fix'],
  ['retry', 'fix'],
  ['release'],
];

describe('every command that talks to a cluster', () => {
  test.each(COMMANDS.map((words) => [words[0] ?? '', words] as const))('%s has all of kubectl’s flags', async (_, words) => {
    const all = ['--server', server.url, '--token', 'given', '--as', 'jane', '--as-group=dev', '--as-group', 'ops', '--as-uid', '7'];
    await run([
      ...words,
      ...all,
      '--as-user-extra',
      'Team=web',
      '--kubeconfig',
      server.kubeconfig,
      '-n',
      'team-a',
      '--cluster',
      'fake',
      '--user',
      'tester',
    ]);
    expect(server.requests.length).toBeGreaterThan(0);
    for (const { headers: sent } of server.requests)
      expect(sent).toMatchObject({
        authorization: 'Bearer given',
        'impersonate-user': 'jane',
        'impersonate-group': 'dev, ops',
        'impersonate-uid': '7',
        'impersonate-extra-team': 'web',
      });
  });

  test('`options` tells each of them', async () => {
    const { code, out, err } = await run(['options']);
    expect([code, err]).toEqual([0, '']);
    for (const { flags } of clusterOptions()) expect(out).toContain(`  ${flags}`);
  });
});

describe('namespace', () => {
  const namespace = async (...args: string[]) => {
    await status(...args);
    return /\/namespaces\/([^/]+)\//.exec(server.requests[0]?.path ?? '')?.[1];
  };
  test('that of the context', async () => expect(await namespace()).toBe('team-a'));
  test('-n before it', async () => expect(await namespace('-n', 'team-b')).toBe('team-b'));
  test('an empty -n is none', async () => expect(await namespace('-n', '')).toBe('team-a'));
  test('default where the context has none', async () => expect(await namespace('--context', 'other')).toBe('default'));
  test('--cluster and --user leave it as it is', async () =>
    expect(await namespace('--cluster', 'fake', '--user', 'tester')).toBe('team-a'));
  test('-A asks for none', async () => expect(await namespace('-A')).toBeUndefined());
});

test('KUBECONFIG is a list: the first file to name something wins, and so does the first current context', async () => {
  const first = join(folder, 'first');
  const contexts = 'contexts: [{name: mine, context: {cluster: fake, user: me, namespace: team-c}}]';
  writeFileSync(first, `users: [{name: me, user: {token: mine}}]\n${contexts}\ncurrent-context: mine\n`);
  const empty = join(folder, 'empty');
  writeFileSync(empty, '');
  vi.stubEnv('KUBECONFIG', [join(folder, 'missing'), empty, first, server.kubeconfig].join(':'));
  await run(['status']);
  expect(headers()).toMatchObject({ authorization: 'Bearer mine' });
  expect(server.requests[0]?.path).toContain('/namespaces/team-c/');
  await run(['status', '--context', 'fake']);
  expect(server.requests[1]?.headers).toMatchObject({ authorization: 'Bearer test-token' });
});

describe('what the server is to select', () => {
  test.each<[words: string[]]>([[['status']], [['stop']], [['retry']], [['release']], [['plan']]])(
    '%j -l and --field-selector',
    async ([command = '']) => {
      await run([command, '--kubeconfig', server.kubeconfig, '-l', 'team=web', '--field-selector', 'status.phase=Failed']);
      const { query } = server.requests.find(({ verb }) => verb === 'list') ?? {};
      expect(query?.fieldSelector).toBe('status.phase=Failed');
      expect(query?.labelSelector).toMatch(/team=web$/);
    },
  );

  test('--field-selector alone is a way to choose, and not one beside names', async () => {
    expect((await run(['stop', 'fix', '--kubeconfig', server.kubeconfig, '--field-selector', 'status.phase=Running'])).err).toBe(
      'error: stop: expected one way to choose Tasks; give names, or -l, or --all\n',
    );
  });
});

describe('as kubectl takes words', () => {
  test('-o=name and --all-namespaces=true', async () =>
    expect((await status('-o=name', '--all-namespaces=true')).out).toBe('task.kubeopencode.io/fix\n'));
  test('--all-namespaces=false is none', async () => {
    await status('--all-namespaces=false');
    expect(server.requests[0]?.path).toContain('/namespaces/team-a/');
  });
  test('a flag without a value takes no other', async () =>
    expect((await status('--all-namespaces=perhaps')).err).toContain("unknown option '--all-namespaces=perhaps'"));
});

describe('-v', () => {
  test('says nothing below 6', async () => expect((await status('-v', '5')).err).toBe(''));
  test('6: context and requests', async () => {
    const { err } = await status('-v6');
    expect(err).toContain(`context "fake" of the kubeconfig: API server ${server.url}\n`);
    expect(err).toMatch(
      /^GET http:\/\/127\.0\.0\.1:\d+\/apis\/kubeopencode\.io\/v1alpha1\/namespaces\/team-a\/tasks\?limit=500 200 in \d+ ms$/m,
    );
    expect(err).not.toContain('>');
  });
  test('7: headers, never a token; 8: bodies that are sent', async () => {
    const { err } = await run(['retry', 'fix', '--kubeconfig', server.kubeconfig, '-v', '8', '--as', 'jane']);
    expect(err).toContain('> Authorization: Bearer <masked>\n');
    expect(err).toContain('> Impersonate-User: jane\n');
    expect(err).toContain('> {"metadata":{"uid":"uid-fix"');
    expect(err).toContain('< content-type: application/json\n');
    expect(err).not.toContain('test-token');
  });
  test('a request without an answer', async () => {
    server.fail('get', { type: 'ResetBeforeWrite' }, 5);
    expect((await status('fix', '-v', '6')).err).toMatch(/^GET http:\S+ .*in \d+ ms$/m);
  });
});

test.each([
  [['--request-timeout', '1 day'], 'want a duration'],
  [['-v', '11'], 'want a number from 0 to 10'],
  [['--as-user-extra', 'web'], 'want key=value'],
])('%j is refused', async (words, why) => {
  const { code, err } = await status(...words);
  expect([code, server.requests]).toEqual([1, []]);
  expect(err).toContain(why);
});

test('--request-timeout in seconds', async () => {
  server.fail('get', { type: 'Silence' });
  expect((await status('fix', '--request-timeout', '1')).err).toContain('expected an answer within 1 s');
});

test('what is told to be pasted goes to the same cluster, without the token', async () => {
  const words = ['--as', 'jane', '--cluster', 'fake', '--token', 'given'];
  const { out } = await run(['retry', 'fix', '--kubeconfig', server.kubeconfig, ...words]);
  expect(out).toContain(`watch it: kubectl opencode status fix -w -n team-a --kubeconfig ${server.kubeconfig} --cluster fake --as jane`);
  expect(out).not.toContain('given');
});
