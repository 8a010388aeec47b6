import { existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { type DispatcherOptions, findHomeDir, KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { HttpMethod, RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { parse } from 'yaml';
import { type Impersonation, impersonation, impersonationHeaders, type KubeConfigOverrides, overridden } from './kube-config-overrides.ts';

/** Which of the machine's configurations to use. */
export interface KubeConfigSource {
  /** Path of a kubeconfig file. Default: `$KUBECONFIG` (a list; the first to say something wins), `~/.kube/config`, the Pod's service account. */
  readonly kubeconfig?: string;
  /** Default: the current context. */
  readonly context?: string;
  /** What a command line says beside it; default: nothing. */
  readonly overrides?: KubeConfigOverrides;
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
  readonly impersonate: Impersonation;
}

const TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * client-node's KubeConfig as a source of credentials only: it reads files, runs exec plugins and refreshes tokens, and makes no connection of its own
 * (its own way is one new connection for each call). Beyond it: `tokenFile`, impersonated groups, UID and extra values, contexts without a user, `http://` servers, and kubectl's flags.
 */
export class CredentialSource extends KubeConfig {
  #extras = new Map<string, UserExtras>();
  #tls: TlsOptions = {};
  #impersonate: Impersonation = {};

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
    this.users = this.users.map((user) => withExtras(user, this.#extras.get(user.name)));
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

  /** Has the present context lead where a command line says. Throws an error that says what to change. */
  apply(overrides: KubeConfigOverrides): void {
    const contextName = this.currentContext ?? '';
    const { context, cluster, user } = overridden(
      { contextName, context: this.getContextObject(contextName), clusters: this.clusters, users: this.users },
      overrides,
    );
    this.#impersonate = impersonation(this.#extras.get(user.name)?.impersonate ?? {}, overrides.impersonate);
    this.clusters = [cluster, ...this.clusters.filter(({ name }) => name !== cluster.name)];
    this.users = [user, ...this.users.filter(({ name }) => name !== user.name)];
    this.contexts = [context, ...this.contexts.filter(({ name }) => name !== context.name)];
    this.currentContext = context.name;
  }

  /** Rejects when a file can't be read or a plugin fails. Not to be called again before it has answered. */
  async credentials(): Promise<Credentials> {
    const request = new RequestContext('https://localhost', HttpMethod.GET);
    await this.applySecurityAuthentication(request);
    // A token file ends with a newline more often than not.
    const given = Object.entries(request.getHeaders()).map(([key, value]) => [key, value.trim()] as const);
    return { headers: { ...Object.fromEntries(given), ...impersonationHeaders(this.#impersonate) }, tls: this.#tls };
  }
}

/** Loads the configuration and checks that its context names a cluster. Throws an error that says what to change. */
export function loadCredentialSource(source: KubeConfigSource): CredentialSource {
  const { context, overrides = {} } = source;
  const config = load(source);
  if (context !== undefined) config.setCurrentContext(context);
  const name = config.getCurrentContext();
  const saysWhere = context === undefined && (overrides.server ?? overrides.cluster) !== undefined;
  if (config.getContextObject(name) === null && !saysWhere) {
    const known = config.contexts.map((other) => other.name).join(', ') || 'none';
    throw new Error(`use context "${name ?? ''}": expected one of the kubeconfig's contexts (${known}); choose one with --context`);
  }
  config.apply(overrides);
  return config;
}

function load({ kubeconfig, overrides }: KubeConfigSource): CredentialSource {
  if (kubeconfig !== undefined) return loadFile(kubeconfig);
  const listed = process.env.KUBECONFIG?.split(delimiter).filter((path) => path !== '') ?? [];
  // Of a list an empty file is as good as none, as with kubectl.
  const present = listed.filter((path) => existsSync(path) && statSync(path).size > 0);
  if (present.length > 0) return loadFiles(present);
  const home = findHomeDir();
  const homeFile = home === null ? undefined : join(home, '.kube', 'config');
  if (listed.length === 0 && homeFile !== undefined && existsSync(homeFile)) return loadFile(homeFile);
  if (process.env.KUBERNETES_SERVICE_HOST && existsSync(TOKEN_FILE)) {
    const config = new CredentialSource();
    config.loadFromCluster();
    return config;
  }
  if (overrides?.server !== undefined) return new CredentialSource();
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

function withExtras(user: User, extras: UserExtras | undefined): User {
  const exec = user.exec ? { ...user.exec, env: [...(user.exec.env ?? []), execInfo(user.exec.apiVersion)] } : user.exec;
  if (extras?.tokenFile === undefined) return { ...user, exec };
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
    const { tokenFile, as, 'as-groups': groups, 'as-uid': uid, 'as-user-extra': extra } = user;
    extras.set(name, {
      ...(typeof tokenFile === 'string' ? { tokenFile } : {}),
      impersonate: {
        ...(typeof as === 'string' ? { user: as } : {}),
        ...(Array.isArray(groups) ? { groups: groups.map(String) } : {}),
        ...(typeof uid === 'string' ? { uid } : {}),
        ...(isRecord(extra)
          ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [values].flat().map(String)])) }
          : {}),
      },
    });
  }
  return extras;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
