import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import { ROOT } from './build/paths.ts';
import { buildIfStale } from './build.ts';
import type { Architecture } from './image/lock.ts';
import { type ImageOrder, type MadeImage, makeImage } from './image/make-image.ts';
import { updateLock } from './image/update-lock.ts';

const HELP = `Usage: npm run image -- [flags]

Makes the container image of the host and of the programs that Tasks' init containers call, without a container engine, a registry or root:
from dist/ (built when it is stale), Node and npm as npm has them, and Debian's packages of host/image/lock.json. The same sources give
the same digest.

Writes an OCI image layout to OUT, the same as one file to OUT.tar (docker load, podman load, ctr images import, kind load image-archive),
and what is in it to OUT.spdx.json (SPDX 2.3; the image has it at /usr/share/doc/kubeopencode/sbom.spdx.json).

Flags:
  --out OUT              default dist/image
  --platform PLATFORM    linux/amd64 or linux/arm64; default this machine's
  --tag NAME:TAG         default kubeopencode-host:${packageJson.version}
  --locked               fail when Debian no longer offers a package of the lock, instead of taking its newer one
  --update-lock          write host/image/lock.json anew with Debian's newest packages (Debian 12), and end
  -h, --help             this text

The image and its files are of the time in SOURCE_DATE_EPOCH, else of the last commit.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'dist/image' },
      platform: { type: 'string', default: `linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}` },
      tag: { type: 'string', default: `kubeopencode-host:${packageJson.version}` },
      locked: { type: 'boolean', default: false },
      'update-lock': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values['update-lock']) {
    await updateLock();
    return 0;
  }
  await buildIfStale(['core', 'host', 'helpers']);
  const revision = git('rev-parse', 'HEAD');
  const order: ImageOrder = {
    architecture: architectureOf(values.platform),
    reference: fullReference(values.tag),
    createdSeconds: Number(process.env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct') ?? 0),
    ...(revision === undefined ? {} : { revision }),
    whenGone: values.locked ? 'Fail' : 'TakeNewer',
  };
  const made = await makeImage(order);
  write(resolve(values.out), made);
  const sizeMb = Math.round(made.archive.length / 1024 / 1024);
  console.error(`image: ${values.out}, ${values.out}.tar (${sizeMb} MB), ${values.out}.spdx.json`);
  console.log(`${order.reference}@${made.image.digest}`);
  return 0;
}

function architectureOf(platform: string): Architecture {
  if (platform === 'linux/amd64') return 'amd64';
  if (platform === 'linux/arm64') return 'arm64';
  throw new Error(`reading --platform: expected linux/amd64 or linux/arm64, got ${platform}`);
}

/** As container engines complete a name; a first part with a dot, a colon or `localhost` is a registry. */
function fullReference(tag: string): string {
  const name = /:[^/:]+$/.test(tag) ? tag : `${tag}:${packageJson.version}`;
  const [first = '', ...rest] = name.split('/');
  if (rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')) return name;
  return rest.length === 0 ? `docker.io/library/${name}` : `docker.io/${name}`;
}

/** What git says of the sources; undefined where they are no clone. */
function git(...args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

/** Writes all or nothing: what was there before stays until the new is whole. */
function write(out: string, { layout, archive, sbom }: MadeImage): void {
  mkdirSync(dirname(out), { recursive: true });
  const draft = mkdtempSync(`${out}.`);
  chmodSync(draft, 0o755);
  try {
    for (const [path, content] of layout) {
      mkdirSync(dirname(join(draft, path)), { recursive: true });
      writeFileSync(join(draft, path), content);
    }
    rmSync(out, { recursive: true, force: true });
    renameSync(draft, out);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  for (const [name, content] of [
    ['tar', archive],
    ['spdx.json', sbom],
  ] as const) {
    writeFileSync(`${out}.${name}.tmp`, content);
    renameSync(`${out}.${name}.tmp`, `${out}.${name}`);
  }
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
