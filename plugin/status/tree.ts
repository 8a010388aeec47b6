import type { AttemptState, BlockedState, ContainerState, QueueState, StatusReport, TaskState } from '../contract/status.ts';
import type { Paint } from '../io.ts';
import { createKubectl } from '../kubectl.ts';
import { goDuration } from '../plan/go-duration.ts';
import { LEAST_WIDTH, widthOf, wrapped } from '../plan/lay-out.ts';
import { budgetsText } from '../retries.ts';
import { containerText, podText } from './pods.ts';
import { phaseStyle } from './style.ts';

interface Branch {
  readonly text: string;
  readonly below?: readonly Branch[];
}

/** Columns that a branch stands to the right of what it hangs from. */
const STEP = 3;
/** Names beyond this many are counted. */
const MOST_NAMES = 5;
const TIME_WORDS: Readonly<Record<string, string>> = {
  queued: 'queued',
  podCreated: 'pod created',
  scheduled: 'scheduled',
  running: 'running',
  finished: 'finished',
};

export interface TreeOptions {
  readonly paint: Paint;
  /** Lines are broken between words there; absent: nowhere. */
  readonly columns?: number | undefined;
  /** Flags with which kubectl comes to the same cluster. */
  readonly access?: readonly string[];
  /** Below a Task that waits or has failed, the command that says why. */
  readonly hasHints?: boolean;
}

/** Each Task with its attempts, their Pods and containers, for people. */
export function treeText({ tasks, at }: StatusReport, { columns, ...options }: TreeOptions): string {
  const view = { nowMs: Date.parse(at), ...options };
  return `${tasks.map((task) => [...branchLines(taskBranch(task, view), columns), ...hintLines(task, view)].join('\n')).join('\n\n')}\n`;
}

function hintLines({ namespace, name, phase, cause, blocked }: TaskState, { paint, access, hasHints }: TreeView): readonly string[] {
  const isFine = phase === 'Running' ? blocked === undefined : phase === 'Completed' && cause !== 'Timeout';
  return hasHints === true && !isFine ? [`${paint('dim', 'why:')} ${createKubectl({ namespace, access }).opencode('why', name)}`] : [];
}

interface TreeView extends Omit<TreeOptions, 'columns'> {
  readonly nowMs: number;
}

function branchLines({ text, below = [] }: Branch, width: number | undefined): readonly string[] {
  const narrower = width === undefined ? undefined : width - STEP;
  const lines = below.flatMap((branch, index) => {
    const isLast = index === below.length - 1;
    const [first = '', ...rest] = branchLines(branch, narrower);
    return [`${isLast ? '└─' : '├─'} ${first}`, ...rest.map((line) => `${isLast ? '  ' : '│ '} ${line}`)];
  });
  return [...ownLines(text, width, below.length > 0), ...lines];
}

/** A text that is too long goes on below its beginning, beside the way to what hangs from it. */
function ownLines(text: string, width: number | undefined, hasBranches: boolean): readonly string[] {
  if (width === undefined || widthOf(text) <= width) return [text];
  const [first = '', ...rest] = wrapped(text, Math.max(LEAST_WIDTH, width - STEP));
  return [first, ...rest.map((line) => `${hasBranches ? '│ ' : '  '} ${line}`)];
}

function taskBranch(task: TaskState, view: TreeView): Branch {
  const { nowMs, paint } = view;
  const { namespace, name, phase, cause, message, stopping, agent, template } = task;
  const why = `${cause === undefined ? '' : ` (${cause})`}${message === undefined ? '' : `: ${message}`}`;
  const stop = stopping === true ? `  ${paint('yellow', 'a stop was asked for')}` : '';
  const conditions = task.conditions.map(({ type, status, reason, message: says }) => ({
    text: `${type}=${status}  ${reason}${says === '' ? '' : `: ${says}`}`,
  }));
  return {
    text: `${paint('bold', `Task ${namespace}/${name}`)}  ${paint(phaseStyle(phase), phase)}${why}${stop}`,
    below: [
      { text: agent === undefined ? `AgentTemplate ${template ?? '?'}` : `Agent ${agent}` },
      ...(task.createdAt === undefined ? [] : [{ text: `Times  ${timesText(task, nowMs)}` }]),
      ...(task.queue === undefined ? [] : [{ text: `Queue  ${queueText(task.queue)}` }]),
      ...(task.blocked === undefined ? [] : [{ text: `Blocked  ${blockedText(task.blocked, nowMs)}` }]),
      ...(task.next === undefined ? [] : [{ text: `Next attempt  ${nextText(task.next, nowMs)}` }]),
      ...(task.retries === undefined ? [] : [{ text: `Retries  ${budgetsText(task.retries)}` }]),
      ...(conditions.length === 0 ? [] : [{ text: 'Conditions', below: conditions }]),
      ...task.attempts.map((attempt) => attemptBranch(task, attempt, view)),
    ],
  };
}

/** When it was created, and everything else counted from then. */
function timesText({ createdAt = '', times, phase }: TaskState, nowMs: number): string {
  const beganMs = Date.parse(createdAt);
  const known = Object.entries(TIME_WORDS).flatMap(([field, word]) => {
    const atMs = Date.parse(times[field] ?? '');
    return Number.isNaN(atMs) ? [] : [`${word} +${goDuration(Math.max(0, atMs - beganMs))}`];
  });
  const hasEnded = phase === 'Completed' || phase === 'Failed';
  const now = hasEnded || Number.isNaN(beganMs) ? [] : [`now +${goDuration(Math.floor((nowMs - beganMs) / 1_000) * 1_000)}`];
  return [`created ${createdAt}`, ...known, ...now].join(', ');
}

/** `2 of 3 for agent coder (1 place); ahead: a; running: b`. */
export function queueText({ agent, position, waiting, ahead, holders, slots, notBefore, closed }: QueueState): string {
  const places = slots === undefined ? '' : ` (${slots} ${slots === 1 ? 'place' : 'places'})`;
  return [
    `${position} of ${waiting} for agent ${agent}${places}`,
    ...(closed === true ? ['the agent starts nothing now'] : []),
    ...(notBefore === undefined ? [] : [`none before ${notBefore}`]),
    ...(ahead.length === 0 ? [] : [`ahead: ${namesText(ahead, position - 1)}`]),
    ...(holders.length === 0 ? [] : [`running: ${namesText(holders, holders.length)}`]),
  ].join('; ');
}

function namesText(names: readonly string[], total: number): string {
  const more = total - Math.min(names.length, MOST_NAMES);
  return `${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** `ImagePull for 10s, since 2026-01-01T00:00:00Z; given up after 2m`: what exactly is said by the Task and its Pod. */
function blockedText({ reason, since, givenUpAfter }: BlockedState, nowMs: number): string {
  const end = givenUpAfter === undefined ? '' : `; given up after ${givenUpAfter} (spec.pendingTimeouts)`;
  return `${reason} for ${seconds(nowMs - Date.parse(since))}, since ${since}${end}`;
}

function nextText({ attempt, dueAt }: NonNullable<TaskState['next']>, nowMs: number): string {
  if (dueAt === undefined) return `${attempt}, as soon as it can start`;
  const leftMs = Date.parse(dueAt) - nowMs;
  return leftMs > 0 ? `${attempt}, due in ${seconds(leftMs)}, at ${dueAt}` : `${attempt}, due since ${dueAt}`;
}

function attemptBranch({ namespace, name }: TaskState, attempt: AttemptState, { nowMs, paint, access }: TreeView): Branch {
  const { number, podName, pod, message, log } = attempt;
  const kubectl = createKubectl({ namespace, access });
  const detail = attemptDetail(attempt);
  const end = `${detail.length === 0 ? '' : `  ${detail.join(', ')}`}${message === undefined ? '' : `: ${message}`}`;
  const gone = podName === undefined ? [] : [{ text: `Pod ${podName}  ${paint('dim', 'not there')}` }];
  const there = pod === undefined ? gone : [podBranch(pod, nowMs)];
  return {
    text: `Attempt ${number}${end}`,
    below: [
      ...there,
      ...(log === undefined ? [] : [{ text: `Log  ${logText(log, kubectl.opencode('logs', name, '--attempt', String(number)))}` }]),
    ],
  };
}

/** Cause, exit code and signal, where and how long; where its Pod is there, that says the rest. */
function attemptDetail({ cause, exitCode, signal, node, pod, times }: AttemptState): readonly string[] {
  const ranMs = Date.parse(times?.finished ?? '') - Date.parse(times?.running ?? '');
  return [
    ...(cause === undefined ? [] : [cause]),
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(signal === undefined ? [] : [`signal ${signal}`]),
    ...(node === undefined || pod !== undefined ? [] : [`on ${node}`]),
    ...(Number.isNaN(ranMs) ? [] : [`ran ${seconds(ranMs)}`]),
  ];
}

function podBranch(pod: NonNullable<AttemptState['pod']>, nowMs: number): Branch {
  return {
    text: `Pod ${pod.name}  ${podText(pod)}`,
    below: pod.containers.map((container) => ({ text: `${containerTitle(container)}  ${stateText(container, nowMs)}` })),
  };
}

function logText({ missing, configMapName, bytes, truncated }: NonNullable<AttemptState['log']>, command: string): string {
  if (missing !== undefined) return `not kept: ${missing}`;
  if (configMapName === undefined) return 'it had written nothing';
  const extent = bytes === undefined ? 'its end' : `${truncated === true ? 'its last' : 'all its'} ${bytes} bytes`;
  return `${extent} kept in ConfigMap ${configMapName}: ${command}`;
}

function seconds(ms: number): string {
  return goDuration(Math.max(0, Math.floor(ms / 1_000)) * 1_000);
}

function containerTitle({ name, type }: ContainerState): string {
  return type === 'container' ? name : `${name} (${type})`;
}

function stateText(container: ContainerState, nowMs: number): string {
  const beganMs = Date.parse(container.startedAt ?? '');
  const endedMs = container.state === 'exited' ? Date.parse(container.finishedAt ?? '') : nowMs;
  const ran = Math.floor((endedMs - beganMs) / 1_000) * 1_000;
  if (Number.isNaN(ran) || container.state === 'waiting') return containerText(container);
  return `${containerText(container)}${container.state === 'exited' ? ' after' : ' for'} ${goDuration(Math.max(0, ran))}`;
}
