import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiAccess } from './api.ts';

/** Writes a kubeconfig with one context; returns its path. The file holds a token and is readable for its owner alone. */
export function writeKubeconfig(directory: string, name: string, access: ApiAccess): string {
  const file = join(directory, `${name}.kubeconfig`);
  const authority = access.server.startsWith('https:')
    ? { 'certificate-authority-data': Buffer.from(access.certificateAuthority).toString('base64') }
    : {};
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubeopencode-local', cluster: { server: access.server, ...authority } }],
    users: [{ name, user: { token: access.token } }],
    contexts: [{ name: 'kubeopencode-local', context: { cluster: 'kubeopencode-local', user: name } }],
    'current-context': 'kubeopencode-local',
  };
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  return file;
}
