import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { failed, type Said } from './said.ts';
import type { Variables } from './variables.ts';

const SYSTEM_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
/** Also where core/pod/git-init.ts looks for it after git-init. */
const COMBINED_BUNDLE = '/tmp/ca-bundle.crt';

/**
 * Variables that make git and npm trust the certificate of `CUSTOM_CA_CERT_PATH` besides the usual ones; none without it. Writes the file that they name.
 * @throws when the certificate can't be read or the bundle not be written.
 */
export function caVariables(env: Variables, said: Said, combined: string = COMBINED_BUNDLE): Variables {
  const custom = env.CUSTOM_CA_CERT_PATH;
  if (custom === undefined || custom === '') return {};
  try {
    const own = readFileSync(custom, 'utf8');
    const system = existsSync(SYSTEM_BUNDLE) ? `${readFileSync(SYSTEM_BUNDLE, 'utf8')}\n` : '';
    writeFileSync(combined, `${system}${own}`, { mode: 0o644 });
  } catch (error) {
    failed(`adding the certificate ${custom} of the Agent's caBundle to ${combined}`)(error);
  }
  said.tell(`certificates of ${custom} are trusted, too`);
  return { GIT_SSL_CAINFO: combined, NODE_EXTRA_CA_CERTS: custom };
}
