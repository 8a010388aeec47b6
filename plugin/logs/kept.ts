import type { ConfigMap } from '#core/api/kubernetes.ts';
import type { Attempt, Task } from '#core/api/task.ts';
import { isFinished } from '#core/contract/ended.ts';
import { AGENT_CONTAINER } from '#core/contract/names.ts';
import type { Cluster } from '#host/cluster/cluster.ts';
import { failureText, isAbsent, type Reached } from '../cluster/failure.ts';
import { outcomeText } from '../task-text.ts';
import { type ChosenAttempt, latestOf } from './attempt.ts';

/** The end of a log that was kept when its Pod went. */
export interface KeptText {
  readonly text: string;
  /** Where it comes from, and how much of the log it is: for people, in one line. */
  readonly says: string;
}

type KeptLog = NonNullable<Attempt['log']>;

/** Reads what was kept of an attempt's log. Throws, in words, where that is nothing, or may not be read. */
export async function keptLog(
  cluster: Pick<Cluster, 'get'> & Reached,
  task: Task,
  attempt: ChosenAttempt,
  container: string | undefined,
): Promise<KeptText> {
  const { number, podName, kept } = attempt;
  const before = `read logs of task ${task.metadata.name}: pod ${podName} of attempt ${number} is not there any more`;
  const log = kept?.log;
  if (log === undefined) throw new Error(`${before}, and its logs went with it${endText(task, number)}`);
  if (log.missing !== undefined) throw new Error(`${before}, and the end of its log could not be kept: ${log.missing}`);
  const { configMapName } = log;
  if (configMapName === undefined) return { text: '', says: `attempt ${number}, pod ${podName}: it had written nothing when it went` };
  const found = await read(cluster, task, configMapName, before);
  const [name, text] = textIn(found, container, before);
  return { text, says: `attempt ${number}, pod ${podName}, container ${name}: ${extentText(log)}, kept in ConfigMap ${configMapName}` };
}

async function read(cluster: Pick<Cluster, 'get'> & Reached, { metadata }: Task, name: string, before: string): Promise<ConfigMap> {
  const address = { kind: 'ConfigMap', namespace: metadata.namespace ?? '', name } as const;
  const result = await cluster.get(address);
  if (!result.ok && isAbsent(result.error))
    throw new Error(`${before}, and ConfigMap ${name}, in which the end of its log was kept, is gone`);
  if (!result.ok)
    throw new Error(
      `${before}; the end of its log is kept in ConfigMap ${name}: ${failureText({ verb: 'get', ...address }, result.error, cluster)}`,
    );
  const owner = result.value.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner?.uid !== metadata.uid) throw new Error(`${before}, and ConfigMap ${name} is not this Task's: its log is gone`);
  return result.value as ConfigMap;
}

/** The log of one container is kept: the agent's, or that of the init container that the agent did not come past. */
function textIn(
  { metadata, data = {} }: ConfigMap,
  container: string | undefined,
  before: string,
): readonly [container: string, text: string] {
  const names = Object.keys(data);
  const name = container ?? (names.includes(AGENT_CONTAINER) ? AGENT_CONTAINER : names[0]);
  const text = name === undefined ? undefined : data[name];
  if (name !== undefined && text !== undefined) return [name, text];
  const has = names.length === 0 ? 'nothing' : `the log of container ${names.join(', ')} alone`;
  throw new Error(`${before}; ConfigMap ${metadata.name} keeps ${has}`);
}

function extentText({ bytes, truncated }: KeptLog): string {
  if (bytes === undefined) return 'the end of its log';
  return truncated === true ? `the last ${bytes} bytes of its log` : `its whole log of ${bytes} bytes`;
}

function endText(task: Task, number: number): string {
  return isFinished(task) && number === latestOf(task) ? `; the task ended: ${outcomeText(task)}` : '';
}

/** So many lines of the end; below 0: all, as in kubectl. */
export function lastLines(text: string, count: number | undefined): string {
  if (count === undefined || count < 0) return text;
  const lines = text.split(/(?<=\n)/);
  return count === 0 ? '' : lines.slice(-count).join('');
}
