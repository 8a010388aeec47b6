import type { Container, PodSpec } from '../api/kubernetes.ts';
import { goQuote } from '../units/quote.ts';
import type { DirectoryMount } from './contexts.ts';
import type { FileMount } from './files.ts';
import type { GitMount } from './git.ts';
import { cleanPath } from './paths.ts';
import { agentError, contextError, type Refusal } from './refusal.ts';

/** Two contexts at one path: the later would silently overwrite the earlier. Null when each has its own. */
export function contextConflict(
  files: readonly FileMount[],
  directories: readonly DirectoryMount[],
  git: readonly GitMount[],
): Refusal | null {
  const claims = [
    ...files.map(({ path, origin }) => ({ path, by: origin })),
    ...directories.map(({ path, origin, configMap }) => ({ path, by: `directory mount of ${origin} (ConfigMap: ${configMap})` })),
    ...git.map(({ mountPath, origin }) => ({ path: mountPath, by: `git mount of ${origin}` })),
  ];
  const twice = firstTwice(claims, ({ path }) => path);
  if (twice === null) return null;
  const [first, second] = twice;
  return contextError(
    `mount path conflict: ${goQuote(first.path)} is used by both ${first.by} and ${second.by}; give one of them another mountPath`,
  );
}

/** What the API server would refuse, said in words that lead to the field: a volume name or a mount path used twice, or a mount at `/`. */
export function podConflict(spec: PodSpec): Refusal | null {
  const volumes = firstTwice(spec.volumes ?? [], ({ name }) => name);
  if (volumes !== null)
    return agentError(
      `volume name conflict: ${goQuote(volumes[0].name)} is used twice; give the volume in podSpec.extraVolumes another name`,
    );
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    const conflict = mountConflict(container);
    if (conflict !== null) return conflict;
  }
  return null;
}

function mountConflict(container: Container): Refusal | null {
  const mounts = container.volumeMounts ?? [];
  const root = mounts.find(({ mountPath }) => cleanPath(mountPath) === '/');
  if (root !== undefined)
    return agentError(`volume ${goQuote(root.name)} of container ${container.name} cannot be mounted at /; choose a folder below it`);
  const twice = firstTwice(mounts, ({ mountPath }) => cleanPath(mountPath));
  if (twice === null) return null;
  const [first, second] = twice;
  return agentError(
    `mount path conflict: ${goQuote(first.mountPath)} is used by both volume ${goQuote(first.name)} and volume ${goQuote(second.name)} in container ${container.name}; give the credential, context or extra volume mount another mountPath`,
  );
}

function firstTwice<T>(items: readonly T[], keyOf: (item: T) => string): readonly [T, T] | null {
  const seen = new Map<string, T>();
  for (const item of items) {
    const key = keyOf(item);
    const before = seen.get(key);
    if (before !== undefined) return [before, item];
    seen.set(key, item);
  }
  return null;
}
