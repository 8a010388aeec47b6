import type { Attempt } from '#core/api/task.ts';
import type { WhyAdvice } from '../../contract/why-changes.ts';
import { durationMs } from '../../flags.ts';
import { goDuration } from '../../plan/go-duration.ts';
import type { Asker } from '../asker.ts';
import { withSpec } from '../changes/change.ts';
import { leadsTo } from '../course.ts';
import { type NextStart, podToCreate } from './next-start.ts';

/** Twice the time, in the Task itself, which goes before what its Agent or the cluster says. None where the Task has another timeout already. */
export async function timeoutDoubled(next: NextStart, { message }: Attempt, asker: Asker): Promise<readonly WhyAdvice[]> {
  const { task } = next.case.facts;
  // The core says in its message what the timeout was, wherever that came from.
  const ms = msIn(/timed out after (\S+)/.exec(message ?? '')?.[1]);
  if (task === null || ms === undefined) return [];
  const { timeout: own } = task.spec;
  if (own !== undefined && msIn(own) !== ms) return [];
  const timeout = goDuration(2 * ms);
  const after = await asker.settle(withSpec(next, task, { ...task.spec, timeout }));
  if (podToCreate(after) === undefined) return [];
  return [
    {
      cause: 'Timeout',
      advice: `spec.timeout is ${timeout} (now ${own ?? `${goDuration(ms)}, by default`})`,
      reach: 'Task',
      command: next.kubectl.patch('Task', task.metadata.name, { spec: { timeout } }),
      leadsTo: `${leadsTo(after)}, which may run so long`,
    },
  ];
}

/** undefined for what is no duration: a CRD of before let anything in. */
function msIn(text = ''): number | undefined {
  try {
    return durationMs(text);
  } catch {
    return undefined;
  }
}
