import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT } from '../../build/paths.ts';
import type { Schema } from '../../crds/structural.ts';

const MANIFESTS = `${ROOT}host/manifests`;

/** The Pod of a Deployment, as far as the chart looks into it. */
export interface DeploymentSource extends Schema {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly securityContext: Schema;
        readonly affinity?: Schema;
        readonly topologySpreadConstraints?: readonly Schema[];
        readonly volumes?: readonly Schema[];
        readonly containers: readonly [ContainerSource];
      };
    };
  };
}

interface ContainerSource extends Schema {
  readonly image: string;
  readonly args: readonly string[];
  readonly resources: Schema;
  readonly securityContext: Schema;
  readonly volumeMounts?: readonly Schema[];
}

/** What the chart is made of: the manifests that kustomize builds from. */
export interface Sources {
  readonly deployment: DeploymentSource;
  /** What two replicas have more. */
  readonly spread: DeploymentSource;
  readonly metricsService: Schema;
  readonly networkPolicy: Schema & {
    readonly spec: { readonly ingress: readonly [{ readonly from: readonly Schema[] }]; readonly egress: readonly Schema[] };
  };
  readonly podDisruptionBudget: Schema;
  readonly userRoles: readonly Schema[];
  readonly journal: ComponentSource;
  readonly metricsAuth: ComponentSource & { readonly roles: readonly Schema[] };
}

/** What a component adds to the Deployment. */
interface ComponentSource {
  /** Operations of a JSON patch. */
  readonly operations: readonly { readonly path: string; readonly value: unknown }[];
  /** Of its strategic merge patch. */
  readonly volumes: readonly Schema[];
  readonly volumeMounts: readonly Schema[];
}

export function readSources(): Sources {
  const text = (path: string): string => readFileSync(`${MANIFESTS}/${path}`, 'utf8');
  const component = (name: string, volumeFile: string): ComponentSource => {
    const { patches } = parse(text(`components/${name}/kustomization.yaml`)) as { patches: readonly [{ patch: string }] };
    const { spec: pod } = (parse(text(`components/${name}/${volumeFile}`)) as DeploymentSource).spec.template;
    return { operations: parse(patches[0].patch), volumes: pod.volumes ?? [], volumeMounts: pod.containers[0].volumeMounts ?? [] };
  };
  const documents = (path: string): readonly Schema[] => parseAllDocuments(text(path)).map((document): Schema => document.toJS());
  return {
    deployment: parse(text('controller/deployment.yaml')),
    spread: parse(text('components/high-availability/spread.yaml')),
    metricsService: parse(text('controller/metrics-service.yaml')),
    networkPolicy: parse(text('components/network-policy/network-policy.yaml')),
    podDisruptionBudget: parse(text('components/high-availability/pod-disruption-budget.yaml')),
    userRoles: documents('base/user-roles.yaml'),
    journal: component('journal', 'volume.yaml'),
    metricsAuth: { ...component('metrics-auth', 'certificate.yaml'), roles: documents('components/metrics-auth/rbac.yaml') },
  };
}
