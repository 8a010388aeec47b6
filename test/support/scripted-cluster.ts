import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Cluster, ClusterError, Result } from '#host/cluster/cluster.ts';

/** A call as it reached the cluster. */
export interface ScriptedCall {
  readonly verb: 'list' | 'get' | 'create' | 'replace' | 'patch' | 'delete' | 'logs' | 'followLogs';
  readonly of: string;
  readonly body?: unknown;
  readonly options?: unknown;
}

export type ScriptedAnswer = Result<never> | Result<KubernetesObject | null | string> | Promise<Result<KubernetesObject | null | string>>;

/** A cluster that answers each call as the test says, and keeps what it was asked. Watches end at once, and a followed log after one piece. */
export interface ScriptedCluster extends Cluster {
  readonly calls: readonly ScriptedCall[];
}

export function scriptedCluster(answer: (call: ScriptedCall, index: number) => ScriptedAnswer): ScriptedCluster {
  const calls: ScriptedCall[] = [];
  const ask = <T>(call: ScriptedCall): Promise<Result<T>> => {
    calls.push(call);
    return Promise.resolve(answer(call, calls.length - 1)) as Promise<Result<T>>;
  };
  const named = ({ kind, namespace, name }: { kind: string; namespace?: string; name: string }): string =>
    `${kind} ${namespace ?? ''}/${name}`;
  const nameOf = (object: KubernetesObject & { readonly kind: string }): string => named({ kind: object.kind, ...object.metadata });
  return {
    calls,
    list: (options) => ask({ verb: 'list', of: options.kind, options }),
    watch: async function* () {},
    get: (address) => ask({ verb: 'get', of: named(address) }),
    create: (object, options) => ask({ verb: 'create', of: nameOf(object), body: object, options }),
    replace: (object) => ask({ verb: 'replace', of: nameOf(object), body: object }),
    patch: (address, body, options) => ask({ verb: 'patch', of: named(address), body, options }),
    delete: (address, options) => ask({ verb: 'delete', of: named(address), options }),
    logs: (address, options) => ask({ verb: 'logs', of: named(address), options }),
    followLogs: async function* (address, options) {
      const result = await ask<string>({ verb: 'followLogs', of: named(address), options });
      yield result.ok ? { type: 'TEXT', text: result.value } : { type: 'ERROR', error: result.error };
    },
  };
}

export function refusal(code: number, reason: string, more: Partial<Extract<ClusterError, { type: 'Refused' }>> = {}): Result<never> {
  return { ok: false, error: { type: 'Refused', code, reason, message: `scripted ${reason}`, ...more } };
}

export function noAnswer(message = 'socket hang up'): Result<never> {
  return { ok: false, error: { type: 'Unreachable', message } };
}

export function answered(object: KubernetesObject, resourceVersion = '500'): Result<KubernetesObject> {
  return { ok: true, value: { ...object, metadata: { ...object.metadata, resourceVersion } } };
}
