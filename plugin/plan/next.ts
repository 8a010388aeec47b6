import type { PlanNext, PlanTime } from '../contract/plan.ts';
import { goDuration } from './go-duration.ts';
import { Lines } from './lines.ts';
import type { PlanRecord, PlanRun } from './record.ts';

/** The wait behind each record that is its Task's last of one moment, for the Tasks that are planned. One pass over the records. */
export function waitsOf(run: Pick<PlanRun, 'records' | 'tasks' | 'startsAt'>): ReadonlyMap<PlanRecord, PlanNext> {
  const planned = new Set(run.tasks.map(({ uid }) => uid));
  const beginMs = Date.parse(run.startsAt);
  const lines = new Lines();
  const waits = new Map<PlanRecord, PlanNext>();
  for (const moment of moments(run.records)) {
    const last = new Map(moment.map((record) => [record.subject.uid, record]));
    for (const record of last.values()) lines.place(record.subject, 'fault' in record.decided ? undefined : record.decided.queue);
    for (const [uid, record] of last) if (planned.has(uid)) waits.set(record, waitOf(record, lines, beginMs));
  }
  return waits;
}

function* moments(records: readonly PlanRecord[]): Generator<readonly PlanRecord[]> {
  for (let from = 0; from < records.length; ) {
    let to = from + 1;
    while (records[to]?.atMs === records[from]?.atMs) to += 1;
    yield records.slice(from, to);
    from = to;
  }
}

function waitOf({ subject, snapshot, decided }: PlanRecord, lines: Lines, beginMs: number): PlanNext {
  if ('fault' in decided) return { says: `the core failed: ${decided.fault}`, dependsOn: [] };
  const { queue, wakeAt, reasons, dependsOn } = decided;
  const timeOf = (time: string): PlanTime => ({ at: `+${goDuration(Math.max(0, Date.parse(time) - beginMs))}`, time });
  const place = lines.of(subject.uid);
  const until = earliest(wakeAt, queue?.state === 'Wants' ? queue.notBefore : undefined);
  const pod = snapshot.pods.find(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  return {
    says: reasons[0]?.says ?? 'nothing is to be done',
    ...(until === undefined ? {} : { until: timeOf(until) }),
    dependsOn: dependsOn.map(({ kind, namespace, name }) => ({ kind, namespace, name })),
    ...(pod === undefined ? {} : { pod: pod.metadata.name }),
    ...(place === undefined || queue?.state !== 'Wants'
      ? {}
      : {
          queue: {
            agent: snapshot.task?.spec.agentRef?.name ?? '',
            ...place,
            ...(queue.slots === undefined ? {} : { slots: queue.slots }),
            ...(queue.closed === undefined ? {} : { isClosed: queue.closed }),
            ...(queue.notBefore === undefined ? {} : { notBefore: timeOf(queue.notBefore) }),
          },
        }),
  };
}

function earliest(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(a) <= Date.parse(b) ? a : b;
}
