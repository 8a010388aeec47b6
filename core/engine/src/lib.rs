//! QuickJS as WebAssembly: a Javy plugin (WASI preview 1) that can also keep one evaluated bundle and ask it again and again.
//!
//! Javy's own exports are `initialize-runtime`, `compile-src`, `invoke`, `cabi_realloc` and `memory`. Ours are below. A bundle is an ES module
//! with `decide(json: string): string` and, to be run as a WASI command, `main(): void`. The build compiles it in one sandbox, evaluates it in
//! another, keeps the memory of that as the module's initial one and renames `run-main` to `_start` (a plugin must not have a `_start`: Javy adds
//! one of its own).
mod answer;
mod bundle;
mod heap;
mod limits;
mod runtime;

use answer::{Answer, Failure};
use javy_plugin_api::import_namespace;

/// For a bundle and its decisions. A sandbox whose memory had to grow can't be cleaned by writing its memory back; with this, decisions on large Tasks
/// need not grow it either. What a decision does not use of it costs nothing.
const ROOM_BYTES: usize = 2 << 20;

import_namespace!("kubeopencode-engine-v1");

#[global_allocator]
static ALLOCATOR: limits::Metered = limits::Metered;

/// Makes the JavaScript runtime. Called once, before anything else; the committed `engine.wasm` has it behind it.
#[unsafe(export_name = "initialize-runtime")]
pub extern "C" fn initialize_runtime() {
    javy_plugin_api::initialize_runtime(runtime::config, runtime::prepare).expect("QuickJS starts")
}

/// A buffer for the input of the calls below, which free it.
#[unsafe(export_name = "alloc")]
pub extern "C" fn alloc(len: usize) -> *mut u8 {
    Box::into_raw(vec![0u8; len].into_boxed_slice()).cast()
}

/// Compiles an ES module (UTF-8 text). The answer is its bytecode, or the text of what is wrong.
///
/// # Safety
/// `ptr` and `len` are those of one `alloc`.
#[unsafe(export_name = "compile-bundle")]
pub unsafe extern "C" fn compile_bundle(ptr: *mut u8, len: usize) -> *const Answer {
    answer::give(bundle::compile(unsafe { take(ptr, len) }), 0)
}

/// Evaluates bytecode of `compile-bundle` and keeps its exports. The answer's text is empty, or says what was wrong.
///
/// # Safety
/// `ptr` and `len` are those of one `alloc`, and the bytecode is this engine's own.
#[unsafe(export_name = "load-bundle")]
pub unsafe extern "C" fn load_bundle(ptr: *mut u8, len: usize) -> *const Answer {
    let bytecode = unsafe { take(ptr, len) };
    heap::reserve(ROOM_BYTES);
    let loaded = heap::aside(bytecode, |bytecode| unsafe { bundle::load(bytecode) });
    answer::give(loaded.map(|()| Vec::new()), 0)
}

/// Calls the bundle's `decide` with the text at `ptr`, spending at most `fuel` units (one is 10,000 interrupt polls of QuickJS, so the
/// number is the same on every machine) and at most `memory` bytes more than are in use now.
///
/// # Safety
/// `ptr` and `len` are those of one `alloc`.
#[unsafe(export_name = "decide")]
pub unsafe extern "C" fn decide(ptr: *mut u8, len: usize, fuel: u32, memory: usize) -> *const Answer {
    let input = unsafe { take(ptr, len) };
    let (result, spent) = limits::within(fuel, memory, || bundle::decide(&input));
    let result = match spent.exceeded {
        Some(limit) => Err(Failure::from(limit)),
        None => result,
    };
    answer::give(result, spent.fuel)
}

/// The bundle as a WASI command: its `main` reads stdin and writes stdout. Ends the process with 1 and a text on stderr when that fails.
#[unsafe(export_name = "run-main")]
pub extern "C" fn run_main() {
    if let Err(failure) = bundle::main() {
        eprintln!("error: {}", failure.text);
        std::process::exit(1);
    }
}

/// Bytes in use, of QuickJS and of this crate (leak checks).
#[unsafe(export_name = "heap-used")]
pub extern "C" fn heap_used() -> usize {
    limits::bytes_used()
}

unsafe fn take(ptr: *mut u8, len: usize) -> Vec<u8> {
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(ptr, len)) }.into_vec()
}
