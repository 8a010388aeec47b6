import type { Pod } from '#core/api/kubernetes.ts';
import { type Clock, sleep } from '#host/clock.ts';
import type { Cluster, ClusterError, LogOptions } from '#host/cluster/cluster.ts';
import { isAbsent } from '../cluster/failure.ts';
import { Seam } from './seam.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
/** Codes with which an API server, or the way to the kubelet, says that it can't now. */
const PASSING = [429, 500, 502, 503, 504];

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
  for (let failures = 0; ; failures += 1) {
    const agoMs = failures === 0 ? 0 : clock.monotonic() - beganMs;
    const asked = seam.since === undefined ? sinceBegin(options, agoMs) : sinceTime(options, seam.since);
    let error: ClusterError | undefined;
    for await (const piece of cluster.followLogs(address, { ...asked, timestamps: true }, over.signal)) {
      if (piece.type === 'ERROR') {
        error = piece.error;
        continue;
      }
      const text = seam.push(piece.text);
      if (text === '') continue;
      [failures, said] = [0, ''];
      yield text;
    }
    // Where nothing has come, a node that does not answer may never do so, and there may be a kept log.
    if (error !== undefined && (!isPassing(error) || (error.type === 'Refused' && seam.since === undefined))) return error;
    if (error === undefined && !(await mayGoOn(cluster, pod, options.container))) {
      const rest = seam.end();
      if (rest !== '') yield rest;
      return null;
    }
    if (error !== undefined && error.message !== said) onTrouble(error);
    said = error?.message ?? said;
    seam.breakOff();
    await sleep(clock, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (1 + clock.random()));
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

/** Whether a stream that ended in order may be followed by more: an API server that shuts down, or a kubelet, ends them, too. */
async function mayGoOn(cluster: Pick<Cluster, 'get'>, { metadata }: Pod, container: string): Promise<boolean> {
  const result = await cluster.get({ kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name });
  if (!result.ok) return !isAbsent(result.error) && isPassing(result.error);
  const { status, metadata: now } = result.value as Pod;
  if (now.uid !== metadata.uid) return false;
  const known = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return known.find(({ name }) => name === container)?.state?.running !== undefined;
}
