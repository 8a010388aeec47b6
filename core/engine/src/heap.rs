//! The heap of the sandbox. A decision starts from clean memory and ends soon, so blocks are handed out from the bottom up, a freed one waits for the
//! next of its size, and nothing is joined again. What lies above `high_water` was never written to, so whoever cleans the memory may leave it out.
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{ptr, slice};

const PAGE_BYTES: usize = 64 << 10;
/// Of every block: what QuickJS and Rust ask for is never aligned to more. The step between the sizes of small blocks.
const GRAIN_BYTES: usize = 8;
/// Larger blocks come in eight sizes between one power of two and the next.
const SMALL_BYTES: usize = 1 << 10;
const STEPS: usize = 8;
const SMALL_CLASSES: usize = SMALL_BYTES / GRAIN_BYTES + 1;
const CLASSES: usize = SMALL_CLASSES + STEPS * (usize::BITS - SMALL_BYTES.ilog2()) as usize;
/// What memory grows by at least.
const GROWTH_BYTES: usize = 1 << 20;

/// Where the next new block starts, where the memory for new blocks ends, and how far up blocks have ever reached.
static NEXT: AtomicUsize = AtomicUsize::new(0);
static END: AtomicUsize = AtomicUsize::new(0);
static HIGH_WATER: AtomicUsize = AtomicUsize::new(0);
/// By size: the block that was freed last, whose first word is the address of the one before; 0 when there is none.
static FREED: [AtomicUsize; CLASSES] = [const { AtomicUsize::new(0) }; CLASSES];

/// A size that blocks come in.
#[derive(Clone, Copy, PartialEq)]
struct Class {
    index: usize,
    bytes: usize,
}

impl Class {
    #[inline(always)]
    fn of(size: usize) -> Class {
        if size <= SMALL_BYTES {
            let index = size.div_ceil(GRAIN_BYTES);
            return Class { index, bytes: index * GRAIN_BYTES };
        }
        // `size` lies in (2^power, 2^(power + 1)].
        let power = (size - 1).ilog2();
        let step = 1usize << (power - STEPS.ilog2());
        let steps = (size - 1 - (1 << power)) / step + 1;
        let doublings = (power - SMALL_BYTES.ilog2()) as usize;
        Class { index: SMALL_CLASSES + doublings * STEPS + steps - 1, bytes: (1 << power) + steps * step }
    }
}

/// A block of at least `size` bytes (which are never 0), aligned to `GRAIN_BYTES`; null when memory can't grow any more.
#[inline]
fn take(size: usize) -> *mut u8 {
    let class = Class::of(size);
    let freed = &FREED[class.index];
    let block = freed.load(Relaxed);
    if block == 0 {
        return carve(class.bytes);
    }
    freed.store(unsafe { *(block as *const usize) }, Relaxed);
    block as *mut u8
}

/// # Safety
/// `block` is one that `take` gave for this size, or for another of the same class.
#[inline]
unsafe fn give_back(block: *mut u8, size: usize) {
    let class = Class::of(size);
    let address = block as usize;
    if size > SMALL_BYTES && address + class.bytes == NEXT.load(Relaxed) {
        NEXT.store(address, Relaxed);
        return;
    }
    unsafe { *block.cast::<usize>() = FREED[class.index].swap(address, Relaxed) };
}

/// Makes a block smaller or larger where it lies, if that can be. As `give_back` it needs the size that was asked for before.
unsafe fn resize(block: *mut u8, size: usize, new_size: usize) -> bool {
    let (class, new_class) = (Class::of(size), Class::of(new_size));
    if class == new_class {
        return true;
    }
    let start = block as usize;
    if start + class.bytes != NEXT.load(Relaxed) || new_class.bytes > END.load(Relaxed) - start {
        return false;
    }
    advance(start + new_class.bytes);
    true
}

fn carve(bytes: usize) -> *mut u8 {
    if bytes > END.load(Relaxed) - NEXT.load(Relaxed) && !grow(bytes) {
        return ptr::null_mut();
    }
    let start = NEXT.load(Relaxed);
    advance(start + bytes);
    start as *mut u8
}

fn advance(next: usize) {
    NEXT.store(next, Relaxed);
    if next > HIGH_WATER.load(Relaxed) {
        HIGH_WATER.store(next, Relaxed);
    }
}

/// Takes more of the instance's memory. Where somebody else grew it meanwhile (libc has a heap of its own), what is left of the old end stays unused.
fn grow(bytes: usize) -> bool {
    let pages = bytes.max(GROWTH_BYTES).div_ceil(PAGE_BYTES);
    let Some(start) = grow_memory(pages) else {
        return false;
    };
    if start != END.load(Relaxed) {
        NEXT.store(start, Relaxed);
    }
    END.store(start + pages * PAGE_BYTES, Relaxed);
    true
}

/// The address of new pages of zeros that belong to the caller.
fn grow_memory(pages: usize) -> Option<usize> {
    match core::arch::wasm32::memory_grow::<0>(pages) {
        usize::MAX => None,
        before => Some(before * PAGE_BYTES),
    }
}

/// Sees to it that `bytes` more can be taken before memory has to grow.
pub fn reserve(bytes: usize) {
    let free = END.load(Relaxed) - NEXT.load(Relaxed);
    if free < bytes {
        grow(bytes - free);
    }
}

/// Every address that a block ever had lies below.
pub fn high_water() -> usize {
    HIGH_WATER.load(Relaxed)
}

/// Runs `work` on a copy of the bytes outside of the heap, of which nothing is left afterwards: what is taken meanwhile does not come to lie behind them.
pub fn aside<R>(bytes: Vec<u8>, work: impl FnOnce(&[u8]) -> R) -> R {
    let start = grow_memory(bytes.len().div_ceil(PAGE_BYTES)).expect("there is memory for a second copy");
    let copy = unsafe { slice::from_raw_parts_mut(start as *mut u8, bytes.len()) };
    copy.copy_from_slice(&bytes);
    drop(bytes);
    let result = work(copy);
    copy.fill(0);
    result
}

/// Rust's allocator, and through rquickjs' `rust-alloc` that of QuickJS. Blocks of a higher alignment, which neither asks for, are libc's.
pub struct Heap;

unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > GRAIN_BYTES {
            return unsafe { System.alloc(layout) };
        }
        take(layout.size())
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.align() > GRAIN_BYTES {
            return unsafe { System.dealloc(block, layout) };
        }
        unsafe { give_back(block, layout.size()) };
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if layout.align() > GRAIN_BYTES {
            return unsafe { System.realloc(block, layout, new_size) };
        }
        if unsafe { resize(block, layout.size(), new_size) } {
            return block;
        }
        let moved = take(new_size);
        if !moved.is_null() {
            unsafe {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(new_size));
                give_back(block, layout.size());
            }
        }
        moved
    }
}
