/** Where things lie in the Pods that we make. Images and people's commands rely on these paths, so they are part of the API. */
export const TOOLS = { volume: 'tools', path: '/tools' } as const;
export const WORKSPACE_VOLUME = 'workspace';
export const CONTEXT_FILES = { volume: 'context-files', path: '/configmap-files' } as const;
export const PLUGINS = { volume: 'plugins-volume', path: '/plugins' } as const;
/** Empty until the agent is asked to stop; then it says why: `Stopped` or `Timeout`. */
export const STOP_FILE = { volume: 'stop-reason', path: '/etc/kubeopencode/stop', file: 'reason' } as const;
export const SKILLS_PATH = '/skills';
export const GIT = { root: '/git', link: 'repo', config: '.gitconfig' } as const;
export const CA_BUNDLE = { volume: 'ca-bundle', path: '/etc/ssl/certs/custom-ca', file: 'tls.crt' } as const;

export const OPENCODE_CONFIG_FILE = '/tools/opencode.json';
export const TUI_CONFIG_FILE = '/tools/tui.json';

/** The prompt, below the workspace. */
export const TASK_FILE = 'task.md';
/** Contexts without a mount path, below the workspace; apart from AGENTS.md so that a repository's own is left alone. */
export const CONTEXT_FILE = '.kubeopencode/context.md';

/** Containers may run under a random user id without a home and a login shell (OpenShift): both are set for each of them. */
export const HOME_AND_SHELL = [
  { name: 'HOME', value: '/tmp' },
  { name: 'SHELL', value: '/bin/bash' },
] as const;
