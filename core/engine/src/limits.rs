//! Fuel and memory of one call. Each limit has a flag of its own that stays up once it was reached: what JavaScript makes of it (catches it, throws
//! something else, goes on) does not matter, and nothing that JavaScript throws is taken for it.
use crate::heap::Heap;
use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};

const UNLIMITED_FUEL: u32 = u32::MAX;

static FUEL_LEFT: AtomicU32 = AtomicU32::new(UNLIMITED_FUEL);
static FUEL_REFUSED: AtomicBool = AtomicBool::new(false);
static BYTES_USED: AtomicUsize = AtomicUsize::new(0);
static BYTES_LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);
static BYTES_REFUSED: AtomicBool = AtomicBool::new(false);

pub enum Limit {
    Fuel,
    Memory,
}

pub struct Spent {
    pub fuel: u32,
    pub exceeded: Option<Limit>,
}

/// Runs `call` with at most `fuel` units and `memory` bytes more than are in use now.
pub fn within<R>(fuel: u32, memory: usize, call: impl FnOnce() -> R) -> (R, Spent) {
    FUEL_LEFT.store(fuel, Relaxed);
    FUEL_REFUSED.store(false, Relaxed);
    BYTES_REFUSED.store(false, Relaxed);
    BYTES_LIMIT.store(bytes_used().saturating_add(memory), Relaxed);
    let result = call();
    BYTES_LIMIT.store(usize::MAX, Relaxed);
    let left = FUEL_LEFT.swap(UNLIMITED_FUEL, Relaxed);
    let exceeded = if FUEL_REFUSED.load(Relaxed) {
        Some(Limit::Fuel)
    } else if BYTES_REFUSED.load(Relaxed) {
        Some(Limit::Memory)
    } else {
        None
    };
    let fuel = if fuel == UNLIMITED_FUEL { 0 } else { fuel - left };
    (result, Spent { fuel, exceeded })
}

/// Lifts the memory limit for Rust's own allocations, which can't be refused without ending the sandbox.
pub fn lift_memory() {
    BYTES_LIMIT.store(usize::MAX, Relaxed);
}

/// QuickJS's interrupt handler: it asks once in 10,000 loop back-edges and calls, and stops when the answer is true.
pub fn burn() -> bool {
    match FUEL_LEFT.load(Relaxed) {
        UNLIMITED_FUEL => false,
        0 => {
            FUEL_REFUSED.store(true, Relaxed);
            true
        }
        left => {
            FUEL_LEFT.store(left - 1, Relaxed);
            false
        }
    }
}

pub fn bytes_used() -> usize {
    BYTES_USED.load(Relaxed)
}

/// The crate's allocator: counts, and refuses beyond the limit. QuickJS takes a refusal as an out-of-memory exception.
pub struct Metered;

impl Metered {
    fn allows(growth: usize) -> bool {
        let allowed = bytes_used().saturating_add(growth) <= BYTES_LIMIT.load(Relaxed);
        if !allowed {
            BYTES_REFUSED.store(true, Relaxed);
        }
        allowed
    }

    fn taken(ptr: *mut u8, old_size: usize, new_size: usize) -> *mut u8 {
        if ptr.is_null() {
            BYTES_REFUSED.store(true, Relaxed);
        } else {
            BYTES_USED.store(bytes_used() - old_size + new_size, Relaxed);
        }
        ptr
    }
}

unsafe impl GlobalAlloc for Metered {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !Self::allows(layout.size()) {
            return std::ptr::null_mut();
        }
        Self::taken(unsafe { Heap.alloc(layout) }, 0, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !Self::allows(layout.size()) {
            return std::ptr::null_mut();
        }
        Self::taken(unsafe { Heap.alloc_zeroed(layout) }, 0, layout.size())
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        BYTES_USED.store(bytes_used() - layout.size(), Relaxed);
        unsafe { Heap.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if !Self::allows(new_size.saturating_sub(layout.size())) {
            return std::ptr::null_mut();
        }
        Self::taken(unsafe { Heap.realloc(ptr, layout, new_size) }, layout.size(), new_size)
    }
}
