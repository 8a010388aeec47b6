import type { Pod } from '#core/api/kubernetes.ts';
import type { LogOptions, Result } from '../cluster.ts';
import { badRequest, refused } from './errors.ts';
import type { WrittenLog } from './log-stream.ts';
import { type ContainerRun, isRunning, type PodRun, subjectOf } from './pod-run.ts';
import { containerId, HOST_IP } from './pod-status.ts';

/** Who asks a kubelet for a log, and what it knows. */
export interface LogRequest {
  readonly pod: Pod;
  /** Undefined: no kubelet has the Pod. */
  readonly run: PodRun | undefined;
  readonly options: LogOptions;
  readonly nowMs: number;
  /** Whether the API server does not reach the node. */
  readonly isCutOff: boolean;
}

/**
 * Answer to a request for a container's log, with a real kubelet's words. It can be read while the container runs and after it ended, for as long as the Pod is
 * there; but once the containers of a deleted or evicted Pod have ended, the kubelet removes them, and their logs, though a finalizer may still hold the Pod.
 * Source: kubernetes pkg/kubelet/kubelet_pods.go (validateContainerLogStatus), pkg/kubelet/pod_workers.go (ShouldPodContentBeRemoved), pkg/registry/core/pod/strategy.go.
 */
export function podLog({ pod, run, options, nowMs, isCutOff }: LogRequest): Result<string> {
  const { container } = options;
  const { metadata, spec } = pod;
  const names = [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);
  if (!names.includes(container)) return failure(`container ${container} is not valid for pod ${metadata.name}`);
  // A Pod without node has no log, and nobody to say so.
  if (spec.nodeName === undefined) return { ok: true, value: '' };
  if (isCutOff) return { ok: false, error: unreachable(pod, container) };
  const what = `container "${container}" in pod "${metadata.name}"`;
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  if (!statuses.some(({ name }) => name === container)) return failure(`${what} is not available`);
  const found = run?.containers.find(({ name }) => name === container);
  // It had ended when it was loaded from elsewhere: what it wrote is not known here.
  if (run === undefined || found === undefined) return { ok: true, value: '' };
  const { state, lastEnd } = found;
  if (state.type === 'Waiting' && lastEnd === undefined) return failure(`${what} is waiting to start: ${whyWaiting(state.reason)}`);
  if (state.type === 'Terminated' && state.startedMs === undefined) return failure(`${what} is terminated`);
  const isRemoved = metadata.deletionTimestamp !== undefined || run.verdict !== undefined;
  if (isRemoved && !run.containers.some(isRunning)) {
    // The kubelet says this with status 200.
    return { ok: true, value: `unable to retrieve container logs for ${containerId(pod, found)}` };
  }
  return { ok: true, value: render(linesOf(run, found), options, nowMs) };
}

/** What there is for a reader that has the log open: the file is there for it until its end, whatever became of the Pod. */
export function writtenLog(
  run: PodRun | undefined,
  options: Pick<LogOptions, 'container' | 'timestamps'>,
  nowMs: number,
): WrittenLog | undefined {
  const { container } = options;
  const found = run?.containers.find(({ name }) => name === container);
  if (run === undefined || found === undefined) return undefined;
  return { text: render(linesOf(run, found), options, nowMs), isOver: found.state.type !== 'Running' };
}

function failure(message: string): Result<string> {
  return { ok: false, error: badRequest(message) };
}

function whyWaiting(reason: string): string {
  if (reason === 'ErrImagePull') return "image can't be pulled";
  return reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : reason;
}

function unreachable({ metadata }: Pod, container: string) {
  const address = `${HOST_IP}:10250`;
  const url = `https://${address}/containerLogs/${metadata.namespace}/${metadata.name}/${container}`;
  return refused(500, 'InternalError', `Get "${url}": dial tcp ${address}: connect: no route to host`);
}

interface LogLine {
  readonly atMs: number;
  /** Ends with a line feed, but for the last. */
  readonly text: string;
}

/** All that a container would write if it came to its end by itself. */
function linesOf(run: PodRun, container: ContainerRun): readonly LogLine[] {
  const { name, state, lastEnd } = container;
  const shown = state.type === 'Waiting' ? lastEnd : state;
  const { startedMs } = shown ?? {};
  if (shown === undefined || startedMs === undefined) return [];
  const endMs = shown.type === 'Terminated' ? shown.finishedMs : Number.POSITIVE_INFINITY;
  const { log, runForMs } = run.script;
  if (log === undefined || subjectOf(run)?.name !== name) {
    const first = { atMs: startedMs, text: `${name}: started\n` };
    if (shown.type !== 'Terminated') return [first];
    const end = shown.exitCode === 0 ? 'done' : `ended with exit code ${shown.exitCode}`;
    return [first, { atMs: endMs, text: `${name}: ${end}\n` }];
  }
  const texts = splitLines(log);
  const lines = texts.map((text, index) => ({ atMs: startedMs + Math.floor((index * runForMs) / texts.length), text }));
  return lines.filter(({ atMs }) => atMs <= endMs);
}

function splitLines(text: string): readonly string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}

/** The last lines that are young enough, and the first bytes of those. Source: cri-client pkg/logs, ReadLogs. */
function render(all: readonly LogLine[], options: LogOptions, nowMs: number): string {
  const { tailLines, limitBytes, sinceSeconds, sinceTime, timestamps } = options;
  const written = all.filter(({ atMs }) => atMs <= nowMs);
  const tail = tailLines === undefined ? written : written.slice(Math.max(0, written.length - tailLines));
  const sinceMs = sinceSeconds === undefined ? Date.parse(sinceTime ?? '') : nowMs - sinceSeconds * 1_000;
  const young = Number.isNaN(sinceMs) ? tail : tail.filter(({ atMs }) => atMs >= sinceMs);
  const text = young.map((line) => (timestamps ? `${nanoTime(line.atMs)} ${line.text}` : line.text)).join('');
  return limitBytes === undefined ? text : Buffer.from(text).subarray(0, limitBytes).toString();
}

/** RFC 3339 with nanoseconds, as containerd writes them. */
function nanoTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000000Z');
}

/** What a container that ends now leaves as termination message; undefined: nothing. Source: kubernetes pkg/kubelet/kuberuntime (getTerminationMessage, readLastStringFromContainerLogs). */
export function terminationMessage(
  { spec }: Pod,
  run: PodRun,
  container: ContainerRun,
  exitCode: number,
  nowMs: number,
): string | undefined {
  if (subjectOf(run)?.name !== container.name) return undefined;
  const { message } = run.script;
  if (message !== undefined && message !== '') return lastBytes(message, 4_096);
  const policy = [...(spec.initContainers ?? []), ...spec.containers].find(({ name }) => name === container.name) as
    | { readonly terminationMessagePolicy?: string }
    | undefined;
  if (policy?.terminationMessagePolicy !== 'FallbackToLogsOnError' || exitCode === 0) return undefined;
  const lines = linesOf(run, container).filter(({ atMs }) => atMs <= nowMs);
  const text = lines
    .slice(-80)
    .map((line) => line.text)
    .join('');
  return text === '' ? undefined : lastBytes(text, 2_048);
}

function lastBytes(text: string, limitBytes: number): string {
  const bytes = Buffer.from(text);
  return bytes.subarray(Math.max(0, bytes.length - limitBytes)).toString();
}
