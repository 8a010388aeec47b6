import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { type DispatcherOptions, findHomeDir, KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { HttpMethod, RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { parse } from 'yaml';

/** Which of the machine's configurations to use. */
export interface KubeConfigSource {
  /** Path of a kubeconfig file. Default: `$KUBECONFIG` (a list; the first to say something wins), `~/.kube/config`, the Pod's service account. */
  readonly kubeconfig?: string;
  /** Default: the current context. */
  readonly context?: string;
}

/** TLS material and names as `node:tls` takes them. */
export interface TlsOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  passphrase?: string;
  rejectUnauthorized?: boolean;
  servername?: string;
}

/** What one request needs to be let in. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly tls: Readonly<TlsOptions>;
}

/** What kubeconfig files may say of a user beyond what client-node reads. */
interface UserExtras {
  readonly tokenFile?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
}

const TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * client-node's KubeConfig as a source of credentials only: it reads files, runs exec plugins and refreshes tokens, and makes no connection of its own
 * (its own way is one new connection for each call). Beyond it: `tokenFile`, impersonated groups and UID, contexts without a user, `http://` servers.
 */
export class CredentialSource extends KubeConfig {
  #extras = new Map<string, UserExtras>();
  #tls: TlsOptions = {};

  override createDispatcherOptions(...[, agentOptions]: Parameters<KubeConfig['createDispatcherOptions']>): DispatcherOptions {
    this.#tls = agentOptions as TlsOptions;
    return { type: 'none' };
  }

  override getCurrentUser(): User {
    // Without a user client-node would leave the cluster's certificate authority out as well.
    return super.getCurrentUser() ?? { name: '' };
  }

  override loadFromString(...args: Parameters<KubeConfig['loadFromString']>): void {
    super.loadFromString(...args);
    this.#extras = readExtras(args[0]);
    this.users = this.users.map((user) => withExtras(user, this.#extras.get(user.name) ?? {}));
  }

  override makePathsAbsolute(rootDirectory: string): void {
    super.makePathsAbsolute(rootDirectory);
    for (const user of this.users) {
      const config = user.authProvider?.config;
      if (typeof config?.tokenFile === 'string' && !isAbsolute(config.tokenFile)) config.tokenFile = join(rootDirectory, config.tokenFile);
      const command = user.exec?.command;
      // As kubectl: a command with a slash is a path from the file that names it, one without is found on PATH.
      if (typeof command === 'string' && command.includes('/') && !isAbsolute(command)) user.exec.command = join(rootDirectory, command);
    }
  }

  /** Adds what this configuration does not have yet: the first to name something wins, as with kubectl. */
  addMissing(other: CredentialSource): void {
    this.clusters = [...this.clusters, ...other.clusters.filter(({ name }) => !this.clusters.some((own) => own.name === name))];
    this.contexts = [...this.contexts, ...other.contexts.filter(({ name }) => !this.contexts.some((own) => own.name === name))];
    this.users = [...this.users, ...other.users.filter(({ name }) => !this.users.some((own) => own.name === name))];
    this.#extras = new Map([...other.#extras, ...this.#extras]);
    if (!this.currentContext && other.currentContext) this.currentContext = other.currentContext;
  }

  /** Rejects when a file can't be read or a plugin fails. Not to be called again before it has answered. */
  async credentials(): Promise<Credentials> {
    const request = new RequestContext('https://localhost', HttpMethod.GET);
    await this.applySecurityAuthentication(request);
    const { groups, uid } = this.#extras.get(this.getCurrentUser().name) ?? {};
    // A token file ends with a newline more often than not.
    const given = Object.entries(request.getHeaders()).map(([key, value]) => [key, value.trim()] as const);
    const headers = {
      ...Object.fromEntries(given),
      ...(groups === undefined ? {} : { 'Impersonate-Group': groups }),
      ...(uid === undefined ? {} : { 'Impersonate-Uid': uid }),
    };
    return { headers, tls: this.#tls };
  }
}

/** Loads the configuration and checks that its context names a cluster. Throws an error that says what to change. */
export function loadCredentialSource(source: KubeConfigSource): CredentialSource {
  const config = load(source);
  if (source.context !== undefined) config.setCurrentContext(source.context);
  const name = config.getCurrentContext();
  const context = config.getContextObject(name);
  const known = config.contexts.map((other) => other.name).join(', ') || 'none';
  if (context === null) {
    throw new Error(`use context "${name ?? ''}": expected one of the kubeconfig's contexts (${known}); choose one with --context`);
  }
  if (config.getCurrentCluster() === null) {
    throw new Error(`use context "${name}": expected its cluster "${context.cluster}" in the kubeconfig, it is not there`);
  }
  return config;
}

function load({ kubeconfig }: KubeConfigSource): CredentialSource {
  if (kubeconfig !== undefined) return loadFile(kubeconfig);
  const listed = process.env.KUBECONFIG?.split(delimiter).filter((path) => path !== '') ?? [];
  const present = listed.filter((path) => existsSync(path));
  if (present.length > 0) return loadFiles(present);
  const home = findHomeDir();
  const homeFile = home === null ? undefined : join(home, '.kube', 'config');
  if (listed.length === 0 && homeFile !== undefined && existsSync(homeFile)) return loadFile(homeFile);
  if (process.env.KUBERNETES_SERVICE_HOST && existsSync(TOKEN_FILE)) {
    const config = new CredentialSource();
    config.loadFromCluster();
    return config;
  }
  const tried = [...listed, ...(homeFile === undefined || listed.length > 0 ? [] : [homeFile]), TOKEN_FILE].join(', ');
  throw new Error(`find a kubeconfig: expected one of ${tried}, none is there; name one with --kubeconfig or KUBECONFIG`);
}

function loadFiles(paths: readonly string[]): CredentialSource {
  const [first, ...rest] = paths.map(loadFile);
  if (first === undefined) throw new Error('load kubeconfig files: expected at least one');
  for (const other of rest) first.addMissing(other);
  return first;
}

function loadFile(path: string): CredentialSource {
  const config = new CredentialSource();
  try {
    config.loadFromString(readFileSync(path, 'utf8'));
    config.makePathsAbsolute(dirname(path));
  } catch (cause) {
    const came = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`load kubeconfig "${path}": expected a Config with clusters, users and contexts, came: ${came}`, { cause });
  }
  return config;
}

function withExtras(user: User, extras: UserExtras): User {
  const exec = user.exec ? { ...user.exec, env: [...(user.exec.env ?? []), execInfo(user.exec.apiVersion)] } : user.exec;
  if (extras.tokenFile === undefined) return { ...user, exec };
  const { token: _, ...rest } = user;
  return { ...rest, exec, authProvider: { name: 'tokenFile', config: { tokenFile: extras.tokenFile } } };
}

/** What credential plugins read to learn which version of the protocol is spoken. */
function execInfo(apiVersion: unknown): { readonly name: string; readonly value: string } {
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
  return { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) };
}

function readExtras(text: string): Map<string, UserExtras> {
  const file = parse(text) as { readonly users?: readonly { readonly name?: string; readonly user?: Readonly<Record<string, unknown>> }[] };
  const extras = new Map<string, UserExtras>();
  for (const { name, user } of file.users ?? []) {
    if (name === undefined || !user) continue;
    const { tokenFile, 'as-groups': groups, 'as-uid': uid } = user;
    extras.set(name, {
      ...(typeof tokenFile === 'string' ? { tokenFile } : {}),
      ...(Array.isArray(groups) ? { groups: groups.map(String) } : {}),
      ...(typeof uid === 'string' ? { uid } : {}),
    });
  }
  return extras;
}
