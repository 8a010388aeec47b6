import type { Pod } from '#core/api/kubernetes.ts';
import { hasEnded } from '#core/contract/ended.ts';
import type { Cancel, Clock } from '../../clock.ts';
import type { Cluster, ClusterError, Result } from '../../cluster/cluster.ts';
import { isPassing, Patience } from './patience.ts';
import { TailBuffer } from './tail-buffer.ts';
import { SIGHT_BYTES, type Tail, tailOf } from './tail-text.ts';

/** The text that comes with status 200 in the place of a log whose containers are gone. Source: kubernetes pkg/kubelet/kuberuntime, GetContainerLogs. */
const NO_LOG = /^unable to retrieve container logs for \S+\s*$/;
/**
 * The API server counts `limitBytes` from the first line that it sends, so the end of a log can only be asked for by lines. So many bytes a line are reckoned
 * with: a log of shorter lines is cut a little early, one of longer lines comes in more pieces than are kept.
 */
const LINE_BYTES = 16;
/**
 * How long a node is waited for that does not give the log of a Pod that has ended. Its Task's end waits for that, and with it a drain or the next in the queue. Where
 * the Pod is being deleted its kubelet removes the log meanwhile, so little is gained; where not, the log stays, and a kubelet that starts again is worth a wait.
 */
const ENDED_FOR_MS = { deleted: 5_000, kept: 15_000 } as const;
/** Longest wait between two tries: a Pod may end meanwhile. */
const LONGEST_WAIT_MS = 2_000;

export interface LogSource {
  readonly cluster: Pick<Cluster, 'get' | 'followLogs'>;
  readonly clock: Clock;
  /** Text without secrets. */
  readonly redact: (text: string) => string;
}

export interface WantedLog {
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly container: string;
  readonly limitBytes: number;
}

/** What came of one stream. */
interface Stream {
  readonly tail: Tail;
  readonly end:
    | { readonly type: 'Ended' }
    /** Nobody wanted to wait longer. */
    | { readonly type: 'TimeOver' }
    | { readonly type: 'Broken'; readonly error: ClusterError };
}

const NOTHING: Tail = { text: '', truncated: false };

/**
 * Follows a container's log to its end, or until `enough` aborts, and gives what has come. A stream that breaks is opened again; should that not be possible
 * any more, what it gave before is what there is. A refusal where there is no log: the Pod has gone, another bears its name, or its node does not give it.
 */
export async function followToEnd(source: LogSource, wanted: WantedLog, enough: AbortSignal): Promise<Result<Tail>> {
  const limit = new EndedLimit(source.clock);
  try {
    return await followWithin(source, wanted, AbortSignal.any([enough, limit.signal]), limit);
  } finally {
    limit.cancel();
  }
}

async function followWithin(source: LogSource, wanted: WantedLog, enough: AbortSignal, limit: EndedLimit): Promise<Result<Tail>> {
  const patience = new Patience(source.clock, LONGEST_WAIT_MS);
  let best = NOTHING;
  for (;;) {
    const { tail, end } = await read(source, wanted, enough, limit);
    // A stream that was opened again begins with the last lines: it is no worse as soon as it is as long, or has come to the end.
    if (tail.text.length >= best.text.length || (end.type === 'Ended' && tail.text !== '')) best = tail;
    if (end.type === 'TimeOver' && limit.signal.aborted && best.text === '') return { ok: false, error: silent(wanted) };
    if (end.type !== 'Broken') return { ok: true, value: best };
    const isLast = !isPassing(end.error) || !(await patience.wait(end.error, enough));
    if (isLast) return best.text === '' ? { ok: false, error: end.error } : { ok: true, value: best };
  }
}

/** Aborts a while after the Pod was first seen to have ended. */
class EndedLimit {
  readonly #clock: Clock;
  readonly #over = new AbortController();
  #cancel: Cancel | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  see(pod: Pod): void {
    if (!hasEnded(pod)) return;
    const limitMs = ENDED_FOR_MS[pod.metadata.deletionTimestamp === undefined ? 'kept' : 'deleted'];
    this.#cancel ??= this.#clock.after(limitMs, () => this.#over.abort(new Error('the pod has ended, and its node does not give its log')));
  }

  cancel(): void {
    this.#cancel?.();
  }
}

async function read(source: LogSource, wanted: WantedLog, enough: AbortSignal, limit: EndedLimit): Promise<Stream> {
  const { pod, container, limitBytes } = wanted;
  const found = await findPod(source, pod, enough);
  if (!found.ok) return { tail: NOTHING, end: { type: 'Broken', error: found.error } };
  limit.see(found.value);
  const tailLines = Math.ceil(limitBytes / LINE_BYTES) + 1;
  const buffer = new TailBuffer(limitBytes + SIGHT_BYTES);
  const address = { kind: 'Pod', namespace: pod.namespace, name: pod.name } as const;
  let error: ClusterError | null = null;
  for await (const piece of source.cluster.followLogs(address, { container, tailLines }, enough)) {
    if (piece.type === 'ERROR') error = piece.error;
    else buffer.push(piece.text);
  }
  const said = buffer.lines <= 1 ? buffer.text() : '';
  if (NO_LOG.test(said)) {
    const message = `the containers of pod ${pod.name} are gone, and their logs with them; the kubelet says: ${said.trim()}`;
    return { tail: NOTHING, end: { type: 'Broken', error: gone(message) } };
  }
  const { text, truncated } = tailOf(buffer, limitBytes, source.redact);
  const tail: Tail = { text, truncated: truncated || buffer.lines >= tailLines };
  if (error !== null) return { tail, end: { type: 'Broken', error } };
  return { tail, end: { type: enough.aborted ? 'TimeOver' : 'Ended' } };
}

/** A log is addressed by its Pod's name, and under the name may be another Pod by now. */
async function findPod({ cluster }: LogSource, pod: WantedLog['pod'], signal: AbortSignal): Promise<Result<Pod>> {
  const found = await cluster.get({ kind: 'Pod', namespace: pod.namespace, name: pod.name }, signal);
  if (!found.ok) {
    const isGone = found.error.type === 'Refused' && found.error.code === 404;
    return isGone ? { ok: false, error: gone(`pod ${pod.name} is gone, and its log with it`) } : found;
  }
  const { uid } = found.value.metadata;
  if (uid === pod.uid) return { ok: true, value: found.value as Pod };
  return { ok: false, error: gone(`expected the pod of uid ${pod.uid}, pod ${pod.name} is another by now (uid ${uid ?? 'unknown'})`) };
}

function silent({ pod, container }: WantedLog): ClusterError {
  return {
    type: 'Unreachable',
    message: `pod ${pod.name} has ended, and its node gave nothing of the log of container ${container} in time`,
  };
}

function gone(message: string): ClusterError {
  return { type: 'Refused', code: 404, reason: 'NotFound', message };
}
