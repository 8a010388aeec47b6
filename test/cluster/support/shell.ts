import { execFile } from 'node:child_process';
import { delimiter, dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { clusterInfo } from './info.ts';

const execFileAsync = promisify(execFile);

/** Runs a command line as a person would, in a POSIX shell, with kubectl and the plugin on PATH. Rejects with its stderr when it fails. */
export async function shell(
  command: string,
  kubeconfig: string = clusterInfo().kubeconfig,
  kubectl: string = clusterInfo().kubectl,
): Promise<string> {
  const PATH = [resolve('dist/bin'), dirname(process.execPath), dirname(kubectl), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH, KUBECONFIG: kubeconfig };
  const { stdout } = await execFileAsync('/bin/sh', ['-ec', command], { env, timeout: 60_000, maxBuffer: 64 << 20 });
  return stdout;
}
