import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { sleep } from '../../clock.ts';
import type {
  Address,
  Cluster,
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
import type { ApiServer } from './api-server.ts';
import type { Call, CallFault, Faults } from './faults.ts';
import { LogStream } from './log-stream.ts';
import { WatchStream } from './watch-stream.ts';

export interface MemoryClusterOptions {
  /** Who calls; faults and admission see it. Default `user`. */
  readonly client?: string;
  readonly faults?: Faults;
}

/** A client's way to the memory API server, with all that can befall a call on the way. */
export class MemoryCluster implements Cluster {
  readonly #server: ApiServer;
  readonly #client: string;
  readonly #faults: Faults;

  constructor(server: ApiServer, options: MemoryClusterOptions = {}) {
    this.#server = server;
    this.#client = options.client ?? 'user';
    this.#faults = options.faults ?? {};
  }

  list(options: ListOptions, signal?: AbortSignal): Promise<Result<ObjectList>> {
    const call = this.#call('list', { kind: options.kind, namespace: options.namespace ?? '', name: '' });
    return this.#perform(call, signal, (fault) => this.#server.list(options, fault?.staleRevision));
  }

  async *watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const call = this.#call('watch', { kind: options.kind, namespace: options.namespace ?? '', name: '' });
    let stream: WatchStream | undefined;
    const opened = await this.#perform(call, signal, () => {
      stream = new WatchStream(this.#server.clock, this.#server.store, options, call, this.#faults, signal);
      return { ok: true, value: stream };
    });
    if (opened.ok) yield* opened.value;
    else {
      // Its answer was lost: nobody will read it.
      await stream?.return();
      if (!signal.aborted) yield { type: 'ERROR', error: opened.error };
    }
  }

  get(address: Address, signal?: AbortSignal): Promise<Result<KubernetesObject>> {
    return this.#perform(this.#call('get', address), signal, () => this.#server.get(address));
  }

  create(
    object: KubernetesObject & { readonly kind: Kind },
    options: WriteOptions = {},
    signal?: AbortSignal,
  ): Promise<Result<KubernetesObject>> {
    const call = this.#call('create', addressOf(object));
    return this.#perform(call, signal, () => answered(this.#server.create(object, this.#client), options.answer));
  }

  replace(object: KubernetesObject & { readonly kind: Kind }, signal?: AbortSignal): Promise<Result<KubernetesObject>> {
    return this.#perform(this.#call('replace', addressOf(object)), signal, () => this.#server.replace(object, this.#client));
  }

  patch(
    address: Address,
    patch: Readonly<Record<string, unknown>>,
    options: PatchOptions,
    signal?: AbortSignal,
  ): Promise<Result<KubernetesObject>> {
    const call = { ...this.#call('patch', address), ...(options.subresource === undefined ? {} : { subresource: options.subresource }) };
    return this.#perform(call, signal, () => answered(this.#server.patch(address, patch, options, this.#client), options.answer));
  }

  delete(address: Address, options: DeleteOptions, signal?: AbortSignal): Promise<Result<KubernetesObject | null>> {
    const { answer, ...rest } = options;
    const call = this.#call('delete', address);
    return this.#perform(call, signal, () => answered(this.#server.delete(address, rest, this.#client), answer));
  }

  logs(address: Address, options: LogOptions, signal?: AbortSignal): Promise<Result<string>> {
    return this.#perform(this.#call('logs', address), signal, () => this.#server.logs(address, options));
  }

  async *followLogs(address: Address, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogPiece> {
    let stream: LogStream | undefined;
    const opened = await this.#perform(this.#call('logs', address), signal, () => {
      const text = this.#server.logs(address, options);
      if (text.ok) stream = new LogStream(this.#server, address, options.container);
      return text;
    });
    if (opened.ok && stream !== undefined) {
      try {
        if (opened.value !== '') yield { type: 'TEXT', text: opened.value };
        yield* stream.pieces(signal);
      } finally {
        stream.close();
      }
      return;
    }
    // Its answer was lost: nobody will read it.
    stream?.close();
    if (!opened.ok && !signal.aborted) yield { type: 'ERROR', error: opened.error };
  }

  #call(verb: Call['verb'], { kind, namespace, name }: Address): Call {
    return { client: this.#client, verb, kind, namespace, name };
  }

  async #perform<T>(call: Call, signal: AbortSignal | undefined, run: (fault?: CallFault) => Result<T>): Promise<Result<T>> {
    if (signal?.aborted) return aborted(call);
    const fault = this.#faults.onCall?.(call);
    if (fault === undefined) return run();
    if (!(await this.#pass(fault.delayMs, signal))) return aborted(call);
    if (fault.refuse !== undefined) return { ok: false, error: fault.refuse };
    const result = run(fault);
    if (!(await this.#pass(fault.responseDelayMs, signal))) return aborted(call);
    return fault.lose === undefined ? result : { ok: false, error: fault.lose };
  }

  /** Lets time pass; false when the caller gave up meanwhile. */
  async #pass(delayMs: number | undefined, signal: AbortSignal | undefined): Promise<boolean> {
    if (delayMs === undefined) return true;
    try {
      await sleep(this.#server.clock, delayMs, signal);
      return true;
    } catch {
      return false;
    }
  }
}

/** So much of what a write comes to as was asked for. */
export function answered<T extends KubernetesObject | null>(
  result: Result<T>,
  answer: WriteOptions['answer'],
): Result<T | KubernetesObject> {
  if (answer === undefined || !result.ok || result.value === null) return result;
  const { apiVersion, kind, metadata } = result.value;
  return { ok: true, value: { ...(apiVersion === undefined ? {} : { apiVersion }), ...(kind === undefined ? {} : { kind }), metadata } };
}

function addressOf({ kind, metadata }: KubernetesObject & { readonly kind: Kind }): Address {
  return { kind, namespace: metadata.namespace ?? '', name: metadata.name };
}

function aborted({ verb, kind, namespace, name }: Call): {
  readonly ok: false;
  readonly error: { readonly type: 'Unreachable'; readonly message: string };
} {
  const message = `${verb} ${kind} ${namespace}/${name}: the caller gave up before an answer came`;
  return { ok: false, error: { type: 'Unreachable', message } };
}
