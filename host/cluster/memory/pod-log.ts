import type { Pod } from '#core/api/kubernetes.ts';
import type { Result } from '../cluster.ts';
import { badRequest } from './errors.ts';
import type { WrittenLog } from './log-stream.ts';
import { type ContainerRun, isRunning, type PodRun } from './pod-run.ts';
import { containerId } from './pod-status.ts';

/** Answer to a request for a container's log, with a real kubelet's refusals. Once a deleted Pod's containers have ended, its logs are gone, though a finalizer may still hold it. */
export function podLog(pod: Pod, run: PodRun | undefined, container: string): Result<string> {
  const { metadata, spec } = pod;
  const names = [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);
  if (!names.includes(container)) return { ok: false, error: badRequest(`container ${container} is not valid for pod ${metadata.name}`) };
  const found = run?.containers.find(({ name }) => name === container);
  // A Pod without node has no log, and nobody to say so.
  if (run === undefined || found === undefined) return { ok: true, value: '' };
  if (found.state.type === 'Waiting') {
    const text = `container "${container}" in pod "${metadata.name}" is waiting to start: ${found.state.reason}`;
    return { ok: false, error: badRequest(text) };
  }
  if (metadata.deletionTimestamp !== undefined && !run.containers.some(isRunning)) {
    // The kubelet says this with status 200.
    return { ok: true, value: `unable to retrieve container logs for ${containerId(pod, container)}` };
  }
  return { ok: true, value: textOf(found) };
}

/** What there is for a reader that has the log open: the file is there for it until its end, whatever became of the Pod. */
export function writtenLog(run: PodRun | undefined, container: string): WrittenLog | undefined {
  const found = run?.containers.find(({ name }) => name === container);
  return found === undefined ? undefined : { text: textOf(found), isOver: found.state.type !== 'Running' };
}

function textOf({ name, state }: ContainerRun): string {
  const lines = [`${name}: started`];
  if (state.type === 'Terminated') lines.push(state.exitCode === 0 ? `${name}: done` : `${name}: ended with exit code ${state.exitCode}`);
  return `${lines.join('\n')}\n`;
}
