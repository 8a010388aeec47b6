import type { CaBundle } from '../api/agent-parts.ts';
import type { EnvVar, Volume, VolumeMount } from '../api/kubernetes.ts';
import { CA_BUNDLE } from './layout.ts';
import { agentError, type Refusal } from './refusal.ts';

export interface CaBundleParts {
  readonly volumes: readonly Volume[];
  readonly volumeMounts: readonly VolumeMount[];
  readonly env: readonly EnvVar[];
}

/** The certificates that every container trusts beside its own: keys as trust-manager (ConfigMap) and cert-manager (Secret) write them, unless said otherwise. */
export function caBundleParts(bundle: CaBundle | undefined): CaBundleParts | Refusal {
  if (bundle === undefined) return { volumes: [], volumeMounts: [], env: [] };
  const { configMapRef, secretRef } = bundle;
  if ((configMapRef === undefined) === (secretRef === undefined)) {
    return agentError('caBundle: exactly one of configMapRef and secretRef must be specified');
  }
  const source =
    configMapRef === undefined
      ? { secret: { secretName: secretRef?.name, items: [item(secretRef?.key || 'ca.crt')] } }
      : { configMap: { name: configMapRef.name, items: [item(configMapRef.key || 'ca-bundle.crt')] } };
  return {
    volumes: [{ name: CA_BUNDLE.volume, ...source }],
    volumeMounts: [{ name: CA_BUNDLE.volume, mountPath: CA_BUNDLE.path, readOnly: true }],
    env: [{ name: 'CUSTOM_CA_CERT_PATH', value: `${CA_BUNDLE.path}/${CA_BUNDLE.file}` }],
  };
}

function item(key: string): { readonly key: string; readonly path: string } {
  return { key, path: CA_BUNDLE.file };
}
