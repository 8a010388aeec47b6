import { describe, expect, test } from 'vitest';
import { judge, type Provenance, type Rebuilt, type Verdict } from '#scripts/engine/provenance.ts';

const COMMITTED: Provenance = {
  engine: { sha256: 'e1', sizeBytes: 1 },
  sources: { sha256: 's1' },
  toolchain: { kind: 'debian', 'rustc-web': '1.96', 'clang-22': '22.1' },
  debianPackages: [],
  crates: [],
};
const SAME: Rebuilt = { sha256: 'e1', sourcesSha256: 's1', toolchain: COMMITTED.toolchain };

describe('what a rebuilt engine says about the committed one', () => {
  test.each<[string, Partial<Rebuilt>, Verdict['type'], RegExp]>([
    ['the same file', {}, 'Same', /^/],
    ['the same file from another toolchain', { toolchain: { kind: 'rustup' } }, 'Same', /^/],
    ['another file from the same crate and toolchain', { sha256: 'e2' }, 'Fault', /not what PROVENANCE\.json says/],
    ['another file from a changed crate', { sha256: 'e2', sourcesSha256: 's2' }, 'Fault', /crate was changed/],
    [
      'another file from a changed crate and another toolchain',
      { sha256: 'e2', sourcesSha256: 's2', toolchain: {} },
      'Fault',
      /crate was changed/,
    ],
    [
      'another version',
      { sha256: 'e2', toolchain: { ...COMMITTED.toolchain, 'rustc-web': '1.97' } },
      'OtherToolchain',
      /rustc-web: 1\.96 then, 1\.97 here/,
    ],
    [
      'another package',
      { sha256: 'e2', toolchain: { kind: 'debian', 'rustc-web': '1.96', 'clang-23': '23' } },
      'OtherToolchain',
      /clang-22: 22\.1 then, none here.*clang-23: none then, 23 here/,
    ],
  ])('%s', (_, change, type, text) => {
    const verdict = judge(COMMITTED, { ...SAME, ...change });
    expect(verdict.type).toBe(type);
    expect(JSON.stringify(verdict)).toMatch(text);
  });
});
