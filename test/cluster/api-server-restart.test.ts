import { afterAll, expect, it } from 'vitest';
import type { Task } from '#core/api/task.ts';
import { hosts } from './support/host.ts';
import { startInstalled } from './support/installed.ts';
import { openKube } from './support/kube.ts';
import { create, isFinished, isRunning, ok, task, template } from './support/objects.ts';
import { untilAll } from './support/watch.ts';

/** A control plane of its own, because others would suffer. */
const { info, controlPlane } = await startInstalled();
afterAll(() => controlPlane.stop());
const kube = await openKube(info);
const namespace = await kube.namespace();
const starter = hosts(info);

it('an API server that dies and comes back under a host at work: every Task ends well, with one Pod each', async () => {
  const host = await starter.start({ namespaces: [namespace] });
  const names = Array.from({ length: 20 }, (_, index) => `task-${index}`);
  await create(kube.cluster, template(namespace, 'plain', { 'run-for': '4s' }));
  for (const name of names) await create(kube.cluster, task(namespace, name, { templateRef: { name: 'plain' } }));
  const scope = { kind: 'Task', namespace } as const;
  await untilAll<Task>(kube.cluster, scope, 'to run in part', (tasks) => tasks.some(isRunning));
  await controlPlane.restartApiServer();
  const all = await untilAll<Task>(
    kube.cluster,
    scope,
    'to be finished',
    (tasks) => tasks.length === names.length && tasks.every(isFinished),
    90_000,
  );
  expect(all.filter(({ status }) => status?.phase !== 'Completed' || status.attemptCount !== 1)).toEqual([]);
  expect((await ok(kube.cluster.list({ kind: 'Pod', namespace }))).items).toHaveLength(names.length);
  expect(await host.kill('SIGTERM')).toBe('exit code 0');
});
