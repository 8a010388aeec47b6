import type { Cluster, Context, User } from '@kubernetes/client-node/dist/config_types.js';

/** Who the requests are said to come from; the credentials must be allowed to impersonate them. */
export interface Impersonation {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  /** By lower-case key. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a command line says beside the kubeconfig, with the meaning that it has for kubectl. Source: client-go tools/clientcmd/client_config.go, overrides.go. */
export interface KubeConfigOverrides {
  /** Name of another cluster of the kubeconfig than the context's. */
  readonly cluster?: string;
  /** Name of another user of the kubeconfig than the context's. */
  readonly user?: string;
  /** Address; without `https://` or `http://` it is HTTPS where something of TLS is given, else HTTP. */
  readonly server?: string;
  /** Path of a file. */
  readonly certificateAuthority?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly tlsServerName?: string;
  /** A secret: goes into no message. */
  readonly token?: string;
  /** Path of a file. */
  readonly clientCertificate?: string;
  /** Path of a file. */
  readonly clientKey?: string;
  readonly impersonate?: Impersonation;
}

/** What a context comes to: where it leads, and as whom. */
export interface Target {
  readonly context: Context;
  readonly cluster: Cluster;
  readonly user: User;
}

/** Parts of a configuration, and the context that counts. */
export interface Parts {
  readonly contextName: string;
  readonly context: Context | null;
  readonly clusters: readonly Cluster[];
  readonly users: readonly User[];
}

/** The name of the context of who has no kubeconfig and says all on the command line. */
const NO_CONTEXT = 'of the command line';

/** Throws an error that says what to change where a name is not in the kubeconfig, or what is given contradicts itself. */
export function overridden(parts: Parts, overrides: KubeConfigOverrides): Target {
  const { contextName, context } = parts;
  const cluster = clusterOf(parts, overrides);
  const user = userOf(parts, overrides);
  const name = context === null ? contextName || NO_CONTEXT : context.name;
  return { context: { ...context, name, cluster: cluster.name, user: user.name }, cluster, user };
}

function clusterOf({ contextName, context, clusters }: Parts, overrides: KubeConfigOverrides): Cluster {
  const { server, certificateAuthority, insecureSkipTlsVerify, tlsServerName } = overrides;
  const name = overrides.cluster ?? context?.cluster;
  const found = clusters.find((one) => one.name === name);
  if (found === undefined && overrides.cluster !== undefined)
    throw new Error(
      `use cluster "${overrides.cluster}": expected one of the kubeconfig's clusters (${namesOf(clusters)}); choose one with --cluster`,
    );
  if (found === undefined && server === undefined)
    throw new Error(`use context "${contextName}": expected its cluster "${name ?? ''}" in the kubeconfig, it is not there`);
  if (certificateAuthority !== undefined && insecureSkipTlsVerify === true)
    throw new Error(
      'connect: expected --certificate-authority or --insecure-skip-tls-verify, not both: the one verifies, the other does not',
    );
  const known: Cluster = found ?? { name: name ?? NO_CONTEXT, server: '', skipTLSVerify: false };
  const { caData, caFile, skipTLSVerify, tlsServerName: ownName, ...rest } = known;
  // Whoever names an authority, or wants none asked, means it instead of what the kubeconfig says of either.
  const trust =
    certificateAuthority !== undefined
      ? { caFile: certificateAuthority, skipTLSVerify: false }
      : insecureSkipTlsVerify === true
        ? { skipTLSVerify: true }
        : { skipTLSVerify, ...(caData ? { caData } : {}), ...(caFile && !caData ? { caFile } : {}) };
  // The name in the certificate belongs to the address: another address has another, or that of its own host.
  const servername = tlsServerName ?? (server === undefined ? ownName : undefined);
  return {
    ...rest,
    ...trust,
    ...(servername === undefined ? {} : { tlsServerName: servername }),
    ...(server === undefined ? {} : { server: withScheme(server, overrides, trust) }),
  };
}

function withScheme(
  server: string,
  { clientCertificate, insecureSkipTlsVerify }: KubeConfigOverrides,
  trust: Partial<Pick<Cluster, 'caData' | 'caFile'>>,
): string {
  if (/^https?:\/\//.test(server)) return checkedUrl(server, server);
  const isTls = insecureSkipTlsVerify === true || clientCertificate !== undefined || (trust.caData ?? trust.caFile) !== undefined;
  return checkedUrl(`${isTls ? 'https' : 'http'}://${server}`, server);
}

function checkedUrl(url: string, given: string): string {
  if (URL.canParse(url)) return url;
  throw new Error(
    `connect: expected --server to be the address of an API server such as https://10.0.0.1:6443, came ${JSON.stringify(given)}`,
  );
}

function userOf({ context, users }: Parts, overrides: KubeConfigOverrides): User {
  const { token, clientCertificate, clientKey } = overrides;
  const name = overrides.user ?? context?.user;
  const found = users.find((one) => one.name === name);
  if (found === undefined && overrides.user !== undefined)
    throw new Error(`use user "${overrides.user}": expected one of the kubeconfig's users (${namesOf(users)}); choose one with --user`);
  return withKeyPair(withToken(found ?? { name: name ?? NO_CONTEXT }, token), clientCertificate, clientKey);
}

/** A token that is given goes before whatever else would get one: a plugin, a file, a password. */
function withToken(user: User, token: string | undefined): User {
  if (token === undefined) return user;
  const { exec: _exec, authProvider: _provider, username: _username, password: _password, ...rest } = user;
  return { ...rest, token };
}

/** What stands in the kubeconfig itself goes before the file that it names, and what the command line names before both. */
function withKeyPair(user: User, clientCertificate: string | undefined, clientKey: string | undefined): User {
  const { certData, certFile, keyData, keyFile, ...rest } = user;
  const certificate = clientCertificate ?? (certData ? undefined : certFile);
  const key = clientKey ?? (keyData ? undefined : keyFile);
  return {
    ...rest,
    ...(certificate ? { certFile: certificate } : certData ? { certData } : {}),
    ...(key ? { keyFile: key } : keyData ? { keyData } : {}),
  };
}

/** What is given, in place of what the kubeconfig says of the same. Throws where there is nobody whose groups, UID or other traits these could be. */
export function impersonation(configured: Impersonation, given: Impersonation = {}): Impersonation {
  const merged = { ...configured, ...given };
  const { user, ...traits } = merged;
  if ((user === undefined || user === '') && Object.keys(traits).length > 0)
    throw new Error('impersonate: expected a user whose groups, UID or extra values these are; name one with --as');
  return merged;
}

/** Source: client-go transport/round_trippers.go, impersonatingRoundTripper. */
export function impersonationHeaders({ user, groups, uid, extra }: Impersonation): Readonly<Record<string, string | readonly string[]>> {
  const extras = Object.entries(extra ?? {}).map(([key, values]) => [`Impersonate-Extra-${headerKey(key)}`, values] as const);
  return {
    ...(user === undefined || user === '' ? {} : { 'Impersonate-User': user }),
    ...(groups === undefined || groups.length === 0 ? {} : { 'Impersonate-Group': groups }),
    ...(uid === undefined || uid === '' ? {} : { 'Impersonate-Uid': uid }),
    ...Object.fromEntries(extras),
  };
}

/** Bytes that a header's name can't have are percent-encoded, and the percent sign itself. */
function headerKey(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /^[\w!#$&'*+.^`|~-]$/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function namesOf(objects: readonly { readonly name: string }[]): string {
  return objects.map(({ name }) => name).join(', ') || 'none';
}
