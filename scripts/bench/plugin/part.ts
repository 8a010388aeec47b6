import { statSync } from 'node:fs';
import { DIST, ROOT } from '../../build/paths.ts';
import { callsOf, countCalls } from '../cluster/audit.ts';
import { type BenchCluster, startBenchCluster } from '../cluster/bench-cluster.ts';
import { seedTasks } from '../cluster/etcd.ts';
import { task, tasksOf, template } from '../cluster/objects.ts';
import { median, shown } from '../numbers.ts';
import type { BenchContext } from '../parts.ts';
import { copyOf, live } from '../scale/lives.ts';
import { ranMs } from './run.ts';

const NAMESPACE = 'plugin';
const PROGRAM = `${DIST}bin/kubectl-opencode`;
const MANIFEST = `${ROOT}host/manifests/examples/task.yaml`;
const TIMES = { quick: 7, whole: 25 };
const TASKS = 10_000;
const UNPLANNED = 1;
/** Of the design, from a cold start. */
const MOST_MS = { help: 80, planFile: 300 };

/** Each command in a process of its own, by turns with a Node that does nothing: what is above it is ours. */
export async function measurePlugin({ isQuick, report, add }: BenchContext): Promise<void> {
  const times = isQuick ? TIMES.quick : TIMES.whole;
  report('without a cluster');
  await addCommand('--help', ['--help'], times, add, { atMost: MOST_MS.help });
  await addCommand('plan -f FILE', ['plan', '-f', MANIFEST], times, add, { atMost: MOST_MS.planFile });
  report(`a cluster with ${shown(TASKS)} Tasks`);
  const cluster = await startBenchCluster(report);
  try {
    await cluster.createNamespace(NAMESPACE);
    const { api, kubeconfig } = cluster.controlPlane;
    await api.expect('POST', tasksOf(NAMESPACE).replace(/tasks$/, 'agenttemplates'), template('never'));
    const finished = await live('finished', NAMESPACE);
    await seedTasks(cluster.controlPlane, NAMESPACE, TASKS - UNPLANNED, (index) => copyOf(finished, index).task);
    await api.expect('POST', tasksOf(NAMESPACE), task(0, 'templateRef'));
    const where = ['-n', NAMESPACE, '--kubeconfig', kubeconfig];
    const onCluster = (says: string, args: readonly string[], atMost?: number): Promise<void> =>
      addOnCluster(cluster, says, [...args, ...where], isQuick ? 3 : 7, add, atMost);
    await onCluster('plan TASK', ['plan', 'x-00000'], 0);
    await onCluster('plan --all', ['plan', '--all']);
    await onCluster('status TASK', ['status', 'x-00000'], 0);
    await onCluster('status', ['status']);
  } finally {
    await cluster.stop();
  }
}

async function addCommand(
  says: string,
  args: readonly string[],
  times: number,
  add: BenchContext['add'],
  goal?: { readonly atMost: number },
): Promise<void> {
  const [ours, bare]: [number[], number[]] = [[], []];
  for (let i = 0; i < times; i++) {
    bare.push(await ranMs(process.execPath, ['-e', '0']));
    ours.push(await ranMs(process.execPath, [PROGRAM, ...args]));
  }
  add({
    what: says,
    unit: 'ms',
    ours: median(ours),
    rival: { name: 'node -e 0', value: median(bare) },
    ...(goal === undefined ? {} : { goal }),
  });
}

/** `atMost`: pages of the list of Tasks that it may read. */
async function addOnCluster(
  { controlPlane }: BenchCluster,
  says: string,
  args: readonly string[],
  times: number,
  add: BenchContext['add'],
  atMost?: number,
): Promise<void> {
  const fromByte = statSync(controlPlane.auditLog).size;
  await addCommand(`${says}, ${shown(TASKS)} Tasks`, args, times, add);
  const { reads, calls } = callsOf(
    await countCalls(controlPlane.auditLog, fromByte, statSync(controlPlane.auditLog).size),
    /^kubectl-opencode/,
  );
  const pages = (calls.get('list tasks') ?? 0) / times;
  add(
    { what: `${says}, ${shown(TASKS)} Tasks: calls`, unit: '', ours: reads / times },
    {
      what: `${says}, ${shown(TASKS)} Tasks: of them pages of Tasks`,
      unit: '',
      ours: pages,
      ...(atMost === undefined ? {} : { goal: { atMost } }),
    },
  );
}
