import type { Proxy as ProxySpec } from '../api/agent-parts.ts';
import type { EnvVar } from '../api/kubernetes.ts';

/** The proxy variables, in upper and lower case because programs differ. Services of the cluster are never reached through the proxy. */
export function proxyEnv(proxy: ProxySpec | undefined, clusterDomain: string): readonly EnvVar[] {
  if (proxy === undefined) return [];
  return [
    ...both('HTTP_PROXY', proxy.httpProxy ?? ''),
    ...both('HTTPS_PROXY', proxy.httpsProxy ?? ''),
    ...both('NO_PROXY', noProxy(proxy.noProxy ?? '', clusterDomain)),
  ];
}

function noProxy(wanted: string, clusterDomain: string): string {
  return ['.svc', `.${clusterDomain}`].reduce(
    (list, suffix) => (list.includes(suffix) ? list : list === '' ? suffix : `${list},${suffix}`),
    wanted,
  );
}

function both(name: string, value: string): readonly EnvVar[] {
  return value === ''
    ? []
    : [
        { name, value },
        { name: name.toLowerCase(), value },
      ];
}
