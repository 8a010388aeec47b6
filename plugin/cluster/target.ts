import type { Impersonation, KubeConfigOverrides } from '#host/cluster/rest/kube-config-overrides.ts';
import type { RestClusterOptions } from '#host/cluster/rest/rest-cluster.ts';
import { type ClusterFlags, durationMs } from '../flags.ts';

/** The longest that a timer can wait: 24 days. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/** Which cluster the flags mean, and as whom. */
export function targetOptions(flags: ClusterFlags): Omit<RestClusterOptions, 'clock'> {
  const { kubeconfig, context, requestTimeout } = flags;
  return defined({
    kubeconfig,
    context,
    overrides: overridesOf(flags),
    requestTimeoutMs: requestTimeout === undefined ? undefined : timeoutMs(requestTimeout),
  });
}

/** The flags that a command needs to go to the same cluster as this one, as words. A token is not among them: it would be on the screen. */
export function targetWords(flags: ClusterFlags): readonly string[] {
  const { kubeconfig, context, cluster, user, server, as, asGroup, asUid, asUserExtra } = flags;
  const { certificateAuthority, clientCertificate, clientKey, tlsServerName, insecureSkipTlsVerify } = flags;
  const word = (flag: string, value: string | undefined): readonly string[] => (value === undefined ? [] : [flag, value]);
  return [
    ...word('--context', context),
    ...word('--kubeconfig', kubeconfig),
    ...word('--cluster', cluster),
    ...word('--user', user),
    ...word('--server', server),
    ...word('--certificate-authority', certificateAuthority),
    ...word('--client-certificate', clientCertificate),
    ...word('--client-key', clientKey),
    ...word('--tls-server-name', tlsServerName),
    ...(insecureSkipTlsVerify === true ? ['--insecure-skip-tls-verify'] : []),
    ...word('--as', as),
    ...(asGroup ?? []).flatMap((group) => ['--as-group', group]),
    ...word('--as-uid', asUid),
    ...(asUserExtra ?? []).flatMap((extra) => ['--as-user-extra', extra]),
  ];
}

function overridesOf(flags: ClusterFlags): KubeConfigOverrides {
  const { cluster, user, server, token, certificateAuthority, clientCertificate, clientKey, insecureSkipTlsVerify, tlsServerName } = flags;
  // An empty value is as good as none, as with kubectl: scripts pass on what they have not got.
  const given = { cluster, user, server, token, certificateAuthority, clientCertificate, clientKey, tlsServerName };
  const filled = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ''));
  return defined({ ...filled, insecureSkipTlsVerify, impersonate: impersonationOf(flags) });
}

function impersonationOf({ as, asGroup, asUid, asUserExtra }: ClusterFlags): Impersonation | undefined {
  const extra: Record<string, string[]> = {};
  for (const [key, value] of (asUserExtra ?? []).map(keyAndValue)) extra[key] = [...(extra[key] ?? []), value];
  const given = defined({ user: as, groups: asGroup, uid: asUid, extra: Object.keys(extra).length === 0 ? undefined : extra });
  return Object.keys(given).length === 0 ? undefined : given;
}

function keyAndValue(text: string): readonly [key: string, value: string] {
  const at = text.indexOf('=');
  return [text.slice(0, at).toLowerCase(), text.slice(at + 1)];
}

function timeoutMs(text: string): number {
  if (/^0+$/.test(text)) return NO_LIMIT_MS;
  return Math.min(NO_LIMIT_MS, /^\d+$/.test(text) ? Number(text) * 1_000 : durationMs(text));
}

/** Without what is undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
