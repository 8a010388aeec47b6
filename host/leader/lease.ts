import type { KubernetesObject, ObjectMeta } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { apiVersionOf } from '#core/contract/kinds.ts';

/** `spec` of a `coordination.k8s.io/v1` Lease, the fields that an election uses. */
export interface LeaseRecord {
  /** Empty: nobody holds it. */
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  /** MicroTime. Written for people; never compared with a local clock. */
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions: number;
}

export interface Lease extends KubernetesObject {
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: LeaseRecord;
}

export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

/** `metav1.MicroTime` for milliseconds since the epoch: `2026-01-02T03:04:05.678000Z`. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/(\.\d{3})Z$/, '$1000Z');
}

/** The object to POST or, with the resourceVersion that was read, to PUT. */
export function leaseObject({ namespace, name }: LeaseName, spec: LeaseRecord, previous?: ObjectMeta): Lease {
  return { apiVersion: apiVersionOf('Lease'), kind: 'Lease', metadata: previous ?? { namespace, name }, spec };
}

/** Record of a Lease as read; what is missing or of another type counts as empty, so a Lease made by hand can be taken. */
export function leaseRecord(object: KubernetesObject): LeaseRecord {
  const spec: unknown = 'spec' in object ? object.spec : undefined;
  const fields: Readonly<Record<string, unknown>> = typeof spec === 'object' && spec !== null ? { ...spec } : {};
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const count = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
  return {
    holderIdentity: text(fields.holderIdentity),
    leaseDurationSeconds: count(fields.leaseDurationSeconds),
    ...(typeof fields.acquireTime === 'string' ? { acquireTime: fields.acquireTime } : {}),
    ...(typeof fields.renewTime === 'string' ? { renewTime: fields.renewTime } : {}),
    leaseTransitions: count(fields.leaseTransitions),
  };
}
