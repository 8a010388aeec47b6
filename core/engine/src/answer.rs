//! What an export hands back: five little-endian words at an address that stays valid until the next call.
use crate::heap;
use crate::limits::Limit;
use std::cell::{Cell, RefCell};

/// `written_to`: memory from this address on is as it was when the instance started.
/// `status`: 0 done, 1 exception, 2 out of fuel, 3 out of memory, 4 the bundle returned no text. `ptr` and `len` are UTF-8 text: the result, or what was wrong.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Answer {
    status: u32,
    ptr: u32,
    len: u32,
    fuel_used: u32,
    written_to: u32,
}

pub struct Failure {
    status: u32,
    pub text: String,
}

impl Failure {
    pub fn exception(text: String) -> Self {
        Failure { status: 1, text }
    }

    pub fn no_text(type_name: &str) -> Self {
        Failure { status: 4, text: format!("is no text but of type {type_name}") }
    }
}

impl From<Limit> for Failure {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::Fuel => Failure { status: 2, text: "out of fuel".into() },
            Limit::Memory => Failure { status: 3, text: "out of memory".into() },
        }
    }
}

thread_local! {
    static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static ANSWER: Cell<Answer> = const { Cell::new(Answer { status: 0, ptr: 0, len: 0, fuel_used: 0, written_to: 0 }) };
}

pub fn give(result: Result<Vec<u8>, Failure>, fuel_used: u32) -> *const Answer {
    let (status, bytes) = match result {
        Ok(bytes) => (0, bytes),
        Err(failure) => (failure.status, failure.text.into_bytes()),
    };
    ANSWER.set(Answer { status, ptr: bytes.as_ptr() as u32, len: bytes.len() as u32, fuel_used, written_to: heap::high_water() as u32 });
    BYTES.set(bytes);
    ANSWER.with(|answer| answer.as_ptr().cast_const())
}
