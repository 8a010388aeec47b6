import { styleText } from 'node:util';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { LABELS } from '#core/contract/names.ts';
import type { StoredObject } from '#host/cluster/memory/kinds.ts';
import type { World } from '#host/cluster/memory/world.ts';

type Style = Parameters<typeof styleText>[0];

/** Prints a line of the timeline: seconds since the beginning, whom it is about, what happened. */
export type Tell = (who: string, what: string, style?: Style) => void;

export interface TimelineOptions {
  readonly write: (text: string) => void;
  readonly isColored: boolean;
}

export function createTell({ clock }: World, { write, isColored }: TimelineOptions): Tell {
  const beginMs = clock.now();
  return (who, what, style) => {
    const seconds = ((clock.now() - beginMs) / 1_000).toFixed(1).padStart(7);
    const text = isColored && style !== undefined ? styleText(style, what, { validateStream: false }) : what;
    write(`${seconds}s  ${who.padEnd(14)}  ${text}\n`);
  };
}

/** Tells what becomes of every Task and Pod of a world, as it happens. */
export function followWorld({ server }: World, tell: Tell): void {
  server.store.listen('Task', ({ type, object, previous }) => {
    if (type !== 'DELETED') tellTask(object as StoredObject & Task, previous as (StoredObject & Task) | undefined, tell);
  });
  server.store.listen('Pod', ({ type, object, previous }) => {
    const pod = object as StoredObject & Pod;
    const who = taskOf(pod);
    if (type === 'DELETED') tell(who, `pod ${pod.metadata.name} is gone`, 'dim');
    else tellPod(pod, previous as (StoredObject & Pod) | undefined, (what) => tell(who, `pod ${pod.metadata.name} ${what}`, 'dim'));
  });
}

const PHASE_STYLES: Readonly<Record<string, Style>> = { Queued: 'yellow', Running: 'cyan', Completed: 'green', Failed: 'red' };

function tellTask(task: Task, previous: Task | undefined, tell: Tell): void {
  const { name } = task.metadata;
  const { phase } = task.status ?? {};
  if (phase !== undefined && phase !== previous?.status?.phase) {
    tell(name, `${phase}${why(task)}`, PHASE_STYLES[phase] ?? 'bold');
    return;
  }
  const message = waitMessage(task);
  if (message !== undefined && (previous === undefined || message !== waitMessage(previous))) tell(name, `waits: ${message}`, 'yellow');
}

/** What stands behind a phase: who stopped it, why it failed, what it waits for. */
function why(task: Task): string {
  const { phase, cause } = task.status ?? {};
  if (isStopped(task)) return ' (stopped)';
  const message = phase === 'Queued' ? waitMessage(task) : task.status?.message;
  return [cause === undefined ? '' : ` (${cause})`, message === undefined ? '' : `: ${message}`].join('');
}

function waitMessage(task: Task): string | undefined {
  const { phase, conditions = [] } = task.status ?? {};
  if (phase === 'Running' || phase === 'Completed' || phase === 'Failed') return undefined;
  return conditions.find(({ type, status }) => status === (type === 'Queued' ? 'True' : 'False'))?.message;
}

/** Whether a Task ended because a user stopped it. */
export function isStopped(task: Task): boolean {
  return (
    task.status?.conditions?.some(({ type, status, reason }) => type === 'Stopped' && status === 'True' && reason === 'UserStopped') ??
    false
  );
}

function tellPod(pod: Pod, previous: Pod | undefined, say: (what: string) => void): void {
  if (previous === undefined) say('is created');
  if (pod.spec.nodeName !== previous?.spec.nodeName) say(`is bound to ${pod.spec.nodeName}`);
  const started = runningInit(pod);
  if (started !== undefined && started !== (previous === undefined ? undefined : runningInit(previous)))
    say(`runs init container ${started}`);
  const { phase } = pod.status ?? {};
  if (phase !== previous?.status?.phase && phase !== 'Pending') say(phase === 'Running' ? 'runs' : `has ended: ${phase}${exitOf(pod)}`);
  const { deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined && previous?.metadata.deletionTimestamp === undefined) say('is being deleted');
  const seconds = pod.spec.activeDeadlineSeconds;
  if (seconds !== previous?.spec.activeDeadlineSeconds && previous !== undefined) say(`is to end: activeDeadlineSeconds ${seconds}`);
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
