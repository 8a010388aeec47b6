import type { PluginSpec } from '../api/agent-parts.ts';
import type { Container } from '../api/kubernetes.ts';
import type { SystemImage } from './images.ts';
import { HOME_AND_SHELL, PLUGINS } from './layout.ts';

/** An entry of OpenCode's `plugin` list: where it is installed, with its options where it has some. */
export type PluginEntry = string | readonly [string, unknown];

export interface Plugins {
  readonly server: readonly PluginEntry[];
  readonly tui: readonly PluginEntry[];
}

/** The plugins by what loads them; of several with the same package the first counts. */
export function pluginEntries(plugins: readonly PluginSpec[]): Plugins {
  const first = plugins.filter((plugin, index) => plugins.findIndex((other) => packageOf(other.name) === packageOf(plugin.name)) === index);
  return {
    server: first.filter(({ target }) => target !== 'tui').map(entryOf),
    tui: first.filter(({ target }) => target === 'tui').map(entryOf),
  };
}

/** The container that installs all plugins with npm, so that the agent's image needs none. */
export function pluginInit(plugins: readonly PluginSpec[], system: SystemImage): Container {
  const packages = [...new Set(plugins.map(({ name }) => name))];
  return {
    name: 'plugin-init',
    ...system,
    command: ['/kubeopencode', 'plugin-init'],
    env: [...HOME_AND_SHELL, { name: 'PLUGIN_PACKAGES', value: JSON.stringify(packages) }, { name: 'PLUGIN_DIR', value: PLUGINS.path }],
    volumeMounts: [{ name: PLUGINS.volume, mountPath: PLUGINS.path }],
  };
}

function entryOf(plugin: PluginSpec): PluginEntry {
  const url = `file://${PLUGINS.path}/node_modules/${packageOf(plugin.name)}`;
  return plugin.options === undefined ? url : [url, plugin.options];
}

/** npm package without its version: `@org/name@^1.0.0` is `@org/name`. */
function packageOf(specifier: string): string {
  const version = specifier.indexOf('@', 1);
  return version === -1 ? specifier : specifier.slice(0, version);
}
