import packageJson from '../../package.json' with { type: 'json' };
import type { ImageOrder } from './make-image.ts';
import type { ImageConfig } from './oci.ts';
import { PATHS, USER_ID } from './own-files.ts';

/**
 * The host is idle for most of its life and then makes much that is garbage at once. Left alone, V8 lets the young generation grow to 128 MiB in that, and
 * each thread that mallocs gets memory of its own: at 1,000 Tasks at once the two came to 330 MiB where 170 do, at the same CPU time.
 */
export const NODE_FLAGS = ['--max-semi-space-size=4'] as const;
export const FEWER_ARENAS = { MALLOC_ARENA_MAX: '1' } as const;

/** How the image starts: as the host. The Dockerfile says the same. */
export const ENTRYPOINT = [PATHS.node, ...NODE_FLAGS, PATHS.host] as const;
export const ENVIRONMENT = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'NODE_ENV=production',
  ...Object.entries(FEWER_ARENAS).map(([name, value]) => `${name}=${value}`),
] as const;
/** Metrics and health, as the host's flags have them by default. */
export const PORTS = ['8080/tcp', '8081/tcp'] as const;

export function imageConfig({ architecture, createdSeconds, revision }: ImageOrder): ImageConfig {
  return {
    architecture,
    createdSeconds,
    user: `${USER_ID}:${USER_ID}`,
    entrypoint: ENTRYPOINT,
    env: ENVIRONMENT,
    ports: PORTS,
    labels: {
      'org.opencontainers.image.title': 'kubeopencode-host',
      'org.opencontainers.image.description': packageJson.description,
      'org.opencontainers.image.licenses': packageJson.license,
      'org.opencontainers.image.version': packageJson.version,
      ...(revision === undefined ? {} : { 'org.opencontainers.image.revision': revision }),
    },
  };
}
