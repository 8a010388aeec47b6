import { type Planned, parseJson, refuse, type Variables } from './variables.ts';

/** What plugin-init installs. */
export interface PluginPlan {
  /** npm specifiers: `name`, `@org/name@^1.0.0`, … */
  readonly packages: readonly string[];
  readonly folder: string;
  /** Whether packages may run programs of their own while they are installed. */
  readonly scripts: 'Ignored' | 'Run';
}

/** Reads what core/pod/plugins.ts wrote. `PLUGIN_INSTALL_SCRIPTS=true` (podSpec.systemContainers.pluginInit.extraEnv) lets install scripts run. */
export function pluginPlan(env: Variables): Planned<PluginPlan> {
  const text = env.PLUGIN_PACKAGES ?? '';
  if (text === '') return refuse('reading PLUGIN_PACKAGES: expected a JSON list of npm packages, got nothing');
  const json = parseJson(text);
  if (!json.ok) return refuse(`reading PLUGIN_PACKAGES: expected a JSON list of npm packages, got ${json.message}`);
  const packages: readonly unknown[] | undefined = Array.isArray(json.value) ? json.value : undefined;
  if (packages === undefined || !packages.every(isSpecifier))
    return refuse(`reading PLUGIN_PACKAGES: expected a JSON list of npm packages, none empty or beginning with "-", got ${text}`);
  return {
    ok: true,
    plan: { packages, folder: env.PLUGIN_DIR || '/plugins', scripts: env.PLUGIN_INSTALL_SCRIPTS === 'true' ? 'Run' : 'Ignored' },
  };
}

/** Arguments of npm. Peer dependencies are npm's business, audits and funding nobody's. */
export function npmArguments({ packages, scripts }: PluginPlan): readonly string[] {
  const flags = ['--omit=dev', '--no-audit', '--no-fund', '--no-update-notifier', ...(scripts === 'Ignored' ? ['--ignore-scripts'] : [])];
  return ['install', ...flags, '--', ...packages];
}

function isSpecifier(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.startsWith('-');
}
