/** A condition on an object: a jq expression and the values that it may have. */
export interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

/** `kwok.x-k8s.io/v1alpha1` Stage: what kwok does to an object that fits. */
export interface Stage {
  readonly apiVersion: 'kwok.x-k8s.io/v1alpha1';
  readonly kind: 'Stage';
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

export function stage(name: string, kind: 'Node' | 'Pod', where: readonly Requirement[], rest: Readonly<Record<string, unknown>>): Stage {
  const spec = { resourceRef: { apiGroup: 'v1', kind }, selector: { matchExpressions: where }, ...rest };
  return { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'Stage', metadata: { name }, spec };
}
