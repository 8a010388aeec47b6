import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import type { Clock } from '../../clock.ts';
import type {
  Address,
  Cluster,
  ClusterError,
  DeleteOptions,
  ListOptions,
  LogOptions,
  LogPiece,
  ObjectList,
  PatchOptions,
  Result,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../cluster.ts';
import { decodeDeleted, decodeDeletedMetadata, decodeList, decodeMetadata, decodeObject, refusal, retryAfter } from './answers.ts';
import { Connection, type ConnectionOptions, type HttpAnswer, type HttpRequest } from './connection.ts';
import { Deadline } from './deadline.ts';
import { unreachable } from './failures.ts';
import { frames } from './frames.ts';
import type { KubeConfigSource } from './kube-config.ts';
import { collectionPath, listPath, logPath, objectPath, watchPath, writePath } from './paths.ts';
import { Slots } from './slots.ts';
import type { WholeAnswer } from './whole-answer.ts';

const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;
const DEFAULT_CONNECTIONS = 16;
/** A watch that was silent this long beyond its own timeout is dead: the server sends bookmarks, and ends it in time. */
const WATCH_IDLE_MARGIN_MS = 10_000;

/** What has no such form is answered whole. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const satisfies Record<PatchOptions['patchType'], string>;

export interface RestClusterOptions extends KubeConfigSource, Pick<ConnectionOptions, 'onExchange'> {
  readonly clock: Clock;
  /** From sending a call to the end of its answer; waiting for a free connection does not count. Watches have their own timeout. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** How many calls run at once; watches come on top of it. Default 16. */
  readonly connections?: number;
  /** `Strict`: creations and patches with a field that the API server's definition of the kind has not are refused. Default: it drops such fields. */
  readonly fieldValidation?: 'Strict';
  /** Default: `kubeopencode-host/<version>`. */
  readonly userAgent?: string;
}

/** A real API server. */
export interface RestCluster extends Cluster {
  /** Namespace of the context; `default` when it has none. */
  readonly namespace: string;
  /** Address of the API server. */
  readonly server: string;
  readonly context: string;
  /** Ends all connections; calls under way are answered `Unreachable`. */
  close(): Promise<void>;
}

/** Opens the configured API server; nothing is sent before the first call. Rejects with an error that says what to change when there is no usable configuration. */
export async function createRestCluster(options: RestClusterOptions): Promise<RestCluster> {
  const userAgent = options.userAgent ?? `kubeopencode-host/${packageJson.version}`;
  return new HttpCluster(new Connection({ ...options, userAgent }), options);
}

class HttpCluster implements RestCluster {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #slots: Slots;
  readonly #fieldValidation: 'Strict' | undefined;

  constructor(connection: Connection, options: RestClusterOptions) {
    this.#connection = connection;
    this.#clock = options.clock;
    this.#timeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    this.#slots = new Slots(options.connections ?? DEFAULT_CONNECTIONS);
    this.#fieldValidation = options.fieldValidation;
  }

  get namespace(): string {
    return this.#connection.namespace;
  }

  get server(): string {
    return this.#connection.server;
  }

  get context(): string {
    return this.#connection.contextName;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  list(options: ListOptions, signal?: AbortSignal): Promise<Result<ObjectList>> {
    return this.#call({ method: 'GET', path: listPath(options) }, (text) => decodeList(text, options.kind), signal);
  }

  get(address: Address, signal?: AbortSignal): Promise<Result<KubernetesObject>> {
    return this.#call({ method: 'GET', path: objectPath(address) }, decodeObject, signal);
  }

  create(
    object: KubernetesObject & { readonly kind: Kind },
    { answer }: WriteOptions = {},
    signal?: AbortSignal,
  ): Promise<Result<KubernetesObject>> {
    const path = writePath(collectionPath(object.kind, object.metadata.namespace), this.#fieldValidation);
    return this.#write({ method: 'POST', path, ...json(object) }, object.kind, answer, signal);
  }

  replace(object: KubernetesObject & { readonly kind: Kind }, signal?: AbortSignal): Promise<Result<KubernetesObject>> {
    const { name, namespace = '' } = object.metadata;
    return this.#call({ method: 'PUT', path: objectPath({ kind: object.kind, namespace, name }), ...json(object) }, decodeObject, signal);
  }

  patch(
    address: Address,
    patch: Readonly<Record<string, unknown>>,
    { patchType, subresource, answer }: PatchOptions,
    signal?: AbortSignal,
  ): Promise<Result<KubernetesObject>> {
    const path = writePath(objectPath(address, subresource), this.#fieldValidation);
    const request = { method: 'PATCH', path, contentType: PATCH_TYPES[patchType], body: JSON.stringify(patch) } as const;
    return this.#write(request, address.kind, answer, signal);
  }

  delete(address: Address, options: DeleteOptions, signal?: AbortSignal): Promise<Result<KubernetesObject | null>> {
    const { uid, resourceVersion, answer, ...rest } = options;
    const preconditions = uid === undefined && resourceVersion === undefined ? {} : { preconditions: { uid, resourceVersion } };
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...rest, ...preconditions };
    const request = { method: 'DELETE', path: objectPath(address), ...json(body) } as const;
    if (answer === undefined) return this.#call(request, decodeDeleted, signal);
    return this.#call({ ...request, accept: METADATA_ONLY }, (text) => decodeDeletedMetadata(text, address.kind), signal);
  }

  logs(address: Address, options: LogOptions, signal?: AbortSignal): Promise<Result<string>> {
    return this.#call({ method: 'GET', path: logPath(address, options), accept: '*/*' }, (text) => text, signal);
  }

  async *followLogs(address: Address, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogPiece> {
    const call = new Deadline(this.#clock, this.#timeoutMs, 'the log was not opened', signal);
    try {
      const opened = await this.#connection.open({ method: 'GET', path: logPath(address, options, 'follow'), accept: '*/*' }, call);
      if (signal.aborted) return;
      if (!opened.ok) return yield { type: 'ERROR', error: opened.error };
      const { statusCode, body } = opened.value;
      if (statusCode !== 200) return yield { type: 'ERROR', error: await this.#refusal(opened.value) };
      call.pause();
      const decoder = new TextDecoder();
      for await (const chunk of body) yield { type: 'TEXT', text: decoder.decode(chunk, { stream: true }) };
    } catch (cause) {
      const what = `watch log of ${address.name} at ${this.server}`;
      if (!signal.aborted) yield { type: 'ERROR', error: unreachable(what, call.reasonOr(cause)) };
    } finally {
      call.end();
    }
  }

  async *watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const path = watchPath(options);
    const what = `watch ${options.kind} at ${this.server}`;
    const call = new Deadline(this.#clock, this.#timeoutMs, 'the watch was not opened', signal);
    try {
      const opened = await this.#connection.open({ method: 'GET', path }, call);
      if (signal.aborted) return;
      if (!opened.ok) return yield { type: 'ERROR', error: opened.error };
      const { statusCode } = opened.value;
      if (statusCode !== 200) return yield { type: 'ERROR', error: await this.#refusal(opened.value) };
      call.restart(options.timeoutSeconds * 1000 + WATCH_IDLE_MARGIN_MS, 'the watch stays silent');
      yield* frames(opened.value, call);
    } catch (cause) {
      if (!signal.aborted) yield { type: 'ERROR', error: unreachable(what, call.reasonOr(cause)) };
    } finally {
      call.end();
    }
  }

  #write(request: HttpRequest, kind: Kind, answer: WriteOptions['answer'], signal?: AbortSignal): Promise<Result<KubernetesObject>> {
    if (answer === undefined) return this.#call(request, decodeObject, signal);
    return this.#call({ ...request, accept: METADATA_ONLY }, (text) => decodeMetadata(text, kind), signal);
  }

  /** One request and its whole answer, in its time and in one of the slots. */
  async #call<T>(request: HttpRequest, decode: (text: string) => T | undefined, outer?: AbortSignal): Promise<Result<T>> {
    const release = await this.#slots.take(outer);
    if (release === null) return { ok: false, error: unreachable(this.#connection.what(request), outer?.reason) };
    const call = new Deadline(this.#clock, this.#timeoutMs, 'none came', outer);
    try {
      const called = await this.#connection.call(request, call);
      if (!called.ok) return called;
      await connectionIsBack();
      const { code, headers, text } = called.value;
      if (code < 200 || code > 299) return { ok: false, error: refused(code, text, retryAfter(headers['retry-after'], this.#clock.now())) };
      const value = decode(text);
      return value === undefined ? { ok: false, error: nonsense(this.#connection.what(request), called.value) } : { ok: true, value };
    } catch (cause) {
      return { ok: false, error: unreachable(this.#connection.what(request), call.reasonOr(cause)) };
    } finally {
      call.settle();
      release();
    }
  }

  /** Reads what was sent instead of a stream. */
  async #refusal({ statusCode, headers, body }: HttpAnswer): Promise<ClusterError> {
    const text = await body.text();
    await connectionIsBack();
    return refused(statusCode, text, retryAfter(headers['retry-after'], this.#clock.now()));
  }
}

/** The pool takes a connection back one turn of the event loop after the end of the body; a call that came earlier would open another. */
function connectionIsBack(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function json(value: unknown): { readonly contentType: string; readonly body: string } {
  return { contentType: 'application/json', body: JSON.stringify(value) };
}

function refused(code: number, text: string, retryAfterMs: number | undefined): ClusterError {
  if (code >= 400) return refusal(code, text, retryAfterMs);
  return { type: 'Unreachable', message: `expected an answer of an API server, came HTTP ${code}; check the address in the kubeconfig` };
}

function nonsense(what: string, { code, headers, text }: WholeAnswer): ClusterError {
  const came = `HTTP ${code} with ${headers['content-type'] ?? 'no content type'}: ${text.trim().slice(0, 200)}`;
  return { type: 'Unreachable', message: `${what}: expected an object of the API, came ${came}; check the address in the kubeconfig` };
}
