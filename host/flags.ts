import { Command, CommanderError, Option } from 'commander';
import { OCI_SCHEME, parseReference } from './core/oci/reference.ts';
import { isPinned } from './core/source.ts';
import { DEFAULTS, FLAGS, type FlagName } from './flag-table.ts';
import {
  type ListenAddress,
  type Parsed,
  parseAddress,
  parseBoolean,
  parseChoice,
  parseCount,
  parseDurationMs,
  parseMatching,
  parseSizeBytes,
} from './flag-values.ts';
import { electionConfigFaults } from './leader/election-config.ts';
import { LOG_LEVELS, type LogLevel } from './observe/log.ts';

/** All that a person can choose about a host. */
export interface HostConfig {
  /** Absent: `KUBECONFIG`, `~/.kube/config`, or the Pod's ServiceAccount, as kubectl looks for them. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly labelSelector?: string;
  readonly leaderElection: {
    readonly enabled: boolean;
    readonly leaseName: string;
    /** Absent: the Pod's own namespace, else that of the kubeconfig's context. */
    readonly leaseNamespace?: string;
    readonly leaseDurationMs: number;
    readonly renewDeadlineMs: number;
    readonly retryPeriodMs: number;
  };
  readonly metricsAddress: ListenAddress | 'off';
  /** Whoever reads metrics must be allowed to by the API server; then /debug is there too. */
  readonly metricsAuth: boolean;
  readonly metricsTls?: { readonly certFile: string; readonly keyFile: string };
  /** Where /debug is served to whoever can reach it: this machine alone. */
  readonly debugAddress: ListenAddress | 'off';
  readonly healthAddress: ListenAddress | 'off';
  /** A file or `oci://…`. Absent: `core.wasm` beside the program. */
  readonly core?: string;
  readonly coreDigest?: string;
  readonly coreAuthFile?: string;
  readonly coreCache?: string;
  /** 0: never. */
  readonly coreWatchIntervalMs: number;
  readonly shadowCore?: string;
  readonly logLevel: LogLevel;
  readonly journal?: { readonly folder: string; readonly maxSizeBytes: number };
  readonly unreachableAfterSeconds: number;
  readonly referenceGraceSeconds: number;
  readonly maxConcurrentReconciles: number;
  /** Let go of all Pods and end, instead of running Tasks. Absent: no. */
  readonly releasePods?: boolean;
}

export type ParsedFlags =
  | { readonly type: 'Run'; readonly config: HostConfig }
  /** `--help` or `--version`: print and end well. */
  | { readonly type: 'Print'; readonly text: string }
  /** What is wrong, one line each. */
  | { readonly type: 'Faults'; readonly faults: readonly string[] };

const EXAMPLES = `
Each flag may come from the environment instead: --log-level as KUBEOPENCODE_LOG_LEVEL, a repeated one separated by commas.
Durations are Go durations (90s, 30m, 1h30m), sizes are quantities (256Mi), addresses are :8080, 127.0.0.1:8080 or [::1]:8080.`;

/** The environment variable of a flag: `--log-level` is `KUBEOPENCODE_LOG_LEVEL`. */
export function variableOf(flag: string): string {
  return `KUBEOPENCODE_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** Reads the command line and the environment; a flag wins over its variable, that over the default. The config is frozen. */
export function parseFlags(args: readonly string[], env: Readonly<Record<string, string | undefined>>, version: string): ParsedFlags {
  const command = commandOf(version);
  let printed = '';
  command.exitOverride().configureOutput({
    writeOut: (text) => {
      printed += text;
    },
    writeErr: () => {},
  });
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { type: 'Print', text: printed };
    return { type: 'Faults', faults: [error.message.replace(/^error: /, '')] };
  }
  return configOf(command.opts<Readonly<Record<string, unknown>>>(), env);
}

function commandOf(version: string): Command {
  const command = new Command('kubeopencode-host')
    .description('Runs KubeOpenCode Tasks as Pods: watches, lets core.wasm decide, applies what it decides.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .addHelpText('after', EXAMPLES);
  for (const [name, form, meaning] of FLAGS) {
    const fallback: string | undefined = Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name as keyof typeof DEFAULTS] : undefined;
    const text = fallback === undefined ? meaning : `${meaning} (default: ${fallback})`;
    const option = new Option(`${name === 'namespace' ? '-n, ' : ''}--${name} ${form === 'BOOLEAN' ? `[${form}]` : `<${form}>`}`, text);
    if (name === 'namespace') option.argParser((value: string, before: unknown) => [...(Array.isArray(before) ? before : []), value]);
    command.addOption(option);
  }
  return command;
}

/** Where a text came from, for the messages. */
interface Given {
  readonly from: string;
  readonly text: string;
}

function configOf(options: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string | undefined>>): ParsedFlags {
  const faults: string[] = [];

  function given(flag: FlagName): Given | undefined {
    const option = options[flag.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase())];
    if (option !== undefined) return { from: `--${flag}`, text: Array.isArray(option) ? option.join(',') : String(option) };
    const variable = env[variableOf(flag)];
    return variable === undefined || variable === '' ? undefined : { from: variableOf(flag), text: variable };
  }

  function optional<T>(flag: FlagName, parse: (text: string) => Parsed<T>): T | undefined {
    const value = given(flag);
    const parsed = value === undefined ? undefined : parse(value.text);
    if (parsed === undefined || parsed.ok) return parsed?.value;
    faults.push(`${value?.from}: ${parsed.message}`);
    return undefined;
  }

  /** A default is read by the same parser as what people write; `placeholder` stands in after a fault, the config is then not used. */
  function required<T>(flag: keyof typeof DEFAULTS, parse: (text: string) => Parsed<T>, placeholder: T): T {
    if (given(flag) !== undefined) return optional(flag, parse) ?? placeholder;
    const parsed = parse(DEFAULTS[flag]);
    if (!parsed.ok) throw new Error(`default of --${flag}: ${parsed.message}`);
    return parsed.value;
  }

  const text = (value: string): Parsed<string> => ({ ok: true, value });
  const seconds = (value: string): Parsed<number> => {
    const parsed = parseDurationMs(value);
    return parsed.ok ? { ok: true, value: parsed.value / 1000 } : parsed;
  };
  const kubeconfig = optional('kubeconfig', text);
  const context = optional('context', text);
  const labelSelector = optional('label-selector', text);
  const leaseNamespace = optional('leader-elect-namespace', parseMatching(DNS_LABEL, 'the name of a namespace'));
  const core = optional('core', parseCoreSource);
  const shadowCore = optional('shadow-core', parseCoreSource);
  const coreAuthFile = optional('core-auth-file', text);
  const coreCache = optional('core-cache', text);
  const coreDigest = optional('core-digest', parseMatching(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hexadecimal digits'));
  const certFile = optional('metrics-tls-cert-file', text);
  const keyFile = optional('metrics-tls-key-file', text);
  const journal = optional('journal', text);
  const maxSizeBytes = required('journal-max-size', parseSizeBytes, 0);
  const config: HostConfig = {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    namespaces: optional('namespace', parseNamespaces) ?? [],
    ...(labelSelector === undefined ? {} : { labelSelector }),
    leaderElection: {
      enabled: required('leader-elect', parseBoolean, false),
      leaseName: required('leader-elect-lease-name', parseMatching(DNS_NAME, 'the name of a Lease'), ''),
      ...(leaseNamespace === undefined ? {} : { leaseNamespace }),
      leaseDurationMs: required('leader-elect-lease-duration', parseDurationMs, 15_000),
      renewDeadlineMs: required('leader-elect-renew-deadline', parseDurationMs, 10_000),
      retryPeriodMs: required('leader-elect-retry-period', parseDurationMs, 2_000),
    },
    metricsAddress: required('metrics-bind-address', parseAddress, 'off'),
    metricsAuth: required('metrics-auth', parseBoolean, false),
    ...(certFile === undefined || keyFile === undefined ? {} : { metricsTls: Object.freeze({ certFile, keyFile }) }),
    debugAddress: required('debug-bind-address', parseAddress, 'off'),
    healthAddress: required('health-probe-bind-address', parseAddress, 'off'),
    ...(core === undefined ? {} : { core }),
    ...(coreDigest === undefined ? {} : { coreDigest }),
    ...(coreAuthFile === undefined ? {} : { coreAuthFile }),
    ...(coreCache === undefined ? {} : { coreCache }),
    coreWatchIntervalMs: required('core-watch-interval', parseDurationMs, 0),
    ...(shadowCore === undefined ? {} : { shadowCore }),
    logLevel: required('log-level', parseChoice(LOG_LEVELS), 'info'),
    ...(journal === undefined ? {} : { journal: Object.freeze({ folder: journal, maxSizeBytes }) }),
    unreachableAfterSeconds: required('unreachable-after', seconds, 0),
    referenceGraceSeconds: required('reference-grace', seconds, 0),
    maxConcurrentReconciles: required('max-concurrent-reconciles', parseCount(1, 1_000), 1),
    releasePods: required('release-pods', parseBoolean, false),
  };
  const unsafe = config.leaderElection.enabled
    ? electionConfigFaults(config.leaderElection).map((fault) => `--leader-elect: ${fault}`)
    : [];
  if ((certFile === undefined) !== (keyFile === undefined))
    faults.push('--metrics-tls-cert-file and --metrics-tls-key-file: want both, or neither');
  const all = [...faults, ...unsafe, ...exposureFaults(config), ...pinFaults(config)];
  if (all.length > 0) return { type: 'Faults', faults: all };
  Object.freeze(config.leaderElection);
  Object.freeze(config.namespaces);
  return { type: 'Run', config: Object.freeze(config) };
}

/** What would hand out tokens, or what Tasks say, to whoever listens. */
function exposureFaults({ metricsAuth, metricsAddress, metricsTls, debugAddress }: HostConfig): readonly string[] {
  const inTheOpen = metricsAuth && metricsTls === undefined && !isLoopback(metricsAddress);
  return [
    ...(inTheOpen
      ? [
          '--metrics-auth: the tokens of those who ask would cross the network as plain text; want --metrics-tls-cert-file and --metrics-tls-key-file, or a loopback address',
        ]
      : []),
    ...(isLoopback(debugAddress)
      ? []
      : ['--debug-bind-address: anybody could read what Tasks say; want a loopback address such as 127.0.0.1:8082, or --metrics-auth']),
  ];
}

function isLoopback(address: ListenAddress | 'off'): boolean {
  return address === 'off' || address.host === 'localhost' || address.host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address.host);
}

/** A tag may be another artifact tomorrow. */
function pinFaults({ core, coreDigest, shadowCore }: HostConfig): readonly string[] {
  const want = 'a tag may become another core at any time; want a digest behind it (oci://registry/repository@sha256:…)';
  return [
    ...(core === undefined || isPinned(core) || coreDigest !== undefined ? [] : [`--core: ${want}, or --core-digest`]),
    ...(shadowCore === undefined || isPinned(shadowCore) ? [] : [`--shadow-core: ${want}`]),
  ];
}

function parseCoreSource(text: string): Parsed<string> {
  return !text.startsWith(OCI_SCHEME) || parseReference(text) !== undefined
    ? { ok: true, value: text }
    : { ok: false, message: `${JSON.stringify(text)} is not right; want a file, or oci://registry/repository@sha256:…` };
}

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function parseNamespaces(text: string): Parsed<readonly string[]> {
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  const bad = names.find((name) => !DNS_LABEL.test(name));
  return bad === undefined
    ? { ok: true, value: names }
    : { ok: false, message: `${JSON.stringify(bad)} is not the name of a namespace; want one such as team-a` };
}
