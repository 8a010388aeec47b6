import type { Contest } from '../cluster/contest.ts';
import { per, quantile } from '../numbers.ts';
import type { Goal, Row, Unit } from '../row.ts';

/** Own writes of a plain Task that succeeds: ConfigMap, Pod, status Running, status at the end, release of the Pod. */
const MOST_WRITES = 5;
const MOST_EVENTS = 2;

/** The figures of one load, Tasks beside Jobs. */
export function contestRows(load: { readonly says: string; readonly perSecond?: number }, ours: Contest, rival: Contest): readonly Row[] {
  const row = (what: string, unit: Unit, read: (contest: Contest) => number | null, goal?: Goal): Row => ({
    what: `${load.says}: ${what}`,
    unit,
    ours: read(ours),
    rival: { name: 'Jobs', value: read(rival) },
    ...(goal === undefined ? {} : { goal }),
  });
  const span = (q: number, from: 'sentMs' | 'podEndMs', to: 'podMs' | 'endMs') => (contest: Contest) =>
    quantile(contest.history.spans(from, to), q);
  const perOne = (read: (contest: Contest) => number | null) => (contest: Contest) => per(read(contest), contest.count);
  const isStream = load.perSecond !== undefined;
  return [
    row('ended', '', ({ history }) => history.finished, { atLeast: ours.count }),
    row('a second', 'per second', ({ history, seconds }) => history.finished / seconds, isStream ? undefined : { atLeastTimesRival: 1.5 }),
    row('creation to Pod, p50', 'ms', span(0.5, 'sentMs', 'podMs')),
    row('creation to Pod, p99', 'ms', span(0.99, 'sentMs', 'podMs')),
    row('Pod end to its end, p50', 'ms', span(0.5, 'podEndMs', 'endMs')),
    row('Pod end to its end, p99', 'ms', span(0.99, 'podEndMs', 'endMs')),
    row('longest wait in the work queue is below', 'ms', ({ longestQueueWaitMs }) => longestQueueWaitMs),
    row(
      'CPU of the controller for each',
      'ms',
      perOne(({ cpuSeconds }) => (cpuSeconds === null ? null : cpuSeconds * 1_000)),
      { atMostTimesRival: 1 },
    ),
    row(
      'CPU of the API server and all else for each',
      'ms',
      perOne(({ clusterCpuSeconds }) => (clusterCpuSeconds === null ? null : clusterCpuSeconds * 1_000)),
    ),
    row('peak memory of the controller', 'MiB', ({ peakMiB }) => peakMiB, { atMostTimesRival: 1 }),
    row(
      'writes for each, without Events',
      '',
      perOne(({ calls }) => calls.writes - calls.eventWrites),
      { atMost: MOST_WRITES },
    ),
    row(
      'Events for each',
      '',
      perOne(({ calls }) => calls.eventWrites),
      { atMost: MOST_EVENTS },
    ),
    row(
      'reads for each',
      '',
      perOne(({ calls }) => calls.reads),
    ),
    row('answers 409', '', ({ calls }) => calls.conflicts, { atMost: 0 }),
  ];
}
