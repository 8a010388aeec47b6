import { writeFileSync } from 'node:fs';
import { makeImage } from '#scripts/image/make-image.ts';
import { npmPackage } from '#scripts/image/npm-package.ts';
import packageJson from '../../../package.json' with { type: 'json' };

/** Our own image on the node, as host/manifests name it. */
export const OWN_IMAGE = `docker.io/library/kubeopencode-host:${packageJson.version}`;

/** The program that npm's `opencode-ai` brings on each platform; that of arm64 has not been tried. */
const OPENCODE = {
  amd64: {
    name: 'opencode-linux-x64',
    version: '1.18.33',
    integrity: 'sha512-q/t/3p2CTxOT9y2kvjesb/LZab2+1eqlhhWA02Be6mjTtmYtNBcBsrI5yDo4Fw7ZSPBW2oyMIGMNRqiKQjiAWw==',
  },
  arm64: {
    name: 'opencode-linux-arm64',
    version: '1.18.18',
    integrity: 'sha512-e8D3g0qJEIzawEg2+ygW3vkZjAYL2ssyAx4GbihjwXwZFvlZZy5zRWWzdz5KLBoHSTl0FB73vNtnNeXONyHpVQ==',
  },
} as const;

const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** Writes our image as an archive that containerd takes. */
export async function writeOwnImage(file: string): Promise<void> {
  const { archive } = await makeImage({ architecture: ARCHITECTURE, reference: OWN_IMAGE, createdSeconds: 0, whenGone: 'TakeNewer' });
  writeFileSync(file, archive);
}

/** Writes the real OpenCode's program, from npm or the cache. */
export async function writeOpenCode(file: string): Promise<void> {
  const program = (await npmPackage(OPENCODE[ARCHITECTURE])).get('bin/opencode');
  if (program?.type !== 'file') throw new Error(`reading ${OPENCODE[ARCHITECTURE].name}: expected bin/opencode, it is not there`);
  writeFileSync(file, program.content, { mode: 0o755 });
}
