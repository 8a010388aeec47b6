import type { Pod } from '#core/api/kubernetes.ts';
import type { PendingTimeouts } from '#core/api/retry.ts';
import type { Task } from '#core/api/task.ts';
import { hasEnded } from '#core/contract/ended.ts';
import { goDuration } from '../../plan/go-duration.ts';
import { factOf } from '../course.ts';
import { type Change, fired, type Situation, withFacts, withSpec } from './change.ts';

const TIMEOUTS = { Unschedulable: 'unschedulable', ImagePull: 'imagePull', Configuration: 'configuration' } as const satisfies Record<
  string,
  keyof PendingTimeouts
>;

/** Twice as long as it may be kept from running in all. */
export function pendingTimeoutLonger(situation: Situation, task: Task): readonly Change[] {
  const { judged, case: base, kubectl } = situation;
  const untilMs = factOf(judged, 'task/pending-timeout-ahead', 'untilMs');
  const reason = task.status?.conditions?.find(({ type, status }) => type === 'PodBlocked' && status === 'True')?.reason;
  const field = Object.entries(TIMEOUTS).find(([name]) => name === reason)?.[1];
  const createdMs = Date.parse(base.facts.pods.find((pod) => !hasEnded(pod))?.metadata.creationTimestamp ?? '');
  if (typeof untilMs !== 'number' || field === undefined || Number.isNaN(createdMs)) return [];
  const longer = goDuration(Math.ceil(((untilMs - createdMs) * 2) / 60_000) * 60_000);
  const pendingTimeouts = { ...task.spec.pendingTimeouts, [field]: longer };
  return [
    {
      kind: 'Timeout',
      reach: 'Task',
      change: `spec.pendingTimeouts.${field} is ${longer}`,
      command: kubectl.patch('Task', task.metadata.name, { spec: { pendingTimeouts: { [field]: longer } } }),
      case: withSpec(situation, task, { ...task.spec, pendingTimeouts }),
    },
  ];
}

/** One retry more, of the budget that pays for how it has ended: of its cause, where that has one of its own, else of all. */
export function retryRaised(situation: Situation, task: Task): readonly Change[] {
  const { cause } = situation.judged;
  if (situation.judged.phase !== 'Failed' || cause === undefined) return [];
  const { retry = {} } = task.spec;
  const { retries = {} } = task.status ?? {};
  const own = Object.entries(retry.causes ?? {}).find(([name]) => name === cause)?.[1];
  const [field, now, spent] = own === undefined ? ['limit', retry.limit, retries.limit] : [`causes.${cause}`, own, retries.causes?.[cause]];
  const most = (spent ?? 0) + 1;
  const part = own === undefined ? { limit: most } : { causes: { [cause]: most } };
  return [
    {
      kind: 'Retry',
      reach: 'Task',
      change: `spec.retry.${field} is ${most} (now ${now ?? 'not set'})`,
      command: situation.kubectl.patch('Task', task.metadata.name, { spec: { retry: part } }),
      case: withSpec(situation, task, { ...task.spec, retry: { ...retry, ...part, causes: { ...retry.causes, ...part.causes } } }),
    },
  ];
}

/** The proof that the containers of an earlier attempt have ended. */
export function earlierPodEnds(situation: Situation): readonly Change[] {
  const { pods } = situation.case.facts;
  const alive = pods.find((pod) => !hasEnded(pod));
  if (alive === undefined || !fired(situation, 'task/earlier-pod-lives')) return [];
  const { kubectl } = situation;
  const { nodeName = '' } = alive.spec;
  const ended: Pod = { ...alive, status: { ...alive.status, phase: 'Failed' } };
  return [
    {
      kind: 'Pod',
      reach: 'Cluster',
      change: `pod ${alive.metadata.name} has ended: node ${nodeName} says so again, or it is deleted and its Pods with it`,
      look: kubectl.runWithoutNamespace('describe', 'node', nodeName),
      case: withFacts(situation, { pods: pods.map((pod) => (pod === alive ? ended : pod)) }),
    },
  ];
}
