import type { Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { realClock } from '#host/real-clock.ts';
import { type Ends, endLine, identityOf, patchFailure } from '../asked.ts';
import { checkChoice, selectorsOf } from '../choose.ts';
import { waitForEnds } from '../cluster/end.ts';
import { type ReachedCluster, withCluster } from '../cluster/open.ts';
import { chooseTasks } from '../cluster/read.ts';
import type { StopFlags } from '../commands/stop.ts';
import type { StopReport } from '../contract/asked.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { isDataForm } from '../output/flag.ts';
import { rendered } from '../output/render.ts';
import { endState } from '../task-end.ts';
import { otherManager, outcomeText, taskTitle } from '../task-text.ts';

/** What became of one Task. */
type Stopped =
  | { readonly type: 'Stopped'; readonly task: Task }
  /** It has ended, or was stopped before. */
  | { readonly type: 'Unchanged'; readonly task: Task; readonly why: string }
  | { readonly type: 'Failed'; readonly task: Task; readonly message: string };

/** `kubectl opencode stop`: annotates, prints, waits. */
export async function runStopCommand(names: readonly string[], flags: StopFlags, io: Io): Promise<ExitCode> {
  checkChoice('stop', names, flags);
  return withCluster(flags, io, async (open) => {
    const found = await chooseTasks(open, names, selectorsOf(flags), (task) => !isFinished(task));
    for (const text of found.missing) io.err(`error: ${text}\n`);
    if (found.tasks.length === 0 && found.missing.length === 0) {
      io.err(`No Task to stop in ${open.namespace} namespace.\n`);
      return EXIT.ok;
    }
    const results = await Promise.all(found.tasks.map((task) => stop(open.cluster, task, flags)));
    for (const result of results) tell(result, flags, io);
    const isClean = found.missing.length === 0 && results.every(({ type }) => type !== 'Failed');
    const toWait = results.flatMap((result) => (result.type !== 'Failed' && !isFinished(result.task) ? [result.task] : []));
    const isAwaited = flags.wait === true && flags.dryRun !== true && toWait.length > 0;
    const ends: Ends = new Map();
    const hasEnded = !isAwaited || (await wait(open.cluster, toWait, ends, flags, io));
    if (isDataForm(flags.output)) io.out(await rendered(reportOf(results, ends, flags), flags.output));
    return isClean && hasEnded ? EXIT.ok : EXIT.error;
  });
}

async function stop(cluster: ReachedCluster, task: Task, { retain, dryRun }: StopFlags): Promise<Stopped> {
  if (isFinished(task)) return { type: 'Unchanged', task, why: `it has ended: ${outcomeText(task)}` };
  const isRetained = retain !== true || task.spec.stop?.mode === 'Retain';
  if (task.metadata.annotations?.[ANNOTATIONS.stop] === 'true' && isRetained)
    return { type: 'Unchanged', task, why: 'it was stopped before, and has not ended yet' };
  if (dryRun === true) return { type: 'Stopped', task };
  const { namespace = '', name, uid } = task.metadata;
  // Bound to the UID: another Task that took the name meanwhile is not stopped.
  const patch = {
    metadata: { uid, annotations: { [ANNOTATIONS.stop]: 'true' } },
    ...(retain === true ? { spec: { stop: { mode: 'Retain' } } } : {}),
  };
  const result = await cluster.patch({ kind: 'Task', namespace, name }, patch, { patchType: 'merge' });
  return result.ok
    ? { type: 'Stopped', task: result.value as Task }
    : { type: 'Failed', task, message: patchFailure('stop', task, result.error, 'that one was not stopped', cluster) };
}

function reportOf(results: readonly Stopped[], ends: Ends, { dryRun }: StopFlags): StopReport {
  return {
    formatVersion: 1,
    tasks: results.map((result) => {
      const { uid } = result.task.metadata;
      return {
        ...identityOf(result.task),
        result: result.type === 'Stopped' && dryRun === true ? 'WouldStop' : result.type,
        ...(result.type === 'Unchanged' ? { message: result.why } : {}),
        ...(result.type === 'Failed' ? { message: result.message } : {}),
        ...endState(ends.has(uid) ? ends.get(uid) : result.task),
      };
    }),
  };
}

/** Talks of one; what `-o` prints as data is printed once, for all. */
function tell(result: Stopped, { dryRun, output }: StopFlags, io: Io): void {
  const out = isDataForm(output) ? () => {} : io.out;
  switch (result.type) {
    case 'Stopped':
      out(`${taskTitle(result.task)}${output === 'name' ? '' : ` stopped${dryRun === true ? ' (dry run)' : ''}`}\n`);
      warnOfManager(result.task, io);
      break;
    case 'Unchanged':
      out(`${taskTitle(result.task)}${output === 'name' ? '' : ` unchanged: ${result.why}`}\n`);
      break;
    case 'Failed':
      io.err(`error: ${result.message}\n`);
      break;
  }
}

function warnOfManager(task: Task, io: Io): void {
  const manager = otherManager(task);
  if (manager !== undefined)
    io.err(`warning: task ${task.metadata.name} is managed by ${manager}, which may take the stop otherwise or not at all\n`);
}

async function wait(cluster: ReachedCluster, tasks: readonly Task[], ends: Ends, { timeout, output }: StopFlags, io: Io): Promise<boolean> {
  const waiting = new Set(tasks.map(({ metadata }) => metadata.name));
  const result = await waitForEnds({
    cluster,
    clock: realClock,
    tasks,
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    onTrouble: (text) => io.err(`warning: ${text}\n`),
    onEnd: (task, final) => {
      waiting.delete(task.metadata.name);
      ends.set(task.metadata.uid, final);
      if (output === undefined) io.out(endLine(task, final));
    },
  });
  if (result === 'TimedOut') io.err(`error: stop: the wait has timed out; not ended yet: ${[...waiting].join(', ')}\n`);
  return result === 'Ended';
}
