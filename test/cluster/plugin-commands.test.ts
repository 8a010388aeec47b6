import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Task } from '#core/api/task.ts';
import { FLAGS_TRIED_ELSEWHERE, TRIALS, type Trial } from './plugin-trials.ts';
import { hosts } from './support/host.ts';
import { clusterInfo } from './support/info.ts';
import { openKube } from './support/kube.ts';
import { agent, create, task, taskAt, template } from './support/objects.ts';
import { until, untilFinished, untilPodRuns } from './support/watch.ts';

/** Every command and flag of the plugin, through the real kubectl, on the real API server: the table is in `plugin-trials.ts`. */
const kube = await openKube();
const namespace = await kube.namespace();
const starter = hosts();
const folder = mkdtempSync(join(tmpdir(), 'kubeopencode-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `kubectl opencode …` as a person types it. */
function opencode(args: readonly string[], stdin = ''): Promise<Ran> {
  const { kubectl, kubeconfig } = clusterInfo();
  const PATH = [resolve('dist/bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
  return new Promise((done) => {
    const env = { ...process.env, PATH, KUBECONFIG: kubeconfig };
    const child = execFile(kubectl, ['opencode', ...args], { env, cwd: folder, timeout: 60_000, maxBuffer: 64 << 20 }, (error, out, err) =>
      done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
    );
    child.stdin?.end(stdin);
  });
}

beforeAll(async () => {
  const journal = join(folder, 'journal');
  await starter.start({ namespaces: [namespace], flags: ['--journal', journal] });
  await create(
    kube.cluster,
    template(namespace, 'quick', { 'run-for': '1s' }),
    template(namespace, 'broken', { 'run-for': '1s', outcome: 'fail', 'exit-code': '3' }),
    template(namespace, 'endless', { outcome: 'never' }),
    agent(namespace, 'coder', { maxConcurrentTasks: 1 }, { outcome: 'never' }),
  );
  const labelled = (name: string, team: string) => ({
    ...task(namespace, name, { templateRef: { name: 'endless' } }),
    metadata: { name, namespace, labels: { team } },
  });
  await create(
    kube.cluster,
    task(namespace, 'done', { templateRef: { name: 'quick' } }),
    task(namespace, 'failed', { templateRef: { name: 'broken' } }),
    task(namespace, 'holder', { agentRef: { name: 'coder' } }),
    ...['runs', 'kept', 'cleaned'].map((name) => task(namespace, name, { templateRef: { name: 'endless' } })),
    labelled('web-1', 'web'),
    labelled('ops-1', 'ops'),
  );
  await untilPodRuns(kube.cluster, namespace, 'holder');
  await create(kube.cluster, task(namespace, 'waits', { agentRef: { name: 'coder' } }));
  await Promise.all(['done', 'failed'].map((name) => untilFinished(kube.cluster, namespace, name)));
  await Promise.all(['runs', 'kept', 'cleaned', 'web-1', 'ops-1'].map((name) => untilPodRuns(kube.cluster, namespace, name)));
  await until<Task>(kube.cluster, taskAt(namespace, 'waits'), 'to be queued', ({ status }) => status?.phase === 'Queued');
  writeFileSync(
    join(folder, 'task.yaml'),
    JSON.stringify({
      apiVersion: 'kubeopencode.io/v1alpha1',
      kind: 'Task',
      metadata: { name: 'planned' },
      spec: { templateRef: { name: 'quick' }, description: 'x' },
    }),
  );
  mkdirSync(join(folder, 'files'));
  const simulated = [template(namespace, 'quick'), task(namespace, 'simulated', { templateRef: { name: 'quick' } })];
  writeFileSync(join(folder, 'files', 'simulated.yaml'), simulated.map((object) => JSON.stringify(object)).join('\n---\n'));
  expect(readdirSync(journal).length).toBeGreaterThan(0);
}, 120_000);

/** What stands for things that are known only here. */
const filled = (word: string): string => word.replace('NAMESPACE', namespace).replace('FOLDER', folder);

describe.each(Object.entries(TRIALS))('kubectl opencode %s', (command, trials) => {
  it.each(trials.map((trial): [name: string, trial: Trial] => [trial.words.join(' '), trial]))('%s', async (_name, trial) => {
    const ran = await opencode([command, ...trial.words.map(filled)], trial.stdin);
    expect(ran).toMatchObject({
      code: trial.code ?? 0,
      ...(trial.out === undefined ? {} : { out: expect.stringMatching(trial.out) }),
      ...(trial.err === undefined ? {} : { err: expect.stringMatching(trial.err) }),
    });
    if (trial.code === undefined && trial.err === undefined) expect(ran.err).toBe('');
  });
});

describe('the table', () => {
  const namesIn = (help: string): readonly string[] => {
    const [, list = ''] = /^Commands:\n([\s\S]*?)\n\n/m.exec(help) ?? [];
    return [...list.matchAll(/^ {2}([a-z]\w*)/gm)].map(([, name = '']) => name);
  };
  /** Long name and, where there is one, short name of each flag. */
  const flagsIn = (help: string): readonly (readonly [long: string, short: string])[] =>
    [...help.matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)/gm)].map(([, short = '', long = '']) => [long, short]);

  it('has every command of --help, and every flag of each', async () => {
    const names = namesIn((await opencode(['--help'])).out);
    expect(names.length).toBeGreaterThan(10);
    expect(Object.keys(TRIALS).sort()).toEqual([...names].sort());
    const untried = await Promise.all(
      names.map(async (name) => {
        const words = new Set((TRIALS[name] ?? []).flatMap((trial) => trial.words.map((word) => word.split('=', 1)[0])));
        const flags = flagsIn((await opencode([name, '--help'])).out).filter(([long]) => long !== '--help');
        return flags.flatMap(([long, short]) =>
          words.has(long) || words.has(short) || long in FLAGS_TRIED_ELSEWHERE ? [] : [`${name} ${long}`],
        );
      }),
    );
    expect(untried.flat()).toEqual([]);
  });
});
