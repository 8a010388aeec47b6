import { spawn } from 'node:child_process';
import { delimiter, dirname, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Task } from '#core/api/task.ts';
import { hosts } from './support/host.ts';
import { startInstalled } from './support/installed.ts';
import { openKube } from './support/kube.ts';
import { create, isRunning, task, taskAt, template } from './support/objects.ts';
import { until, untilPodRuns } from './support/watch.ts';

/** A control plane of its own, because others would suffer. */
const { info, controlPlane } = await startInstalled();
afterAll(() => controlPlane.stop());
const kube = await openKube(info);
const namespace = await kube.namespace();
const starter = hosts(info);

const LINES = Array.from({ length: 60 }, (_, index) => `step ${index + 1} of 60`);
const RUN_FOR_SECONDS = 30;

interface Following {
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
  out(): string;
}

/** A command that goes on, through the real kubectl. */
function begin(...args: readonly string[]): Following {
  const PATH = [resolve('dist/bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
  const child = spawn(info.kubectl, ['opencode', ...args, '-n', namespace], { env: { ...process.env, PATH, KUBECONFIG: info.kubeconfig } });
  afterAll(() => void child.kill('SIGKILL'));
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    out += data;
  });
  child.stderr.on('data', (data: Buffer) => {
    err += data;
  });
  const ended = new Promise<Awaited<Following['ended']>>((done) => child.on('close', (code) => done({ code, out, err })));
  return { ended, out: () => out };
}

it('an API server that dies and comes back under those who follow: no line is lost, none comes twice, and every end is told', async () => {
  await starter.start({ namespaces: [namespace] });
  const podSpec = { annotations: { 'sim.kubeopencode.io/log': `${LINES.join('\n')}\n` } };
  await create(kube.cluster, template(namespace, 'talks', { 'run-for': `${RUN_FOR_SECONDS}s` }, podSpec), task(namespace, 'talks'));
  await until<Task>(kube.cluster, taskAt(namespace, 'talks'), 'to run', isRunning);
  await untilPodRuns(kube.cluster, namespace, 'talks');
  const logs = begin('logs', 'talks', '-f');
  const status = begin('status', 'talks', '-w');
  const run = begin('run', 'waited', 'Fix it', '--template', 'talks', '--wait');
  await expect.poll(() => logs.out(), { timeout: 20_000 }).toContain('step 3 of 60');
  await expect.poll(() => status.out(), { timeout: 20_000 }).toContain('Running');
  await until<Task>(kube.cluster, taskAt(namespace, 'waited'), 'to be created', () => true);
  await controlPlane.restartApiServer();
  expect(await logs.ended).toMatchObject({
    code: 0,
    out: `${LINES.join('\n')}\n`,
    err: expect.stringMatching(/^(warning: it is tried again: read logs of pods\/talks-pod in namespace \S+: .*\n)*$/),
  });
  expect(await status.ended).toMatchObject({ code: 0, out: expect.stringMatching(/Task \S+\/talks {2}Completed/) });
  expect(await run.ended).toMatchObject({ code: 0, err: expect.stringMatching(/\n\+\d+s {2}Completed\n$/) });
});
