import type { Pod } from '#core/api/kubernetes.ts';
import { type Clock, sleep } from '#host/clock.ts';
import type { Cluster, ClusterError, LogOptions } from '#host/cluster/cluster.ts';
import { isAbsent } from '../cluster/failure.ts';
import { Seam } from './seam.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
/** Codes with which an API server, or the way to the kubelet, says that it can't now. */
const PASSING = [429, 500, 502, 503, 504];

/** What a kubelet answers, with code 200, for a container that it has removed. Source: kubernetes pkg/kubelet/kuberuntime, GetContainerLogs. */
export const REMOVED = /^unable to retrieve container logs for \S+\s*$/;

export interface FollowedOptions {
  readonly cluster: Pick<Cluster, 'followLogs' | 'get'>;
  readonly clock: Clock;
  readonly pod: Pod;
  readonly options: LogOptions;
  /** The stream broke off; it is tried again. Not called while it fails with the same words. */
  onTrouble(error: ClusterError): void;
}

/**
 * Text of a container's log until the container has ended: a stream that breaks off, as with an API server that is started anew, is followed by another, and
 * put together without a line lost or given twice. Returns what ends it before: a refusal; null: it was read to its end.
 */
export async function* followed({ cluster, clock, pod, options, onTrouble }: FollowedOptions): AsyncGenerator<string, ClusterError | null> {
  const { namespace = '', name } = pod.metadata;
  const address = { kind: 'Pod', namespace, name } as const;
  const seam = new Seam({ timestamps: options.timestamps === true, isPart: isPart(options) });
  const over = new AbortController();
  const beganMs = clock.monotonic();
  let said = '';
  // A stream that was opened after the container had ended has all; one that ends as the container does may have been ended by somebody else.
  let isLast = stateOf(pod, options.container) === 'Ended';
  let rest = '';
  for (let failures = 0; ; failures += 1) {
    const agoMs = failures === 0 ? 0 : clock.monotonic() - beganMs;
    const asked = seam.since === undefined ? sinceBegin(options, agoMs) : sinceTime(options, seam.since);
    let error: ClusterError | undefined;
    for await (const piece of cluster.followLogs(address, { ...asked, timestamps: true }, over.signal)) {
      if (piece.type === 'ERROR') {
        error = piece.error;
        continue;
      }
      // The kubelet has removed the log meanwhile: what it had was given.
      if (seam.since !== undefined && REMOVED.test(piece.text)) continue;
      rest = '';
      const text = seam.push(piece.text);
      if (text === '') continue;
      [failures, said] = [0, ''];
      yield text;
    }
    const isGone = isLast && error?.type === 'Refused' && [400, 404].includes(error.code) && seam.since !== undefined;
    if (isLast && (error === undefined || isGone)) {
      const end = seam.end() || rest;
      if (end !== '') yield end;
      return null;
    }
    // Where nothing has come, a node that does not answer may never do so, and there may be a kept log.
    if (error !== undefined && (!isPassing(error) || (error.type === 'Refused' && seam.since === undefined))) return error;
    if (error !== undefined && error.message !== said) onTrouble(error);
    said = error?.message ?? said;
    const state = error === undefined ? await presentState(cluster, pod, options.container) : 'Unknown';
    rest = seam.breakOff();
    if (state === 'Gone') {
      if (rest !== '') yield rest;
      return null;
    }
    isLast = state === 'Ended';
    if (!isLast) await sleep(clock, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (1 + clock.random()));
  }
}

function isPart({ tailLines, sinceSeconds }: LogOptions): boolean {
  return tailLines !== undefined || sinceSeconds !== undefined;
}

/** Nothing has come yet: as the user asked, counted from when that was. */
function sinceBegin(options: LogOptions, agoMs: number): LogOptions {
  const { sinceSeconds } = options;
  return sinceSeconds === undefined ? options : { ...options, sinceSeconds: sinceSeconds + Math.ceil(agoMs / 1_000) };
}

function sinceTime({ tailLines: _, sinceSeconds: __, ...options }: LogOptions, time: string): LogOptions {
  return { ...options, sinceTime: time };
}

function isPassing(error: ClusterError): boolean {
  return error.type === 'Refused' ? PASSING.includes(error.code) : error.type === 'Unreachable';
}

type ContainerState = 'Running' | 'Ended';

/** What has become of the container by now; `Gone` with its Pod, `Unknown` where nobody can tell. */
async function presentState(
  cluster: Pick<Cluster, 'get'>,
  { metadata }: Pod,
  container: string,
): Promise<ContainerState | 'Gone' | 'Unknown'> {
  const result = await cluster.get({ kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name });
  if (!result.ok) return isAbsent(result.error) ? 'Gone' : 'Unknown';
  const pod = result.value as Pod;
  return pod.metadata.uid === metadata.uid ? stateOf(pod, container) : 'Gone';
}

function stateOf({ status }: Pod, container: string): ContainerState {
  const known = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return known.find(({ name }) => name === container)?.state?.terminated === undefined ? 'Running' : 'Ended';
}
