import { type Command, InvalidArgumentError, Option } from 'commander';

/** kubectl's flags that choose a cluster, who asks it, and a namespace, with kubectl's meaning. */
export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  /** Go duration, or whole seconds; 0: no limit. */
  readonly requestTimeout?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly server?: string;
  /** A secret. */
  readonly token?: string;
  readonly certificateAuthority?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly tlsServerName?: string;
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly asUid?: string;
  /** `key=value` each. */
  readonly asUserExtra?: readonly string[];
  /** From 6 on requests are told on stderr. */
  readonly v?: number;
}

export function addNamespaceFlag(command: Command): Command {
  return command.addOption(namespaceFlag());
}

function namespaceFlag(): Option {
  return new Option('-n, --namespace <name>', 'namespace of objects that name none (default: that of the context, or default)');
}

/** Those that every command which talks to a cluster has in its help. */
function everydayFlags(): readonly Option[] {
  return [
    new Option('--kubeconfig <file>', 'kubeconfig file (default: KUBECONFIG, or ~/.kube/config)'),
    new Option('--context <name>', 'context of the kubeconfig (default: its current one)'),
    new Option('--request-timeout <duration>', 'how long one request may take, such as 10s or 2m (default: 30s); 0 for no limit').argParser(
      requestTimeout,
    ),
  ];
}

/** The rest of kubectl's flags that choose cluster and credentials: as in kubectl, `options` tells them once for all commands. */
function furtherFlags(): readonly Option[] {
  return [
    new Option('--cluster <name>', 'cluster of the kubeconfig (default: that of the context)'),
    new Option('--user <name>', 'user of the kubeconfig (default: that of the context)'),
    new Option('-s, --server <address>', 'address of the API server (default: that of the cluster)'),
    new Option('--token <token>', 'bearer token; other users of this machine may see it among the processes'),
    new Option('--certificate-authority <file>', 'certificates to verify the API server with'),
    new Option('--client-certificate <file>', 'certificate to present to the API server'),
    new Option('--client-key <file>', 'key of that certificate'),
    new Option('--insecure-skip-tls-verify', 'do not verify the API server: whoever answers gets the credentials'),
    new Option('--tls-server-name <name>', 'name to expect in its certificate (default: the host of its address)'),
    new Option('--as <name>', 'user to impersonate, such as system:serviceaccount:team-a:bot'),
    new Option('--as-group <name>', 'group to impersonate; may be repeated').argParser(repeated),
    new Option('--as-uid <uid>', 'UID to impersonate'),
    new Option('--as-user-extra <key=value>', 'extra value to impersonate; may be repeated').argParser(extraValues),
    new Option('-v, --v <level>', 'tell on stderr, from 6 on: each request; 7: its headers; 8: its body; 9: whole bodies').argParser(
      verbosity,
    ),
  ];
}

/** All flags of `addNamespaceFlag` and `addClusterFlags`, for `options`. */
export function clusterOptions(): readonly Option[] {
  return [namespaceFlag(), ...everydayFlags(), ...furtherFlags()];
}

export function addClusterFlags(command: Command): Command {
  for (const option of everydayFlags()) command.addOption(option);
  for (const option of furtherFlags()) command.addOption(option.hideHelp());
  return command.addHelpText('after', '\nMore flags that choose cluster and credentials: kubectl opencode options');
}

/** What the API server is to select by. */
export interface SelectorFlags {
  readonly selector?: string;
  readonly fieldSelector?: string;
}

/** Fields that a list of Tasks can be selected by, in words. */
export const TASK_FIELDS = 'metadata.name, status.phase, spec.agentRef.name, spec.templateRef.name';

/** `fields` are those that a list of the kind can be selected by. */
export function addSelectorFlags(command: Command, fields: string): Command {
  return command
    .addOption(new Option('-l, --selector <query>', 'label query, such as team=web,tier!=test'))
    .addOption(new Option('--field-selector <query>', `field query, such as status.phase=Running; by ${fields}`));
}

/** Where the Lease of the controller's leader lies, which tells whether one runs. */
export interface LeaseFlags {
  readonly leaderElectNamespace: string;
  readonly leaderElectLeaseName: string;
}

export function addLeaseFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--leader-elect-namespace <name>', 'namespace of the controller’s Lease, which tells whether one runs').default(
        'kubeopencode-system',
      ),
    )
    .addOption(new Option('--leader-elect-lease-name <name>', 'name of that Lease').default('task-controller.kubeopencode.io'));
}

export interface FileFlags {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
}

export function addFileFlags(command: Command): Command {
  return command
    .addOption(new Option('-f, --filename <file>', 'file, folder, or - for standard input; may be repeated').argParser(repeated))
    .addOption(new Option('-R, --recursive', 'look into folders below, too'));
}

export const CORE_FLAG = '--core <file>';

export function addCoreFlag(command: Command): Command {
  return command.addOption(
    new Option(CORE_FLAG, 'core.wasm to decide with (default: the one that came with this plugin)').env('KUBEOPENCODE_CORE'),
  );
}

export function addColorFlag(command: Command): Command {
  return command.addOption(new Option('--no-color', 'no colour (also where NO_COLOR is set, TERM is dumb, or stdout is no terminal)'));
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Go duration in milliseconds, above 0; for `argParser`. */
export function durationMs(text: string): number {
  const parts = /^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text) ? [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)] : [];
  const totalMs = parts.reduce((sum, [, number = '', unit = '']) => sum + Number(number) * (UNIT_MS[unit] ?? 0), 0);
  if (totalMs <= 0) throw new InvalidArgumentError('want a duration such as 90s, 30m or 1h30m');
  return totalMs;
}

/** Go duration, above 0, as it was written; for `argParser`. */
export function durationText(text: string): string {
  durationMs(text);
  return text;
}

/** Whole number, perhaps below 0; for `argParser`. */
export function wholeNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(number)) throw new InvalidArgumentError('want a whole number');
  return number;
}

function requestTimeout(text: string): string {
  // As kubectl: a number alone is seconds.
  if (!/^\d+$/.test(text)) durationMs(text);
  return text;
}

function verbosity(text: string): number {
  const level = wholeNumber(text);
  if (level < 0 || level > 10) throw new InvalidArgumentError('want a number from 0 to 10');
  return level;
}

function extraValues(text: string, before: readonly string[] | undefined): readonly string[] {
  if (!/^[^=]+=/.test(text)) throw new InvalidArgumentError('want key=value');
  return repeated(text, before);
}

function repeated(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
