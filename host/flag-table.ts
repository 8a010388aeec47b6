import { LOG_LEVELS } from './observe/log.ts';

/** Every default in one place, in the form in which it is typed. */
export const DEFAULTS = {
  'leader-elect': 'false',
  'leader-elect-lease-name': 'task-controller.kubeopencode.io',
  'leader-elect-lease-duration': '15s',
  'leader-elect-renew-deadline': '10s',
  'leader-elect-retry-period': '2s',
  'metrics-bind-address': ':8080',
  'metrics-auth': 'false',
  'debug-bind-address': '0',
  'health-probe-bind-address': ':8081',
  'core-watch-interval': '0',
  'log-level': 'info',
  'journal-max-size': '256Mi',
  'unreachable-after': '5m',
  'reference-grace': '1m',
  'max-concurrent-reconciles': '32',
  'release-pods': 'false',
} as const;

/** Name, form of the value, meaning. */
export const FLAGS = [
  ['kubeconfig', 'FILE', 'kubeconfig file (default: KUBECONFIG, ~/.kube/config, or the ServiceAccount of the Pod)'],
  ['context', 'NAME', 'context of the kubeconfig (default: its current one)'],
  ['namespace', 'NAME', 'work in this namespace only; may be repeated (default: all namespaces)'],
  ['label-selector', 'SELECTOR', 'work on Tasks with these labels only, so that several hosts can share a cluster'],
  ['leader-elect', 'BOOLEAN', 'take part in a leader election; needed for more than one replica'],
  ['leader-elect-lease-name', 'NAME', 'name of the Lease'],
  ['leader-elect-namespace', 'NAME', 'namespace of the Lease (default: that of the Pod, else that of the context)'],
  ['leader-elect-lease-duration', 'DURATION', 'how long others wait after a leader was last heard of'],
  ['leader-elect-renew-deadline', 'DURATION', 'how long a leader goes on without renewing'],
  ['leader-elect-retry-period', 'DURATION', 'time between two tries'],
  ['metrics-bind-address', 'ADDRESS', 'where /metrics is served; 0 for nowhere'],
  [
    'metrics-auth',
    'BOOLEAN',
    'serve /metrics, and /debug beside it, only to those whom the API server lets: bearer token, RBAC on nonResourceURLs',
  ],
  ['metrics-tls-cert-file', 'FILE', 'serve metrics over HTTPS with this certificate (PEM); read again when it changes'],
  ['metrics-tls-key-file', 'FILE', 'its key'],
  [
    'debug-bind-address',
    'ADDRESS',
    'where /debug is served to whoever reaches it, such as 127.0.0.1:8082 for kubectl port-forward; loopback only, 0 for nowhere',
  ],
  ['health-probe-bind-address', 'ADDRESS', 'where /healthz and /readyz are served; 0 for nowhere'],
  [
    'core',
    'FILE|oci://REF',
    'core.wasm to decide with: a file, or oci://registry/repository@sha256:… (default: the one beside this program)',
  ],
  ['core-digest', 'sha256:HEX', 'refuse to start with a core of another digest'],
  ['core-auth-file', 'FILE', 'Docker configuration (or .dockerconfigjson of an image pull secret) with logins for registries'],
  ['core-cache', 'DIR', 'keep cores from registries there by their digests, and start from them (default: no cache)'],
  ['core-watch-interval', 'DURATION', 'how often --core is looked at for another core, which then takes over; 0 for only at SIGHUP'],
  ['shadow-core', 'FILE|oci://REF', 'a second core that decides too; differences are counted and journalled, and nothing of it is done'],
  ['log-level', 'LEVEL', `one of ${LOG_LEVELS.join(', ')}`],
  ['journal', 'DIR', 'keep every snapshot and decision there as JSON lines, without secrets'],
  ['journal-max-size', 'SIZE', 'bound of the journal; the oldest is dropped'],
  ['unreachable-after', 'DURATION', 'how long past its grace a Pod on an unreachable node may stay before its Task ends as NodeLost'],
  ['reference-grace', 'DURATION', 'how long a missing Agent, template or ConfigMap is waited for'],
  ['max-concurrent-reconciles', 'COUNT', 'how many Tasks are worked on at the same time'],
  ['release-pods', 'BOOLEAN', 'for an uninstall: take the finalizer off all Pods and end, instead of running Tasks'],
] as const;
export type FlagName = (typeof FLAGS)[number][0];
