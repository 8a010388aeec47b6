import { type Command, InvalidArgumentError, Option } from 'commander';

/** kubectl's flags that choose a cluster and a namespace, with kubectl's meaning. */
export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly requestTimeout?: string;
}

export function addNamespaceFlag(command: Command): Command {
  return command.addOption(
    new Option('-n, --namespace <name>', 'namespace of objects that name none (default: that of the context, or default)'),
  );
}

export function addClusterFlags(command: Command): Command {
  return command
    .addOption(new Option('--kubeconfig <file>', 'kubeconfig file (default: KUBECONFIG, or ~/.kube/config)'))
    .addOption(new Option('--context <name>', 'context of the kubeconfig (default: its current one)'))
    .addOption(
      new Option('--request-timeout <duration>', 'how long one request may take, such as 10s; 0 for no limit of ours').argParser(
        requestTimeout,
      ),
    );
}

export function addSelectorFlag(command: Command): Command {
  return command.addOption(new Option('-l, --selector <query>', 'label query, such as team=web,tier!=test'));
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

/** One of a few forms of output; a wrong one is answered with the right ones. */
export function addOutputFlag(command: Command, forms: readonly [string, ...string[]]): Command {
  return command.addOption(new Option('-o, --output <form>', 'form of the output').choices([...forms]).default(forms[0]));
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
  if (text !== '0') durationMs(text);
  return text;
}

function repeated(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
