import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { realClock } from '#host/real-clock.ts';
import { type Ends, endLine, identityOf, patchFailure } from '../asked.ts';
import { checkChoice, selectorsOf } from '../choose.ts';
import { waitForEnds } from '../cluster/end.ts';
import { type ReachedCluster, withCluster } from '../cluster/open.ts';
import { chooseTasks } from '../cluster/read.ts';
import type { RetryFlags } from '../commands/retry.ts';
import type { RetryReport } from '../contract/asked.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { createKubectl, type KubectlTarget } from '../kubectl.ts';
import { isDataForm } from '../output/flag.ts';
import { rendered } from '../output/render.ts';
import { awaitTask, exitCodeOf } from '../run/progress.ts';
import { endState } from '../task-end.ts';
import { taskTitle } from '../task-text.ts';
import { type Asking, askingFor, isRetriedByAll } from './next-attempt.ts';

/** What became of one Task. */
type Retried =
  | { readonly type: 'Asked'; readonly task: Task; readonly attempt: number }
  | { readonly type: 'Unchanged'; readonly task: Task; readonly attempt: number; readonly why: string }
  | { readonly type: 'Failed'; readonly task: Task; readonly message: string };

type Wanted = Exclude<Retried, { type: 'Failed' }>;

/** `kubectl opencode retry`: annotates, prints, waits. */
export async function runRetryCommand(names: readonly string[], flags: RetryFlags, io: Io): Promise<ExitCode> {
  checkChoice('retry', names, flags);
  return withCluster(flags, io, async (open) => {
    const found = await chooseTasks(open, names, selectorsOf(flags), isRetriedByAll);
    for (const text of found.missing) io.err(`error: ${text}\n`);
    if (found.tasks.length === 0 && found.missing.length === 0) {
      io.err(`No Task to retry in ${open.namespace} namespace.\n`);
      return EXIT.ok;
    }
    const results = await Promise.all(found.tasks.map((task) => retry(open.cluster, task, flags)));
    const wanted = results.flatMap((result) => (result.type === 'Failed' ? [] : [result]));
    const isAlone = results.length === 1 && flags.wait !== true;
    for (const result of results) tell(result, isAlone, { namespace: open.namespace, access: open.cluster.access }, flags, io);
    const isClean = found.missing.length === 0 && wanted.length === results.length;
    const waits = flags.wait === true && flags.dryRun !== true && wanted.length > 0;
    const ends: Ends = new Map();
    const code = waits ? await wait(open.cluster, wanted, ends, flags, io) : EXIT.ok;
    if (isDataForm(flags.output)) io.out(await rendered(reportOf(results, ends, flags), flags.output));
    return isClean || code !== EXIT.ok ? code : EXIT.error;
  });
}

async function retry(cluster: ReachedCluster, task: Task, { dryRun }: RetryFlags): Promise<Retried> {
  const { namespace = '', name, uid, annotations } = task.metadata;
  const asking = askingFor(task);
  switch (asking.type) {
    case 'Refused':
      return { type: 'Failed', task, message: `retry task ${name}: ${asking.why}${insteadText(asking, namespace, cluster)}` };
    case 'Asked':
      return { type: 'Unchanged', task, attempt: asking.attempt, why: asking.why };
    case 'Ask': {
      const { attempt } = asking;
      if (dryRun === true) return { type: 'Asked', task, attempt };
      // A stop that somebody asks for from now on is not taken back: the controller refuses the attempt then.
      const stop = annotations?.[ANNOTATIONS.stop] === undefined ? {} : { [ANNOTATIONS.stop]: null };
      const patch = { metadata: { uid, annotations: { [ANNOTATIONS.retry]: String(attempt), ...stop } } };
      const result = await cluster.patch({ kind: 'Task', namespace, name }, patch, { patchType: 'merge' });
      return result.ok
        ? { type: 'Asked', task: result.value as Task, attempt }
        : { type: 'Failed', task, message: patchFailure('retry', task, result.error, 'nothing was asked of that one', cluster) };
    }
  }
}

function insteadText({ instead }: Extract<Asking, { type: 'Refused' }>, namespace: string, { access }: ReachedCluster): string {
  return instead === undefined ? '' : `: ${createKubectl({ namespace, access }).opencode(...instead)}`;
}

function tell(result: Retried, isAlone: boolean, target: KubectlTarget, flags: RetryFlags, io: Io): void {
  const { dryRun, output } = flags;
  if (result.type === 'Failed') {
    io.err(`error: ${result.message}\n`);
    return;
  }
  const { task, attempt } = result;
  if (isDataForm(output)) return;
  if (output === 'name') {
    io.out(`${taskTitle(task)}\n`);
    return;
  }
  const watch = isAlone && dryRun !== true ? `; watch it: ${createKubectl(target).opencode('status', task.metadata.name, '-w')}` : '';
  const said =
    result.type === 'Unchanged' ? `unchanged: ${result.why}` : `attempt ${attempt} asked for${dryRun === true ? ' (dry run)' : ''}`;
  io.out(`${taskTitle(task)} ${said}${watch}\n`);
}

function reportOf(results: readonly Retried[], ends: Ends, { dryRun }: RetryFlags): RetryReport {
  return {
    formatVersion: 1,
    tasks: results.map((result) => {
      const { uid } = result.task.metadata;
      return {
        ...identityOf(result.task),
        result: result.type === 'Asked' && dryRun === true ? 'WouldAsk' : result.type,
        ...(result.type === 'Failed' ? { message: result.message } : { attempt: result.attempt }),
        ...(result.type === 'Unchanged' ? { message: result.why } : {}),
        ...(ends.has(uid) ? endState(ends.get(uid)) : {}),
      };
    }),
  };
}

/** Of one Task as `run --wait` does; of several each end on a line. */
async function wait(cluster: ReachedCluster, wanted: readonly Wanted[], ends: Ends, flags: RetryFlags, io: Io): Promise<ExitCode> {
  const [only] = wanted;
  if (only !== undefined && wanted.length === 1) {
    const before = `attempt ${only.attempt} was asked for: waits for the controller`;
    const { final, code } = await awaitTask(cluster, only.task, io, { hasEnded: (task) => hasHad(task, only.attempt), before });
    ends.set(only.task.metadata.uid, final);
    return code;
  }
  const attempts = new Map(wanted.map(({ task, attempt }) => [task.metadata.uid, attempt]));
  const codes: ExitCode[] = [];
  await waitForEnds({
    cluster,
    clock: realClock,
    tasks: wanted.map(({ task }) => task),
    hasEnded: (task) => hasHad(task, attempts.get(task.metadata.uid) ?? 1),
    onTrouble: (text) => io.err(`warning: ${text}\n`),
    onEnd: (task, final) => {
      codes.push(exitCodeOf(final));
      ends.set(task.metadata.uid, final);
      if (flags.output === undefined) io.out(endLine(task, final));
    },
  });
  return codes.every((code) => code === EXIT.ok) ? EXIT.ok : EXIT.error;
}

/** Whether a Task has ended with that attempt, or will not begin it because somebody wants it stopped. */
function hasHad(task: Task, attempt: number): boolean {
  const isStopped = task.metadata.annotations?.[ANNOTATIONS.stop] === 'true';
  return isFinished(task) && (isStopped || (task.status?.attempts?.at(-1)?.number ?? 0) >= attempt);
}
