import type { Credential } from '../api/agent-parts.ts';
import type { EnvFromSource, EnvVar, Volume, VolumeMount } from '../api/kubernetes.ts';
import { agentError, type Refusal } from './refusal.ts';

/** What the agent's Secrets add to the Pod and to its agent container. */
export interface Credentials {
  readonly volumes: readonly Volume[];
  readonly volumeMounts: readonly VolumeMount[];
  readonly env: readonly EnvVar[];
  readonly envFrom: readonly EnvFromSource[];
}

/** 0600: the owner alone. */
const DEFAULT_FILE_MODE = 0o600;

/** Name of a key's file in its volume; only the mount's sub path sees it. */
const SECRET_FILE = 'secret-file';

/**
 * | key | mountPath | env | result |
 * |---|---|---|---|
 * | – | set | – | the Secret as a folder |
 * | – | – | – | every key of the Secret as an environment variable |
 * | set | – | set | that key as this environment variable |
 * | set | set | any | that key as a file |
 * | set | – | – | nothing |
 */
export function credentialParts(credentials: readonly Credential[]): Credentials | Refusal {
  const wrong = credentials.findIndex(({ env, secretRef }) => env && !secretRef.key);
  if (wrong !== -1)
    return agentError(
      `credentials[${wrong}]: env can only be set when secretRef.key is specified; name the key, or drop env to take every key`,
    );
  const parts = credentials.map(onePart);
  return {
    volumes: parts.flatMap(({ volumes = [] }) => volumes),
    volumeMounts: parts.flatMap(({ volumeMounts = [] }) => volumeMounts),
    env: parts.flatMap(({ env = [] }) => env),
    envFrom: parts.flatMap(({ envFrom = [] }) => envFrom),
  };
}

function onePart(credential: Credential, index: number): Partial<Credentials> {
  const { secretRef, mountPath, env } = credential;
  const { name: secretName, key } = secretRef;
  const name = `credential-${index}`;
  const mode = credential.fileMode ?? DEFAULT_FILE_MODE;
  if (!key) {
    if (!mountPath) return { envFrom: [{ secretRef: { name: secretName } }] };
    return { volumes: [{ name, secret: { secretName, defaultMode: mode } }], volumeMounts: [{ name, mountPath }] };
  }
  return {
    ...(env ? { env: [{ name: env, valueFrom: { secretKeyRef: { name: secretName, key } } }] } : {}),
    ...(mountPath
      ? {
          volumes: [{ name, secret: { secretName, items: [{ key, path: SECRET_FILE, mode }], defaultMode: mode } }],
          volumeMounts: [{ name, mountPath, subPath: SECRET_FILE }],
        }
      : {}),
  };
}
