import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { running } from '#test/support/builders.ts';
import { type FakeApiServer, startFakeApiServer } from '#test/support/fake-apiserver.ts';
import { putAgent, putPod, putStatus, putTask } from '../tasks.ts';
import { CTRL_C, environment, findTerminals, type Terminal, type TerminalOptions } from './terminal.ts';

/** The plugin as it is built, as a person has it: on a terminal, in a pipe, interrupted. */
const terminals = await findTerminals();
const shell = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'kubeopencode-terminal-'));
afterAll(() => rmSync(folder, { recursive: true }));

const POD_NAME = 'the-quick-brown-fox-jumps-over-the-lazy-dog-pod';
const ESCAPE = '\u001b';

let server: FakeApiServer;
beforeEach(async () => {
  server = await startFakeApiServer();
  server.log = 'reading the code\n';
  putAgent(server);
  putTask(server, 'fix', { status: running({ podName: POD_NAME, message: 'the tests of the parser are being run for the third time' }) });
  putPod(server, 'fix', { metadata: { name: POD_NAME } });
});
afterEach(() => server.close());

function open(command: string, options?: TerminalOptions): Terminal {
  if (typeof terminals === 'string') throw new Error(terminals);
  return terminals(`kubectl-opencode ${command} --kubeconfig ${server.kubeconfig}`, options);
}

/** What a program that reads the output gets. */
async function piped(command: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const line = `kubectl-opencode ${command} --kubeconfig ${server.kubeconfig}`;
  return (await shell('/bin/sh', ['-c', line], { env: environment(env) })).stdout;
}

const skips = typeof terminals === 'string' ? terminals : undefined;
/** A test that is skipped, with the reason, where there is no terminal. */
const onTerminal = (name: string, work: () => Promise<void>): void =>
  test(name, { timeout: 90_000 }, ({ skip }) => (skips === undefined ? work() : skip(skips)));

/** What a terminal shows, without how it is set and how long things have taken so far. */
const said = (terminal: Terminal): string => terminal.plain().replaceAll(/^[0-9a-f:]+$|(now \+|for )\d\S*/gm, '');

describe('colour', () => {
  onTerminal('on a terminal, unless somebody wants none', async () => {
    const wanted = open('status fix');
    const plain = [
      open('status fix', { env: { NO_COLOR: '1' } }),
      open('status fix', { env: { TERM: 'dumb' } }),
      open('status fix --no-color'),
    ];
    expect(await wanted.exitCode()).toBe(0);
    expect(wanted.text()).toContain(ESCAPE);
    for (const terminal of plain) {
      expect(await terminal.exitCode()).toBe(0);
      expect(terminal.text()).not.toContain(ESCAPE);
      expect(said(terminal)).toBe(said(wanted));
    }
  });

  test('not in a pipe, unless somebody wants it', { timeout: 60_000 }, async () => {
    const [forced, ...plain] = await Promise.all([
      piped('status fix', { FORCE_COLOR: '1' }),
      piped('status fix'),
      piped('status fix', { FORCE_COLOR: '0' }),
      piped('status fix', { FORCE_COLOR: '1', NO_COLOR: '1' }),
    ]);
    for (const text of plain) expect(text).not.toContain(ESCAPE);
    expect(forced).toContain(ESCAPE);
  });
});

onTerminal('status of a Task that waits says how to learn why, to a person alone', async () => {
  putTask(server, 'late');
  const terminal = open('status late');
  expect(await terminal.exitCode()).toBe(0);
  expect(terminal.plain()).toMatch(/\nwhy: kubectl opencode why late -n team-a --kubeconfig \S+\nexit 0\n/);
  expect(await piped('status late')).not.toContain('why:');
});

describe('width', () => {
  /** Lines of what a command has printed; the shell's own are left out. */
  const printed = (text: string): readonly string[] => text.split('\n').filter((line) => /[ ─│]/.test(line) && !/^exit /.test(line));

  onTerminal('lines are broken between words, as wide as the terminal or COLUMNS is; a name is never cut', async () => {
    const cases = [
      { columns: 60, terminal: open('status fix', { columns: 60 }) },
      { columns: 200, terminal: open('status fix', { columns: 200 }) },
      { columns: 80, terminal: open('status fix', { columns: 200, env: { COLUMNS: '80' } }) },
    ];
    for (const { columns, terminal } of cases) {
      expect(await terminal.exitCode()).toBe(0);
      const lines = printed(terminal.plain());
      expect(lines.filter((line) => line.length > columns)).toEqual([]);
      expect(lines.some((line) => line.includes(POD_NAME))).toBe(true);
    }
    const [narrow, wide] = cases.map(({ terminal }) => printed(terminal.plain()));
    expect(narrow?.length).toBeGreaterThan(wide?.length ?? 0);
  });

  onTerminal('a terminal that is made narrower while somebody watches', async () => {
    const terminal = open('status fix -w', { columns: 120 });
    await terminal.shows(/Attempt 1[\s\S]*agent/);
    terminal.resize(60);
    // The signal may take a moment; the next change is written in the new width.
    const longOf = async (change: string): Promise<readonly string[]> => {
      putStatus(
        server,
        'fix',
        running({ podName: POD_NAME, message: `${change}: the linter has found forty-two things that it does not like` }),
      );
      await terminal.shows(new RegExp(`${change}: [\\s\\S]*Attempt 1[\\s\\S]*agent`));
      return printed(terminal.plain().slice(terminal.plain().lastIndexOf('Task '))).filter((line) => line.length > 60);
    };
    let changes = 1;
    while ((await longOf(`change ${changes}`)).length > 0 && changes < 50) changes += 1;
    expect(await longOf('the last change')).toEqual([]);
    terminal.press(CTRL_C);
    expect(await terminal.exitCode()).toBe(130);
  });
});

describe('Ctrl-C', () => {
  const rest = async (): Promise<void> => {
    await expect.poll(() => [server.watches, server.connections.open], { timeout: 10_000 }).toEqual([0, 0]);
  };

  onTerminal('ends what follows: 130, nothing is left, and who waited learns what goes on', async () => {
    const following = [
      { terminal: open('logs fix -f'), until: /reading the code/, last: /reading the code\n(\^C)?$/ },
      { terminal: open('status -w'), until: /^NAME +PHASE[^\n]*\nfix +Running/m, last: /\n(\^C)?$/ },
      {
        terminal: open("run new 'Fix it' --agent coder --wait"),
        until: /waits for the controller/,
        last: /\ntask\.kubeopencode\.io\/new goes on; to end it: kubectl opencode stop new -n team-a --kubeconfig \S+\n$/,
      },
      { terminal: open('stop fix --wait'), until: /stopped/, last: /\n(\^C)?$/ },
    ];
    for (const { terminal, until, last } of following) {
      await terminal.shows(until);
      terminal.press(CTRL_C);
      expect(await terminal.exitCode()).toBe(130);
      const [, said = ''] = /^\S+\n([\s\S]*)exit 130\n/.exec(terminal.plain()) ?? [];
      expect(said).toMatch(last);
      // Nothing was hidden that would have to be shown again.
      expect(terminal.text()).not.toContain(`${ESCAPE}[?`);
    }
    await rest();
    expect(server.store.get('Task', 'team-a', 'new')?.metadata.annotations).toBeUndefined();
  });

  onTerminal('in the midst of a large plan', async () => {
    writeFileSync(join(folder, 'many.yaml'), manyTasks(3_000));
    if (typeof terminals === 'string') return;
    const terminal = terminals(`echo begins; kubectl-opencode plan -f ${join(folder, 'many.yaml')}`);
    await terminal.shows(/begins/);
    await new Promise((resolve) => setTimeout(resolve, 500));
    terminal.press(CTRL_C);
    expect(await terminal.exitCode()).toBe(130);
    expect(terminal.plain()).not.toContain('Plan:');
  });
});

test('who has read enough ends it quietly', { timeout: 60_000 }, async () => {
  for (const name of Array.from({ length: 2_000 }, (_, index) => `task-with-a-rather-long-name-${index}`)) putTask(server, name);
  const line = `{ kubectl-opencode status --kubeconfig ${server.kubeconfig}; echo "exit $?" >&2; } | head -1`;
  const { stdout, stderr } = await shell('/bin/sh', ['-c', line], { env: environment() });
  expect(stdout).toMatch(/^NAME +PHASE .*\n$/);
  expect(stderr).toBe('exit 0\n');
});

test('a credential plugin that never answers does not hold it', { timeout: 60_000 }, async () => {
  const kubeconfig = join(folder, 'hangs');
  const user = '{exec: {apiVersion: client.authentication.k8s.io/v1, command: sleep, args: ["50"], interactiveMode: Never}}';
  writeFileSync(kubeconfig, readFileSync(server.kubeconfig, 'utf8').replace('{token: test-token}', user));
  const line = `kubectl-opencode status --kubeconfig ${kubeconfig} --request-timeout 300ms`;
  const began = performance.now();
  await expect(shell('/bin/sh', ['-c', line], { env: environment() })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('nothing from command "sleep" of the kubeconfig'),
  });
  expect(performance.now() - began).toBeLessThan(40_000);
});

function manyTasks(count: number): string {
  const task = (index: number): string =>
    `apiVersion: kubeopencode.io/v1alpha1\nkind: Task\nmetadata: {name: t-${index}}\nspec: {templateRef: {name: coder}, description: x}\n`;
  const template = `apiVersion: kubeopencode.io/v1alpha1\nkind: AgentTemplate\nmetadata: {name: coder}\nspec: {workspaceDir: /workspace, serviceAccountName: default}\n`;
  return [template, ...Array.from({ length: count }, (_, index) => task(index))].join('---\n');
}
