import { shellQuote } from '../units/quote.ts';
import { TASK_FILE } from './layout.ts';
import type { ResolvedAgent } from './resolve.ts';

/** Makes opencode known to shells that do not have /tools in their PATH; fails harmlessly on a read-only root. */
const LINK = 'ln -sf /tools/opencode /usr/local/bin/opencode 2>/dev/null || true';

/** Without the catalogue of models a first run may not find its provider's model. */
const WARM_UP = '/tools/opencode models --refresh 2>/dev/null || true';

/**
 * What the agent container runs: the agent's own command as it is, else OpenCode on task.md. The prompt comes in through stdin: an argument can't be longer than 128 KiB,
 * loses its trailing newlines and is taken for a flag when it begins with `-`. `exec` hands SIGTERM to OpenCode instead of the shell.
 */
export function agentCommand(agent: ResolvedAgent, title: string): readonly string[] {
  if (agent.command.length > 0) return agent.command;
  const prompt = shellQuote(`${agent.workspaceDir}/${TASK_FILE}`);
  const run = (flags: string): string => `exec /tools/opencode run ${flags}--title ${shellQuote(title)} < ${prompt}`;
  const script = agent.serverUrl === undefined ? [LINK, WARM_UP, run('')] : [LINK, run(`--attach ${shellQuote(agent.serverUrl)} `)];
  return ['sh', '-c', script.join('; ')];
}

/** The thin client's image is enough for our own command; a custom one may need the tools of the executor's. */
export function agentImage(agent: ResolvedAgent): string {
  return agent.execution === 'Attach' && agent.command.length === 0 ? agent.attachImage : agent.executorImage;
}
