import { type BenchCluster, type Contestant, startBenchCluster } from '../cluster/bench-cluster.ts';
import { type Contest, contest } from '../cluster/contest.ts';
import { job, jobsOf, task, tasksOf, template } from '../cluster/objects.ts';
import { shown } from '../numbers.ts';
import type { BenchContext } from '../parts.ts';
import { contestRows } from './rows.ts';

/** What is asked of both: so many at once, or a stream. */
interface Load {
  readonly says: string;
  readonly count: number;
  readonly perSecond?: number;
}

const stream = (perSecond: number, seconds: number): Load => ({
  says: `${shown(perSecond)} a second for ${seconds} s`,
  count: perSecond * seconds,
  perSecond,
});
const burst = (count: number): Load => ({ says: `${shown(count)} at once`, count });

const QUICK = [burst(200), burst(500), stream(5, 20)];
const WHOLE = [burst(200), burst(1_000), burst(5_000), stream(10, 60)];

/** Far beyond what either needs; one that stands still is to be shown, not waited for. */
const TIMEOUT_MS = 15 * 60_000;
const NAMESPACES = { tasks: 'tasks', jobs: 'jobs' };

/** Tasks under our host beside Jobs under the Job controller: each load on a control plane of its own, both on the same, one after the other. */
export async function measureThroughput({ isQuick, report, add }: BenchContext): Promise<void> {
  for (const [index, load] of (isQuick ? QUICK : WHOLE).entries()) {
    const cluster = await startBenchCluster(report);
    try {
      // By turns, because the second meets a warm API server, and what the first has left there.
      const order = index % 2 === 0 ? [runTasks, runJobs] : [runJobs, runTasks];
      const results = new Map<string, Contest>();
      for (const run of order) {
        const { name, result } = await run(cluster, load);
        report(`${load.says}: ${name}: ${result.history.finished} of ${load.count} in ${shown(result.seconds)} s`);
        for (const [call, times] of result.calls.calls) report(`  ${shown(times / load.count)} ${call}`);
        results.set(name, result);
      }
      const [ours, rival] = [results.get('tasks'), results.get('jobs')];
      if (ours !== undefined && rival !== undefined) add(...contestRows(load, ours, rival));
    } finally {
      await cluster.stop();
    }
  }
}

interface Run {
  readonly name: string;
  readonly result: Contest;
}

async function runTasks(cluster: BenchCluster, load: Load): Promise<Run> {
  const { tasks } = NAMESPACES;
  await cluster.createNamespace(tasks);
  const { api } = cluster.controlPlane;
  await api.expect('POST', tasksOf(tasks).replace(/tasks$/, 'agenttemplates'), template('0s'));
  const host = await cluster.startHost(tasks);
  return {
    name: 'tasks',
    result: await over(cluster, host, {
      ...load,
      namespace: tasks,
      collection: tasksOf(tasks),
      make: (index) => task(index, 'templateRef'),
    }),
  };
}

async function runJobs(cluster: BenchCluster, load: Load): Promise<Run> {
  const { jobs } = NAMESPACES;
  await cluster.createNamespace(jobs);
  const controller = await cluster.startJobController();
  return {
    name: 'jobs',
    result: await over(cluster, controller, { ...load, namespace: jobs, collection: jobsOf(jobs), make: (index) => job(index, '0s') }),
  };
}

async function over(
  cluster: BenchCluster,
  controller: Contestant,
  load: Omit<Parameters<typeof contest>[2], 'timeoutMs'>,
): Promise<Contest> {
  try {
    return await contest(cluster, controller, { ...load, timeoutMs: TIMEOUT_MS });
  } finally {
    await controller.stop();
  }
}
