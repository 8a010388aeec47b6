import type { Container, Pod } from '#core/api/kubernetes.ts';

interface Reference {
  readonly name?: string;
  readonly optional?: boolean;
}

/** What a kubelet says when the first Secret or ConfigMap that a container's environment names is not there. Source: kubernetes pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables. */
export function missingReference({ spec }: Pod, name: string): string {
  const container = [...(spec.initContainers ?? []), ...spec.containers].find((each) => each.name === name);
  const [kind, reference] = (container === undefined ? [] : references(container)).find(([, { optional }]) => optional !== true) ?? [];
  return `${kind ?? 'secret'} "${reference?.name ?? `${name}-credentials`}" not found`;
}

function references({ env = [], envFrom = [] }: Container): readonly (readonly ['secret' | 'configmap', Reference])[] {
  const sources = [
    ...envFrom.flatMap(({ secretRef, configMapRef }) => [['secret', secretRef] as const, ['configmap', configMapRef] as const]),
    ...env.flatMap(({ valueFrom = {} }) => [
      ['secret', valueFrom.secretKeyRef as Reference | undefined] as const,
      ['configmap', valueFrom.configMapKeyRef as Reference | undefined] as const,
    ]),
  ];
  return sources.flatMap(([kind, reference]) => (reference === undefined ? [] : [[kind, reference] as const]));
}
