import type { ContainerStatus, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { goDuration } from '../plan/go-duration.ts';
import type { WhyPod, WhySince } from './model.ts';

/** Since when a Task is where it is, by what says so: its Pod where that has not started, its conditions, its times. */
export function sinceOf({ status, metadata }: Task, pod: Pod | undefined, nowMs: number): WhySince | undefined {
  const conditions = status?.conditions ?? [];
  const holds = (type: string, wanted: string) => conditions.find((condition) => condition.type === type && condition.status === wanted);
  const unscheduled = pod?.status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  const condition =
    holds('Finished', 'True') ?? (pod === undefined ? (holds('Queued', 'True') ?? holds('Ready', 'False')) : holds('Stopping', 'True'));
  if (condition !== undefined)
    return since(condition.lastTransitionTime, `${condition.type}=${condition.status}/${condition.reason}`, nowMs);
  if (unscheduled?.lastTransitionTime !== undefined)
    return since(unscheduled.lastTransitionTime, `pod condition PodScheduled=False/${unscheduled.reason ?? ''}`, nowMs);
  const [by, at] = status?.startTime === undefined ? ['creationTimestamp', metadata.creationTimestamp] : ['startTime', status.startTime];
  return at === undefined ? undefined : since(at, by, nowMs);
}

function since(at: string, by: string, nowMs: number): WhySince | undefined {
  const atMs = Date.parse(at);
  return Number.isNaN(atMs) ? undefined : { at, ago: wholeSeconds(nowMs - atMs), by };
}

/** A length of time for people: no parts of a second, and never below 0. */
export function wholeSeconds(ms: number): string {
  return goDuration(Math.max(0, Math.round(ms / 1_000)) * 1_000);
}

/** A Pod in the words of its own status. */
export function podFacts({ metadata, spec, status }: Pod): WhyPod {
  // The others only repeat what the containers say.
  const conditions = (status?.conditions ?? []).flatMap(({ type, status: is, reason = '', message = '' }) =>
    (type === 'PodScheduled' && is === 'False') || (type === 'DisruptionTarget' && is === 'True')
      ? [`${type}=${is}/${reason}: ${message}`]
      : [],
  );
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(waits);
  const told = status?.reason === undefined ? [] : [`${status.reason}${status.message === undefined ? '' : `: ${status.message}`}`];
  return {
    name: metadata.name,
    phase: status?.phase ?? 'Pending',
    ...(spec.nodeName === undefined || spec.nodeName === '' ? {} : { node: spec.nodeName }),
    ...(metadata.deletionTimestamp === undefined ? {} : { deletionTimestamp: metadata.deletionTimestamp }),
    troubles: [...told, ...conditions, ...containers],
  };
}

function waits({ name, state }: ContainerStatus): readonly string[] {
  const { reason, message } = state?.waiting ?? {};
  return reason === undefined ? [] : [`container ${name} waits: ${reason}${message === undefined ? '' : `: ${message}`}`];
}
