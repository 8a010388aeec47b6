import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { askForGo } from '../process/programs.ts';
import type { Report } from './binaries.ts';
import { COMPONENTS, type Component, KUBERNETES_VERSION } from './components.ts';

/** One program takes up to 7 minutes on 2 cores with an empty build cache, and its modules have to arrive first. */
const BUILD_TIMEOUT_MS = 30 * 60_000;
const PROGRESS_MS = 20_000;

export interface BuildOptions {
  /** Folder of the Go module that pins everything. */
  readonly module: string;
  /** Folder for the binaries. */
  readonly into: string;
  readonly report: Report;
}

/** Builds programs from Go modules, one after the other. Throws when Go is missing or a build fails, with the compiler's last lines. */
export async function buildComponents(names: readonly Component[], options: BuildOptions): Promise<void> {
  if (names.length === 0) return;
  const { report } = options;
  requireGo(names);
  mkdirSync(options.into, { recursive: true });
  report(`building ${names.join(', ')} from Go modules into ${options.into}: about 10 minutes on 2 cores when nothing is cached, once`);
  for (const [index, name] of names.entries()) {
    const startedAt = Date.now();
    const elapsedSeconds = (): number => Math.round((Date.now() - startedAt) / 1000);
    const progress = setInterval(() => report(`  ${name} (${index + 1} of ${names.length}): ${elapsedSeconds()} s`), PROGRESS_MS);
    try {
      await buildGoProgram({ ...options, name, package: COMPONENTS[name], linkerFlags: linkerFlags() });
    } finally {
      clearInterval(progress);
    }
    report(`  ${name} (${index + 1} of ${names.length}): built in ${elapsedSeconds()} s`);
  }
}

function requireGo(names: readonly Component[]): void {
  try {
    askForGo();
  } catch (cause) {
    throw new Error(
      `finding ${names.join(', ')}: neither KUBEBUILDER_ASSETS nor PATH has them, and there is no go on PATH to build them; ` +
        'install Go, or set KUBEBUILDER_ASSETS to a folder that holds these programs',
      { cause },
    );
  }
}

export interface GoProgram extends Pick<BuildOptions, 'module' | 'into'> {
  readonly name: string;
  /** Path of the Go package. */
  readonly package: string;
  readonly linkerFlags: string;
}

/** Builds one program as `into/name`; whoever looks meanwhile finds none, or the whole one. */
export async function buildGoProgram(program: GoProgram): Promise<void> {
  const target = join(program.into, program.name);
  const unfinished = `${target}.${process.pid}`;
  const args = ['build', '-trimpath', '-buildvcs=false', '-ldflags', program.linkerFlags, '-o', unfinished, program.package];
  const child = spawn('go', args, {
    cwd: program.module,
    env: { ...process.env, CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BUILD_TIMEOUT_MS,
  });
  const failure = await failureOf(child);
  if (failure !== undefined) {
    rmSync(unfinished, { force: true });
    throw new Error(`building ${program.name} from ${program.package}: expected go build to succeed, ${failure}`);
  }
  renameSync(unfinished, target);
}

function linkerFlags(): string {
  const [major, minor] = KUBERNETES_VERSION.split('.');
  const facts = [
    `gitVersion=v${KUBERNETES_VERSION}`,
    `gitMajor=${major}`,
    `gitMinor=${minor}`,
    'gitTreeState=clean',
    `gitCommit=${'0'.repeat(40)}`,
    'buildDate=1970-01-01T00:00:00Z',
  ];
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  return ['-s', '-w', ...packages.flatMap((path) => facts.map((fact) => `-X ${path}.${fact}`))].join(' ');
}

function failureOf(child: ChildProcess): Promise<string | undefined> {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-2000);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`it did not start: ${error.message}`));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `it ended with ${signal ?? `exit code ${code}`}:\n${tail}`));
  });
}
