import { enableCompileCache } from 'node:module';
import { processIo } from './io.ts';

// Before anything large is loaded: parsed code is kept between runs.
enableCompileCache();
const { runProgram } = await import('./program.ts');
// `head` that has read enough ends us quietly, as it ends any tool.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await runProgram(process.argv.slice(2), processIo());
