import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { LABELS } from '#core/contract/names.ts';
import type { Store } from '#host/cluster/store.ts';
import { realClock } from '#host/real-clock.ts';
import { waitForEnds } from '../cluster/end.ts';
import type { ReachedCluster } from '../cluster/open.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { createKubectl } from '../kubectl.ts';
import { goDuration } from '../plan/go-duration.ts';
import { containerText, podState, podText } from '../status/pods.ts';
import { outcomeText, taskTitle } from '../task-text.ts';

export interface Awaited {
  /** null: somebody deleted it. */
  readonly final: Task | null;
  readonly code: ExitCode;
}

export interface AwaitOptions {
  /** Whether the Task has ended, as far as the wait is about it. Default: it is finished. */
  hasEnded?(task: Task): boolean;
  /** What is said of a finished Task whose next attempt is waited for. */
  readonly before?: string;
}

/** Waits for the end of a Task and tells on stderr what happens to it meanwhile, each thing once. */
export async function awaitTask(
  cluster: ReachedCluster,
  task: Task,
  io: Io,
  { hasEnded = isFinished, before = '' }: AwaitOptions = {},
): Promise<Awaited> {
  const { uid = '', namespace = '', name } = task.metadata;
  const kubectl = createKubectl({ namespace, access: cluster.access });
  const beganMs = realClock.monotonic();
  let said = '';
  let final: Task | null = null;
  const say = (text: string): void => {
    if (text === said) return;
    said = text;
    io.err(`+${goDuration(Math.round((realClock.monotonic() - beganMs) / 1_000) * 1_000)}  ${text}\n`);
  };
  const takeBack = io.onInterrupt(() => `\n${taskTitle(task)} goes on; to end it: ${kubectl.opencode('stop', name)}\n`);
  try {
    await waitForEnds({
      cluster,
      clock: realClock,
      tasks: [task],
      hasEnded,
      more: [{ kind: 'Pod', namespace, labelSelector: `${LABELS.taskUid}=${uid}` }],
      onTrouble: (text) => io.err(`warning: ${text}\n`),
      onChange: (store) => {
        const now = store.byUid('Task', uid) as Task | undefined;
        if (now !== undefined) say(isFinished(now) && !hasEnded(now) ? before : progressText(now, podOf(store, now)));
      },
      onEnd: (_task, last) => {
        final = last;
      },
    });
  } finally {
    takeBack();
  }
  if (final === null) say('the Task was deleted');
  return { final, code: exitCodeOf(final) };
}

/** Where a Task is: what holds it up, or how far its Pod is, or how it ended. */
export function progressText(task: Task, pod: Pod | undefined): string {
  if (isFinished(task)) return outcomeText(task);
  const { phase, message } = task.status ?? {};
  if (phase === undefined) return 'waits for the controller';
  if (pod === undefined || phase !== 'Running') return `${phase}${message === undefined ? '' : `: ${message}`}`;
  const state = podState(pod);
  // Of a Pod that does not run yet: what it waits for.
  const waiting = state.containers.find((container) => container.state === 'waiting' && container.reason !== undefined);
  const why = state.phase === 'Pending' && waiting !== undefined ? `; ${waiting.name} ${containerText(waiting)}` : '';
  return `${phase}: pod ${state.name} ${podText(state)}${why}`;
}

/** 0 for a Task that did its work; else what the agent's container exited with, or 1 where that says nothing. */
export function exitCodeOf(task: Task | null): ExitCode {
  if (task?.status?.phase === 'Completed' && task.status.cause === undefined) return EXIT.ok;
  return task?.status?.attempts?.at(-1)?.exitCode || EXIT.error;
}

function podOf(store: Store, { metadata, status }: Task): Pod | undefined {
  const pods = store.labelledFor('Pod', metadata.uid ?? '') as readonly Pod[];
  // Of the attempt that runs: those before may have left theirs.
  return status?.podName === undefined ? pods.at(-1) : pods.find((pod) => pod.metadata.name === status.podName);
}
