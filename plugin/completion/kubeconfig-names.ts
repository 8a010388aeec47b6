import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import type { Io } from '../io.ts';

/** Names of what the kubeconfig files hold; those that can't be read are left out. Reads names only, so it needs none of what makes a connection. */
export function kubeconfigNames(what: 'contexts' | 'clusters' | 'users', file: string | undefined, env: Io['env']): readonly string[] {
  const listed = env.KUBECONFIG?.split(delimiter).filter((path) => path !== '') ?? [];
  const [home = ''] = [env.HOME ?? env.USERPROFILE];
  const paths = file !== undefined ? [file] : listed.length > 0 ? listed : [join(home, '.kube', 'config')];
  return [...new Set(paths.flatMap((path) => namesIn(path, what)))];
}

function namesIn(path: string, what: string): readonly string[] {
  try {
    const config: unknown = parse(readFileSync(path, 'utf8'));
    const entries: unknown = isRecord(config) ? config[what] : undefined;
    return Array.isArray(entries) ? entries.flatMap((entry: unknown) => (isRecord(entry) ? [String(entry.name)] : [])) : [];
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
