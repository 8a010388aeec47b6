import { basename } from 'node:path';
import { isSea } from 'node:sea';
import { keepParsedCode } from './compile-cache.ts';
import { processIo } from './io.ts';

/** Not at the top level: an executable of one file is CommonJS, which can't wait there. */
async function main(): Promise<void> {
  // Before anything large is loaded. An executable of one file has its code parsed within.
  if (!isSea()) keepParsedCode(process.env);
  const { runProgram } = await import('./program.ts');
  // `head` that has read enough ends us quietly, as it ends any tool.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  process.exitCode = await runProgram(commandLine(), processIo());
  // What is still open, such as a credential plugin that never answers, is waited for no longer than what was written takes.
  process.stdout.write('', () => process.exit());
}

/** An executable of one file is kubectl's completion, too, where it is called by that name through a link. */
function commandLine(): readonly string[] {
  const args = process.argv.slice(2);
  return isSea() && basename(process.argv0).startsWith('kubectl_complete-opencode') ? ['__complete', ...args] : args;
}

void main();
