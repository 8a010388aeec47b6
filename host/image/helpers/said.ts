import { existsSync, writeFileSync } from 'node:fs';
import { REDACTED, redactText } from '../../observe/redact.ts';
import type { Variables } from './variables.ts';

/** Where a kubelet takes a container's last words from; they become part of the Task's message. It is there in a Pod only. */
const TERMINATION_LOG = '/dev/termination-log';

/** Variables whose values must never be seen. */
const SECRET_VARIABLES = ['GIT_PASSWORD', 'GIT_SSH_KEY', 'NPM_TOKEN', 'NODE_AUTH_TOKEN'];
const SHORTEST_SECRET = 4;

/** All that a helper says, with secrets blotted out. */
export interface Said {
  tell(text: string): void;
  warn(text: string): void;
  /** A line of a program that it runs. */
  repeat(line: string): void;
  /** A text as it may be shown. */
  blotted(text: string): string;
}

/** Says on standard output, each line with the helper's name before it. */
export function saidBy(helper: string, env: Variables, write: (text: string) => void): Said {
  const blotted = blotter(env);
  const line = (text: string): void => write(`${blotted(text)}\n`);
  return {
    tell: (text) => line(`${helper}: ${text}`),
    warn: (text) => line(`${helper}: warning: ${text}`),
    repeat: line,
    blotted,
  };
}

/** Replaces the secrets of the environment, as they are and as they stand in a URL, and whatever looks like a secret by its form. */
export function blotter(env: Variables): (text: string) => string {
  const secrets = SECRET_VARIABLES.map((name) => env[name]?.trim() ?? '').filter((secret) => secret.length >= SHORTEST_SECRET);
  const forms = [...new Set(secrets.flatMap((secret) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]))];
  return (text) => redactText(forms.reduce((rest, form) => rest.replaceAll(form, REDACTED), text));
}

/** For `catch`: the same error, saying what was being done. */
export function failed(doing: string): (cause: unknown) => never {
  return (cause) => {
    throw new Error(`${doing}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  };
}

/** Leaves the reason of a failure for the kubelet, so that it stands in the Task's status and nobody needs the init container's log. */
export function leaveLastWords(text: string, file: string = TERMINATION_LOG): void {
  try {
    if (existsSync(file)) writeFileSync(file, text.slice(-2048));
  } catch {
    // The log has it, too.
  }
}
