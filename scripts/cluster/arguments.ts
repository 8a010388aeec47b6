/** Where one control plane keeps its things. */
export interface Layout {
  readonly directory: string;
  readonly ports: Readonly<
    Record<'etcd' | 'etcdPeer' | 'apiServer' | 'controllerManager' | 'scheduler' | 'kwokNode' | 'kwokServer', number>
  >;
  readonly tokens: Readonly<Record<'admin' | 'controllerManager' | 'scheduler' | 'kwok' | 'kubelet', string>>;
  readonly tokenFile: string;
  /** The API server writes its certificate there. */
  readonly certificates: string;
  readonly serviceAccountKey: string;
  readonly auditPolicy: string;
  readonly auditLog: string;
  readonly kwokConfiguration: string;
}

const LOOPBACK = '127.0.0.1';

/** Throwaway data: no fsync; and a single member need not wait a second to elect itself. */
export function etcdArguments({ directory, ports }: Layout): readonly string[] {
  const client = `http://${LOOPBACK}:${ports.etcd}`;
  const peer = `http://${LOOPBACK}:${ports.etcdPeer}`;
  return flags({
    'data-dir': `${directory}/etcd`,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
    'unsafe-no-fsync': 'true',
    'heartbeat-interval': '10',
    'election-timeout': '100',
    // Room for what a benchmark writes within the five minutes until the API server compacts.
    'quota-backend-bytes': String(8 * 2 ** 30),
    'log-level': 'warn',
  });
}

/** As a real cluster: RBAC, ServiceAccount admission, and OwnerReferencesPermissionEnforcement, which some distributions turn on. */
export function apiServerArguments(layout: Layout): readonly string[] {
  return flags({
    'etcd-servers': `http://${LOOPBACK}:${layout.ports.etcd}`,
    'bind-address': LOOPBACK,
    'advertise-address': LOOPBACK,
    'secure-port': String(layout.ports.apiServer),
    'cert-dir': layout.certificates,
    'token-auth-file': layout.tokenFile,
    'service-account-key-file': layout.serviceAccountKey,
    'service-account-signing-key-file': layout.serviceAccountKey,
    'service-account-issuer': 'https://kubernetes.default.svc',
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'OwnerReferencesPermissionEnforcement,NodeRestriction',
    'service-cluster-ip-range': '10.0.0.0/24',
    'allow-privileged': 'true',
    // The address 127.0.0.1 must not become an endpoint of the Service "kubernetes".
    'endpoint-reconciler-type': 'none',
    'audit-policy-file': layout.auditPolicy,
    'audit-log-path': layout.auditLog,
    // One file, however long: who counts in it must not lose its beginning.
    'audit-log-maxsize': '100000',
    // A real node is reached by its host name, fake ones have none.
    'kubelet-preferred-address-types': 'Hostname,InternalIP',
  });
}

const CONTROLLERS = [
  // What an admin of a namespace may do.
  'clusterrole-aggregation-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'resourcequota-controller',
  'root-ca-certificate-publisher-controller',
  'serviceaccount-controller',
];

/** Those that write to Pods or delete them. */
const POD_CONTROLLERS = [
  'disruption-controller',
  'node-lifecycle-controller',
  'pod-garbage-collector-controller',
  'taint-eviction-controller',
];

/** Its own client limits would be the slowest thing in a test with a hundred Tasks. */
const CLIENT_LIMITS = { 'kube-api-qps': '5000', 'kube-api-burst': '10000' };

export function controllerManagerArguments(layout: Layout, kubeconfig: string, pods: 'Live' | 'Inert'): readonly string[] {
  return flags({
    kubeconfig,
    'leader-elect': 'false',
    'secure-port': String(layout.ports.controllerManager),
    'bind-address': LOOPBACK,
    'cert-dir': `${layout.directory}/controller-manager`,
    'use-service-account-credentials': 'true',
    'service-account-private-key-file': layout.serviceAccountKey,
    'root-ca-file': `${layout.certificates}/apiserver.crt`,
    controllers: [...CONTROLLERS, ...(pods === 'Live' ? POD_CONTROLLERS : [])].join(','),
    ...CLIENT_LIMITS,
  });
}

export function schedulerArguments(layout: Layout, kubeconfig: string): readonly string[] {
  return flags({
    kubeconfig,
    'leader-elect': 'false',
    'secure-port': String(layout.ports.scheduler),
    'bind-address': LOOPBACK,
    'cert-dir': `${layout.directory}/scheduler`,
    ...CLIENT_LIMITS,
  });
}

export function kwokArguments(layout: Layout, kubeconfig: string): readonly string[] {
  return flags({
    kubeconfig,
    'manage-all-nodes': 'false',
    'manage-nodes-with-annotation-selector': 'kwok.x-k8s.io/node=fake',
    cidr: '10.244.0.0/16',
    'node-ip': LOOPBACK,
    'node-port': String(layout.ports.kwokNode),
    'server-address': `${LOOPBACK}:${layout.ports.kwokServer}`,
    'node-lease-duration-seconds': '40',
    config: layout.kwokConfiguration,
  });
}

function flags(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
