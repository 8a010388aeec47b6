import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { LABELS } from '#core/contract/names.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { World } from '#host/cluster/memory/world.ts';
import type { Style } from '#plugin/io.ts';
import type { DemoScenario } from './scenario.ts';
import type { Tell } from './screen.ts';

/** Tells what becomes of every Task of a world, and of every Pod unless that is too much, as it happens. */
export function followWorld({ server }: World, tell: Tell, detail: DemoScenario['detail']): void {
  server.store.listen('Task', ({ type, object, previous }) => {
    if (type !== 'DELETED') tellTask(object as StoredObject & Task, previous as (StoredObject & Task) | undefined, tell);
  });
  if (detail === 'Tasks') return;
  server.store.listen('Pod', ({ type, object, previous }) => {
    const pod = object as StoredObject & Pod;
    const who = taskOf(pod);
    const say = (what: string): void => tell(who, `  pod ${what}`, 'dim');
    if (type === 'DELETED') say('is gone');
    else tellPod(pod, previous as (StoredObject & Pod) | undefined, say);
  });
}

/** How a Task stands, in one word. */
export type Standing = 'Waiting' | 'Queued' | 'Running' | 'Completed' | 'Failed' | 'Stopped';

const SIGNS: Readonly<Record<Standing, readonly [sign: string, style: Style]>> = {
  Waiting: ['○', 'yellow'],
  Queued: ['○', 'yellow'],
  Running: ['▶', 'cyan'],
  Completed: ['✔', 'green'],
  Failed: ['✖', 'red'],
  Stopped: ['■', 'yellow'],
};

export function standingOf(task: Task): Standing {
  const { phase } = task.status ?? {};
  if (phase === 'Completed') return isStopped(task) ? 'Stopped' : 'Completed';
  return phase === 'Queued' || phase === 'Running' || phase === 'Failed' ? phase : 'Waiting';
}

/** `▶ 3 running  ○ 12 queued  ✔ 5 completed`. */
export function standingText(tasks: readonly Task[]): string {
  return (Object.keys(SIGNS) as Standing[])
    .map((standing) => [standing, tasks.filter((task) => standingOf(task) === standing).length] as const)
    .flatMap(([standing, count]) => (count === 0 ? [] : [`${SIGNS[standing][0]} ${count} ${standing.toLowerCase()}`]))
    .join('  ');
}

/** Whether a Task ended because a user stopped it. */
export function isStopped(task: Task): boolean {
  return (
    task.status?.conditions?.some(({ type, status, reason }) => type === 'Stopped' && status === 'True' && reason === 'UserStopped') ??
    false
  );
}

function tellTask(task: Task, previous: Task | undefined, tell: Tell): void {
  const { name } = task.metadata;
  const { phase } = task.status ?? {};
  const [sign, style] = SIGNS[standingOf(task)];
  if (phase !== undefined && phase !== previous?.status?.phase) {
    tell(name, `${sign} ${phase}${why(task)}`, style);
    return;
  }
  const message = waitMessage(task);
  if (message !== undefined && (previous === undefined || message !== waitMessage(previous)))
    tell(name, `${sign} waits: ${message}`, style);
}

/** What stands behind a phase: who stopped it, why it failed, what it waits for. */
function why(task: Task): string {
  const { phase, cause } = task.status ?? {};
  if (isStopped(task)) return ' (stopped)';
  const message = phase === 'Queued' || phase === 'Pending' ? waitMessage(task) : task.status?.message;
  return [cause === undefined ? '' : ` (${cause})`, message === undefined ? '' : `: ${message}`].join('');
}

/** Of all other conditions it is False that says what is waited for. */
const WAITS_WHERE_TRUE: ReadonlySet<string> = new Set(['Queued', 'Retrying']);

function waitMessage(task: Task): string | undefined {
  const { phase, conditions = [] } = task.status ?? {};
  if (phase === 'Running' || phase === 'Completed' || phase === 'Failed') return undefined;
  return conditions.find(({ type, status }) => status === (WAITS_WHERE_TRUE.has(type) ? 'True' : 'False'))?.message;
}

function tellPod(pod: Pod, previous: Pod | undefined, say: (what: string) => void): void {
  if (previous === undefined) say(`${pod.metadata.name} is created`);
  if (pod.spec.nodeName !== previous?.spec.nodeName) say(`is bound to ${pod.spec.nodeName}`);
  const started = runningInit(pod);
  if (started !== undefined && started !== (previous === undefined ? undefined : runningInit(previous)))
    say(`runs init container ${started}`);
  const disrupted = disruptionOf(pod);
  if (disrupted !== undefined && previous !== undefined && disruptionOf(previous) === undefined) say(`is a DisruptionTarget: ${disrupted}`);
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  if (deletionTimestamp !== undefined && previous?.metadata.deletionTimestamp === undefined) {
    say(`is being deleted, with ${deletionGracePeriodSeconds ?? 0} s of grace`);
  }
  const { phase } = pod.status ?? {};
  if (phase !== previous?.status?.phase && phase !== 'Pending') say(phase === 'Running' ? 'runs' : `has ended: ${phase}${exitOf(pod)}`);
  const seconds = pod.spec.activeDeadlineSeconds;
  if (seconds !== previous?.spec.activeDeadlineSeconds && previous !== undefined) say(`is to end: activeDeadlineSeconds ${seconds}`);
}

function disruptionOf({ status }: Pod): string | undefined {
  return status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason;
}

function runningInit(pod: Pod): string | undefined {
  return pod.status?.initContainerStatuses?.find(({ state }) => state?.running !== undefined)?.name;
}

function exitOf(pod: Pod): string {
  const ended = pod.status?.containerStatuses?.find(({ state }) => state?.terminated !== undefined)?.state?.terminated;
  return [pod.status?.reason, ended === undefined ? undefined : `exit code ${ended.exitCode}`]
    .flatMap((text) => (text === undefined ? [] : `, ${text}`))
    .join('');
}

function taskOf({ metadata }: KubernetesObject): string {
  return metadata.ownerReferences?.find(({ kind }) => kind === 'Task')?.name ?? metadata.labels?.[LABELS.task] ?? metadata.name;
}
