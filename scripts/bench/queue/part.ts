import { startBenchCluster } from '../cluster/bench-cluster.ts';
import { type Contest, contest } from '../cluster/contest.ts';
import { agent, jobsOf, parallelJob, task, tasksOf } from '../cluster/objects.ts';
import { per, quantile, shown } from '../numbers.ts';
import type { BenchContext } from '../parts.ts';
import type { Row } from '../row.ts';
import { type Idleness, idleness } from './idle.ts';

const SLOTS = 50;
const QUICK = [200, 400];
const WHOLE = [1_000, 5_000];
/** The rival's one Job is not given the longest queue: it has none, and the figure would be the same. */
const RIVAL_COUNT_SHARE = { quick: 200, whole: 1_000 };
const TIMEOUT_MS = 20 * 60_000;
/** The design's: how long a place may stand empty while Tasks wait. */
const MOST_IDLE_MS = 200;

/** Tasks behind an Agent of 50 slots, each of 2 to 4 seconds, beside one Job of parallelism 50. */
export async function measureQueue({ isQuick, report, add }: BenchContext): Promise<void> {
  const rivalCount = isQuick ? RIVAL_COUNT_SHARE.quick : RIVAL_COUNT_SHARE.whole;
  report(`one Job of parallelism ${SLOTS} and ${rivalCount} completions`);
  const rival = await runJob(rivalCount, report);
  const contests: Contest[] = [];
  for (const count of isQuick ? QUICK : WHOLE) {
    report(`${count} Tasks behind ${SLOTS} slots`);
    const ours = await runTasks(count, report);
    add(...idleRows(`${shown(count)} Tasks, ${SLOTS} slots`, count, ours, { ...rival, count: rivalCount }));
    contests.push(ours);
  }
  const [short, long] = contests;
  if (short !== undefined && long !== undefined) add(...flatRows(short, long));
}

async function runTasks(count: number, report: BenchContext['report']): Promise<Contest> {
  const cluster = await startBenchCluster(report);
  try {
    const namespace = 'queue';
    await cluster.createNamespace(namespace);
    await cluster.controlPlane.api.expect('POST', tasksOf(namespace).replace(/tasks$/, 'agents'), agent('spread', SLOTS));
    const host = await cluster.startHost(namespace);
    const make = (index: number) => task(index, 'agentRef');
    const result = await contest(cluster, host, { namespace, collection: tasksOf(namespace), count, make, timeoutMs: TIMEOUT_MS });
    await host.stop();
    return result;
  } finally {
    await cluster.stop();
  }
}

async function runJob(completions: number, report: BenchContext['report']): Promise<Contest> {
  const cluster = await startBenchCluster(report);
  try {
    const namespace = 'queue';
    await cluster.createNamespace(namespace);
    const controller = await cluster.startJobController();
    const make = () => parallelJob(completions, SLOTS, 'spread');
    const result = await contest(cluster, controller, { namespace, collection: jobsOf(namespace), count: 1, make, timeoutMs: TIMEOUT_MS });
    await controller.stop();
    return result;
  } finally {
    await cluster.stop();
  }
}

function idleRows(says: string, count: number, ours: Contest, rival: Contest): readonly Row[] {
  const idleOf = ({ history }: Contest): Idleness => idleness(history.podStartsMs, history.podEndsMs, SLOTS);
  const [our, their] = [idleOf(ours), idleOf(rival)];
  const name = 'one Job';
  const gap = (q: number, what: string, goal?: Row['goal']): Row => ({
    what: `${says}: a free slot is empty, ${what}`,
    unit: 'ms',
    ours: quantile(our.gapsMs, q),
    rival: { name, value: quantile(their.gapsMs, q) },
    ...(goal === undefined ? {} : { goal }),
  });
  return [
    { what: `${says}: ended`, unit: '', ours: ours.history.finished, goal: { atLeast: count } },
    gap(0.5, 'p50'),
    gap(0.99, 'p99', { atMost: MOST_IDLE_MS }),
    gap(1, 'longest', { atMost: MOST_IDLE_MS }),
    {
      what: `${says}: empty slot time of all while Tasks wait`,
      unit: '%',
      ours: 100 * our.share,
      rival: { name, value: 100 * their.share },
    },
    {
      what: `${says}: ended a second`,
      unit: 'per second',
      ours: ours.history.finished / ours.seconds,
      rival: { name, value: rival.history.podEndsMs.length / rival.seconds },
    },
    {
      what: `${says}: writes for each, Events included`,
      unit: '',
      ours: per(ours.calls.writes, count),
      rival: { name, value: per(rival.calls.writes, rival.count) },
      goal: { atMost: 9 },
      note: 'a plain Task 7, one that queued a status and an Event more',
    },
    {
      what: `${says}: reads for each`,
      unit: '',
      ours: per(ours.calls.reads, count),
      rival: { name, value: per(rival.calls.reads, rival.count) },
    },
    {
      what: `${says}: answers 409`,
      unit: '',
      ours: ours.calls.conflicts,
      rival: { name, value: rival.calls.conflicts },
      goal: { atMost: 0 },
    },
  ];
}

/** What must not grow with the length of the queue. */
function flatRows(short: Contest, long: Contest): readonly Row[] {
  const row = (what: string, read: (contest: Contest) => number): Row => ({
    what: `${what} for each with ${shown(long.count)} in the queue`,
    unit: '',
    ours: per(read(long), long.count),
    rival: { name: `with ${shown(short.count)}`, value: per(read(short), short.count) },
    goal: { atMostTimesRival: 1.05 },
  });
  return [row('writes', ({ calls }) => calls.writes), row('reads', ({ calls }) => calls.reads)];
}
