import { describe, expect, test } from 'vitest';
import { createWasi, type Wasi, WasiExit } from '#host/engine/wasi.ts';

/** A list of buffers at address 0, of which WASI's scatter and gather calls are given; what they point to begins at 64. */
function attached(wasi: Wasi): {
  readonly bytes: Uint8Array;
  readonly call: (name: string, ...args: readonly (number | bigint)[]) => number;
} {
  const buffer = new ArrayBuffer(1024);
  wasi.attach({ buffer } as WebAssembly.Memory);
  const imports = wasi.imports as Readonly<Record<string, (...args: readonly (number | bigint)[]) => number>>;
  return {
    bytes: new Uint8Array(buffer),
    call: (name, ...args) => imports[name]?.(...args) ?? -1,
  };
}

const LIST = 0;
const RESULT = 32;

function list(bytes: Uint8Array, ...buffers: readonly (readonly [address: number, length: number])[]): void {
  new Uint32Array(bytes.buffer, LIST, buffers.length * 2).set(buffers.flat());
}

function result(bytes: Uint8Array): number {
  return new DataView(bytes.buffer).getUint32(RESULT, true);
}

describe('constants', () => {
  test('the clock says 1970, chance says one byte again and again, the environment is empty', () => {
    const { bytes, call } = attached(createWasi({ keepBytes: 0 }));
    bytes.fill(0xee);
    expect(call('clock_time_get', 0, 0n, 64)).toBe(0);
    expect([...bytes.subarray(64, 72)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(call('random_get', 100, 3)).toBe(0);
    expect([...bytes.subarray(100, 104)]).toEqual([0x42, 0x42, 0x42, 0xee]);
    expect(call('environ_sizes_get', 200, 204)).toBe(0);
    expect([...bytes.subarray(200, 208)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
  test.each(['fd_close', 'fd_seek'])('%s knows no descriptor', (name) => {
    expect(attached(createWasi({ keepBytes: 0 })).call(name, 3)).toBe(8);
  });
  test('there are three descriptors', () => {
    const { call } = attached(createWasi({ keepBytes: 0 }));
    expect([0, 1, 2, 3].map((descriptor) => call('fd_fdstat_get', descriptor, 64))).toEqual([0, 0, 0, 8]);
  });
  test('proc_exit does not return', () => {
    expect(() => attached(createWasi({ keepBytes: 0 })).call('proc_exit', 7)).toThrow(new WasiExit(7));
  });
});

describe('streams', () => {
  test('stdin is read into several buffers, then is at its end; reset begins again', () => {
    const wasi = createWasi({ stdin: new TextEncoder().encode('abcde'), keepBytes: 0 });
    const { bytes, call } = attached(wasi);
    const text = (): string => new TextDecoder().decode(bytes.subarray(64, 68));
    list(bytes, [64, 1], [65, 3]);
    expect([call('fd_read', 0, LIST, 2, RESULT), result(bytes), text()]).toEqual([0, 4, 'abcd']);
    expect([call('fd_read', 0, LIST, 2, RESULT), result(bytes), text()]).toEqual([0, 1, 'ebcd']);
    expect([call('fd_read', 0, LIST, 2, RESULT), result(bytes)]).toEqual([0, 0]);
    wasi.reset();
    expect([call('fd_read', 0, LIST, 2, RESULT), result(bytes), text()]).toEqual([0, 4, 'abcd']);
    expect(call('fd_read', 1, LIST, 2, RESULT), 'stdout is not read').toBe(8);
  });
  test('stdout and stderr are kept apart, up to the limit, and all of it counts as written', () => {
    const wasi = createWasi({ keepBytes: 4 });
    const { bytes, call } = attached(wasi);
    bytes.set(new TextEncoder().encode('abcdef'), 64);
    list(bytes, [64, 3], [67, 3]);
    expect([call('fd_write', 1, LIST, 2, RESULT), result(bytes)]).toEqual([0, 6]);
    list(bytes, [69, 1]);
    expect([call('fd_write', 2, LIST, 1, RESULT), result(bytes)]).toEqual([0, 1]);
    expect(new TextDecoder().decode(wasi.stdout())).toBe('abcd');
    expect(wasi.stderr()).toBe('f');
    expect(call('fd_write', 0, LIST, 1, RESULT), 'stdin is not written').toBe(8);
    expect(call('fd_write', 3, LIST, 1, RESULT), 'there is no file').toBe(8);
  });
  test('an address outside the memory is refused', () => {
    const { call } = attached(createWasi({ keepBytes: 4 }));
    expect(() => call('random_get', 1020, 8)).toThrow(RangeError);
  });
});
