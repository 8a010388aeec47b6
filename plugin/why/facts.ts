import type { ContainerStatus, Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { timestamp } from '#host/clock.ts';
import { humanDuration } from '../age.ts';
import type { WhyPod, WhySince } from '../contract/why.ts';
import { goDuration } from '../plan/go-duration.ts';

/** A trouble that is longer loses its middle; the whole stands with the Pod. */
const MOST_TROUBLE = 160;
/** Two days. */
const LONG_MS = 48 * 3_600_000;

/** Since when a Task is where it is, by what says so: its deletion, its Pod where that has not started or goes, its conditions, its times. */
export function sinceOf({ status, metadata }: Task, pod: Pod | undefined, nowMs: number): WhySince | undefined {
  const conditions = status?.conditions ?? [];
  const holds = (type: string, wanted: string) => conditions.find((condition) => condition.type === type && condition.status === wanted);
  const unscheduled = pod?.status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  const isStarting = pod === undefined || status?.phase !== 'Running';
  const condition =
    holds('Finished', 'True') ??
    (isStarting
      ? (holds('Queued', 'True') ?? holds('Ready', 'False') ?? holds('Retrying', 'True'))
      : (holds('Stopping', 'True') ?? holds('PodDeleting', 'True') ?? holds('PodBlocked', 'True')));
  if (metadata.deletionTimestamp !== undefined) return since(metadata.deletionTimestamp, 'deletionTimestamp', nowMs);
  if (condition !== undefined)
    return since(condition.lastTransitionTime, `${condition.type}=${condition.status}/${condition.reason}`, nowMs);
  if (unscheduled?.lastTransitionTime !== undefined)
    return since(unscheduled.lastTransitionTime, `pod condition PodScheduled=False/${unscheduled.reason ?? ''}`, nowMs);
  const [by, at] = status?.startTime === undefined ? ['creationTimestamp', metadata.creationTimestamp] : ['startTime', status.startTime];
  return at === undefined ? undefined : since(at, by, nowMs);
}

export function since(at: string, by: string, nowMs: number): WhySince | undefined {
  const atMs = Date.parse(at);
  return Number.isNaN(atMs) ? undefined : { at, ago: wholeSeconds(nowMs - atMs), by };
}

/** RFC 3339 without parts of a second. */
export function moment(at: string): string {
  return at.replace(/\.\d+Z$/, 'Z');
}

/** A length of time for people: no parts of a second, and never below 0. */
export function wholeSeconds(ms: number): string {
  return goDuration(Math.max(0, Math.round(ms / 1_000)) * 1_000);
}

/** How long ago, for people: in days where it is long. */
export function agoText(at: string, now: string): string {
  const ms = Date.parse(now) - Date.parse(at);
  return `${ms < LONG_MS ? wholeSeconds(ms) : humanDuration(ms)} ago`;
}

/** What a kubelet or a registry says, for a line beside others: it repeats itself, and says what it is about at the end. */
export function shortened(text: string): string {
  return text.length > MOST_TROUBLE ? `${text.slice(0, MOST_TROUBLE / 2)} … ${text.slice(-MOST_TROUBLE / 2)}` : text;
}

/** A Pod in the words of its own status. */
export function podFacts(pod: Pod): WhyPod {
  const { metadata, spec, status } = pod;
  const deadlineMs = Date.parse(status?.startTime ?? '') + (spec.activeDeadlineSeconds ?? Number.NaN) * 1_000;
  return {
    name: metadata.name,
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
    phase: status?.phase ?? 'Pending',
    ...(spec.nodeName === undefined || spec.nodeName === '' ? {} : { node: spec.nodeName }),
    ...(metadata.deletionTimestamp === undefined ? {} : { deletionTimestamp: metadata.deletionTimestamp }),
    ...(Number.isNaN(deadlineMs) ? {} : { deadlineAt: timestamp(deadlineMs) }),
    troubles: troublesOf(pod),
    ended: containersOf(pod).flatMap(endedText),
  };
}

/** What of a Pod is not as it should be: its reason, conditions that say why, containers that wait. The other conditions only repeat what the containers say. */
export function troublesOf(pod: Pod): readonly string[] {
  const { status } = pod;
  const conditions = (status?.conditions ?? []).flatMap(({ type, status: is, reason = '', message = '' }) =>
    (type === 'PodScheduled' && is === 'False') || (type === 'DisruptionTarget' && is === 'True')
      ? [`${type}=${is}/${reason}: ${message}`]
      : [],
  );
  const told = status?.reason === undefined ? [] : [`${status.reason}${status.message === undefined ? '' : `: ${status.message}`}`];
  return [...told, ...conditions, ...containersOf(pod).flatMap(waitText)];
}

/** The containers that have ended or run, init containers first. */
export function containersOf({ status }: Pod): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function waitText({ name, state }: ContainerStatus): readonly string[] {
  const { reason, message } = state?.waiting ?? {};
  return reason === undefined ? [] : [`container ${name} waits: ${reason}${message === undefined ? '' : `: ${message}`}`];
}

function endedText({ name, state }: ContainerStatus): readonly string[] {
  const ended = state?.terminated;
  if (ended === undefined) return [];
  const { exitCode, signal, reason, startedAt, finishedAt } = ended;
  const by = [reason, signal === undefined || signal === 0 ? undefined : `signal ${signal}`].filter((word) => word !== undefined);
  const ranMs = Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '');
  const ran = Number.isNaN(ranMs) ? '' : ` after ${wholeSeconds(ranMs)}`;
  return [`container ${name} exited ${exitCode}${by.length === 0 ? '' : ` (${by.join(', ')})`}${ran}`];
}
