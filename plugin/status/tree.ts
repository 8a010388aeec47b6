import type { Paint } from '../io.ts';
import { goDuration } from '../plan/go-duration.ts';
import type { AttemptState, StatusReport, TaskState } from './model.ts';
import { type ContainerState, containerText, podText } from './pods.ts';
import type { QueueState } from './queue.ts';
import { phaseStyle } from './style.ts';

interface Branch {
  readonly text: string;
  readonly below?: readonly Branch[];
}

/** Names beyond this many are counted. */
const MOST_NAMES = 5;
const TIME_WORDS: Readonly<Record<string, string>> = {
  queued: 'queued',
  podCreated: 'pod created',
  scheduled: 'scheduled',
  running: 'running',
  finished: 'finished',
};

/** Each Task with its attempts, their Pods and containers, for people. */
export function treeText({ tasks, at }: StatusReport, paint: Paint): string {
  return `${tasks.map((task) => branchText(taskBranch(task, Date.parse(at), paint))).join('\n\n')}\n`;
}

function branchText({ text, below = [] }: Branch): string {
  const lines = below.flatMap((branch, index) => {
    const isLast = index === below.length - 1;
    const [first = '', ...rest] = branchText(branch).split('\n');
    return [`${isLast ? '└─' : '├─'} ${first}`, ...rest.map((line) => `${isLast ? '  ' : '│ '} ${line}`)];
  });
  return [text, ...lines].join('\n');
}

function taskBranch(task: TaskState, nowMs: number, paint: Paint): Branch {
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
      ...(conditions.length === 0 ? [] : [{ text: 'Conditions', below: conditions }]),
      ...task.attempts.map((attempt) => attemptBranch(attempt, nowMs, paint)),
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
    ...(ahead.length === 0 ? [] : [`ahead: ${namesText(ahead)}`]),
    ...(holders.length === 0 ? [] : [`running: ${namesText(holders)}`]),
  ].join('; ');
}

function namesText(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function attemptBranch({ number, podName, pod, cause, exitCode, message }: AttemptState, nowMs: number, paint: Paint): Branch {
  const detail = [...(cause === undefined ? [] : [cause]), ...(exitCode === undefined ? [] : [`exit code ${exitCode}`])];
  const end = `${detail.length === 0 ? '' : `  ${detail.join(', ')}`}${message === undefined ? '' : `: ${message}`}`;
  const gone = podName === undefined ? [] : [{ text: `Pod ${podName}  ${paint('dim', 'not there')}` }];
  return {
    text: `Attempt ${number}${end}`,
    below:
      pod === undefined
        ? gone
        : [
            {
              text: `Pod ${pod.name}  ${podText(pod)}`,
              below: pod.containers.map((container) => ({ text: `${containerTitle(container)}  ${stateText(container, nowMs)}` })),
            },
          ],
  };
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
