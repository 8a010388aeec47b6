import { API_VERSION } from '#core/api/common.ts';
import type { Task } from '#core/api/task.ts';
import { realClock } from '#host/real-clock.ts';
import { failureText, isAbsent } from '../cluster/failure.ts';
import { type OpenCluster, withCluster } from '../cluster/open.ts';
import { namesOf, notFoundText } from '../cluster/read.ts';
import type { RunFlags } from '../commands/run.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { isDataForm } from '../output/flag.ts';
import { rendered } from '../output/render.ts';
import { taskTitle } from '../task-text.ts';
import { awaitTask } from './progress.ts';

/** Letters and digits that make no words and are not taken for each other, as Kubernetes' own generated names (apimachinery pkg/util/rand). */
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
/** A generated name that is taken is made anew this often. */
const MAX_TRIES = 5;
const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** `kubectl opencode run`: creates a Task, prints it, waits for it. */
export async function runRunCommand(words: readonly string[], flags: RunFlags, io: Io): Promise<ExitCode> {
  if (flags.agent === undefined && flags.template === undefined)
    throw new Error('run: expected who is to do it; name an Agent with --agent, or an AgentTemplate with --template');
  const { name, prompt } = await readWords(words, io);
  return withCluster(flags, io, async (open) => {
    if (flags.dryRun === true) {
      await print(taskOf(name ?? generatedName(), open.namespace, prompt, flags), flags, 'created (dry run)', io);
      return EXIT.ok;
    }
    await checkReference(open, flags);
    const task = await create(open, name, prompt, flags);
    if (flags.wait !== true) {
      await print(task, flags, 'created', io);
      return EXIT.ok;
    }
    // An object is printed once, as it ended.
    const isObject = isDataForm(flags.output);
    if (!isObject) await print(task, flags, 'created', io);
    const { final, code } = await awaitTask(open.cluster, task, io);
    if (isObject && final !== null) await print(final, flags, '', io);
    return code;
  });
}

async function readWords(words: readonly string[], io: Io): Promise<{ readonly name?: string; readonly prompt: string }> {
  const [first = '', second] = words;
  if (words.length > 2) throw new Error(`run: expected a name and a prompt, got ${words.length} words; put the prompt in quotes`);
  if (second === undefined && DNS_NAME.test(first))
    throw new Error(
      `run: expected a prompt; ${JSON.stringify(first)} reads as a name: put the prompt behind it, in quotes, or - for standard input`,
    );
  const given = second ?? first;
  const prompt = (given === '-' ? await io.stdin() : given).replace(/\n$/, '');
  if (prompt.trim() === '') throw new Error(`run: expected a prompt, ${given === '-' ? 'standard input is empty' : 'it is empty'}`);
  return second === undefined ? { prompt } : { name: first, prompt };
}

function taskOf(
  name: string,
  namespace: string,
  description: string,
  { agent, template, timeout, priority }: RunFlags,
): Task & { readonly kind: 'Task' } {
  return {
    apiVersion: API_VERSION,
    kind: 'Task',
    metadata: { name, namespace },
    spec: {
      ...(agent === undefined ? {} : { agentRef: { name: agent } }),
      ...(template === undefined ? {} : { templateRef: { name: template } }),
      ...(timeout === undefined ? {} : { timeout }),
      ...(priority === undefined ? {} : { priority }),
      description,
    },
  };
}

/** Whoever types a name wrong learns it now, and not from a Task that waits. Where Agents may not be read, the controller tells. */
async function checkReference({ cluster, namespace }: OpenCluster, { agent, template }: RunFlags): Promise<void> {
  const [kind, name] = agent === undefined ? (['AgentTemplate', template ?? ''] as const) : (['Agent', agent] as const);
  const result = await cluster.get({ kind, namespace, name });
  if (!result.ok && isAbsent(result.error))
    throw new Error(`run: ${notFoundText(kind, namespace, name, await namesOf(cluster, kind, namespace))}`);
}

async function create({ cluster, namespace }: OpenCluster, name: string | undefined, prompt: string, flags: RunFlags): Promise<Task> {
  for (let tried = 1; ; tried += 1) {
    const task = taskOf(name ?? generatedName(), namespace, prompt, flags);
    const result = await cluster.create(task);
    if (result.ok) return result.value as Task;
    const isTaken = result.error.type === 'Refused' && result.error.reason === 'AlreadyExists';
    if (isTaken && name === undefined && tried < MAX_TRIES) continue;
    const hint = isTaken ? '; choose another name, or give none' : '';
    throw new Error(`${failureText({ verb: 'create', kind: 'Task', namespace, name: task.metadata.name }, result.error, cluster)}${hint}`);
  }
}

function generatedName(): string {
  const letters = Array.from({ length: SUFFIX_LENGTH }, () => LETTERS.charAt(Math.floor(realClock.random() * LETTERS.length)));
  return `task-${letters.join('')}`;
}

async function print(task: Task, { output }: RunFlags, verb: string, io: Io): Promise<void> {
  if (isDataForm(output)) io.out(await rendered(task, output));
  else io.out(`${taskTitle(task)}${output === 'name' ? '' : ` ${verb}`}\n`);
}
