import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of its own, with a certificate for 127.0.0.1 and one for a client, made by the machine's `openssl`. */
export function makeCertificates(): { readonly ca: string; readonly server: Certificate; readonly client: Certificate } {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  const openssl = (...parts: string[]) => execFileSync('openssl', parts, { cwd: folder, stdio: 'pipe' });
  const newKey = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const issue = (name: string, extension: string): Certificate => {
    writeFileSync(join(folder, 'extension'), extension);
    openssl(
      ...newKey.filter((part) => part !== '-x509' && part !== '-days' && part !== '2'),
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'extension',
      '-out',
      `${name}.crt`,
    );
    return { cert: readFileSync(join(folder, `${name}.crt`), 'utf8'), key: readFileSync(join(folder, `${name}.key`), 'utf8') };
  };
  try {
    openssl(...newKey, '-subj', '/CN=test-ca', '-addext', 'basicConstraints=critical,CA:true', '-keyout', 'ca.key', '-out', 'ca.crt');
    return {
      ca: readFileSync(join(folder, 'ca.crt'), 'utf8'),
      server: issue('server', 'subjectAltName=IP:127.0.0.1,DNS:api.example'),
      client: issue('client', 'extendedKeyUsage=clientAuth'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
