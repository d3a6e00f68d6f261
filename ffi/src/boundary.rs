//! The line between C and Rust: pointers become references here, and panics and errors become codes.

use core::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, TryLockError};

use crate::code::RdaCode;
use crate::failure::{Failure, LastError, RdaError};

pub(crate) type Outcome = Result<(), Failure>;

/// What stands behind the pointer that a host holds. The lock is never waited for: who finds it taken is told so. A panic
/// poisons it, and the handle then does nothing any more.
pub(crate) struct Handle<T> {
    state: RwLock<T>,
    last: Mutex<LastError>,
}

/// Any thread may call, one at a time: the state need not bear more.
impl<T: Send> Handle<T> {
    pub(crate) fn new(state: T) -> Self {
        Self {
            state: RwLock::new(state),
            last: Mutex::new(LastError::none()),
        }
    }

    /// Runs `body` on the state, and keeps what went wrong.
    pub(crate) fn call(&self, body: impl FnOnce(&mut T) -> Outcome) -> RdaCode {
        self.settle(|| {
            let mut state = self.state.try_write().map_err(taken)?;
            body(&mut state)
        })
    }

    fn settle(&self, body: impl FnOnce() -> Outcome) -> RdaCode {
        match contained(body) {
            Ok(()) => RdaCode::Ok,
            Err(failure) => {
                let code = failure.code;
                // The words of a call in progress are not for another thread to overwrite.
                if code != RdaCode::Busy {
                    *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
                        LastError::of(failure);
                }
                code
            }
        }
    }

    /// The last error. The pointer is good until the next one.
    pub(crate) fn last_error(&self) -> *const RdaError {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .shown()
    }
}

/// Several threads may read at the same time.
impl<T: Send + Sync> Handle<T> {
    pub(crate) fn read(&self) -> Result<RwLockReadGuard<'_, T>, Failure> {
        self.state.try_read().map_err(taken)
    }

    /// As [`Handle::call`], for what changes nothing.
    pub(crate) fn look(&self, body: impl FnOnce(&T) -> Outcome) -> RdaCode {
        self.settle(|| body(&*self.read()?))
    }
}

fn taken<G>(error: TryLockError<G>) -> Failure {
    match error {
        TryLockError::WouldBlock => Failure::new(RdaCode::Busy, "the handle is in use"),
        TryLockError::Poisoned(_) => Failure::internal(),
    }
}

fn contained(body: impl FnOnce() -> Outcome) -> Outcome {
    // What a panic leaves half done is behind a lock that it poisons, or is dropped.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err(Failure::internal()))
}

/// Runs what has no handle to keep its error.
pub(crate) fn bare(body: impl FnOnce() -> Outcome) -> RdaCode {
    match contained(body) {
        Ok(()) => RdaCode::Ok,
        Err(failure) => failure.code,
    }
}

fn null(name: &str) -> Failure {
    Failure::new(
        RdaCode::NullPointer,
        format_args!("`{name}` is null or not aligned"),
    )
}

/// A pointer that must be there.
///
/// # Safety
/// Null, or a value that lives and does not change for `'a`.
pub(crate) unsafe fn reference<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Failure> {
    if !pointer.is_aligned() {
        return Err(null(name));
    }
    // SAFETY: aligned, and valid by the word of the caller.
    unsafe { pointer.as_ref() }.ok_or_else(|| null(name))
}

/// Bytes that must be there, though they may be none.
///
/// # Safety
/// Null, or `len` bytes that live and do not change for `'a`.
pub(crate) unsafe fn bytes<'a>(
    pointer: *const u8,
    len: usize,
    name: &str,
) -> Result<&'a [u8], Failure> {
    // SAFETY: passed on.
    unsafe { optional_bytes(pointer, len, name)? }.ok_or_else(|| null(name))
}

/// Bytes that may be left out: null with length 0.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn optional_bytes<'a>(
    pointer: *const u8,
    len: usize,
    name: &str,
) -> Result<Option<&'a [u8]>, Failure> {
    if isize::try_from(len).is_err() {
        return Err(Failure::argument(format_args!("`{name}` is too long")));
    }
    match (pointer.is_null(), len) {
        (true, 0) => Ok(None),
        (true, _) => Err(null(name)),
        // SAFETY: not null, no longer than any object, and valid by the word of the caller.
        (false, _) => Ok(Some(unsafe { core::slice::from_raw_parts(pointer, len) })),
    }
}

/// So many bytes, which must be there.
///
/// # Safety
/// Null, or `N` bytes that live and do not change for `'a`.
pub(crate) unsafe fn array<'a, const N: usize>(
    pointer: *const u8,
    name: &str,
) -> Result<&'a [u8; N], Failure> {
    // SAFETY: passed on; an array of bytes is aligned everywhere.
    unsafe { reference(pointer.cast(), name) }
}

/// A text that must be there.
///
/// # Safety
/// Null, or bytes up to a zero that live and do not change for `'a`.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str, Failure> {
    // SAFETY: passed on.
    unsafe { optional_text(pointer, name)? }.ok_or_else(|| null(name))
}

/// A text that may be left out.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_text<'a>(
    pointer: *const c_char,
    name: &str,
) -> Result<Option<&'a str>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not null, and ended by a zero byte by the word of the caller.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str()
        .map(Some)
        .map_err(|_| Failure::argument(format_args!("`{name}` is not UTF-8")))
}

/// Where a result goes: holds a harmless value from the start, so that a host may look at it or free it after an error.
pub(crate) struct Out<'a, T>(&'a mut T);

impl<T> Out<'_, T> {
    pub(crate) fn set(self, value: T) {
        *self.0 = value;
    }
}

/// A place for a result, which must be there.
///
/// # Safety
/// Null, or memory for one `T` that nobody else uses during the call.
pub(crate) unsafe fn out<'a, T>(
    pointer: *mut T,
    name: &str,
    empty: T,
) -> Result<Out<'a, T>, Failure> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(null(name));
    }
    // SAFETY: not null, aligned, and memory for one value by the word of the caller; what was there is not looked at.
    unsafe { pointer.write(empty) };
    // SAFETY: as above, and initialised now.
    unsafe { pointer.as_mut() }
        .map(Out)
        .ok_or_else(|| null(name))
}

/// Hands a new handle to the host.
///
/// # Safety
/// As [`out`].
pub(crate) unsafe fn hand_over<T>(
    pointer: *mut *mut T,
    make: impl FnOnce() -> Result<T, Failure>,
) -> RdaCode {
    bare(|| {
        // SAFETY: passed on.
        let out = unsafe { out(pointer, "out", core::ptr::null_mut())? };
        out.set(Box::into_raw(Box::new(make()?)));
        Ok(())
    })
}

/// Takes a handle back and drops it; null is nothing.
///
/// # Safety
/// Null, or from [`hand_over`] and not taken back before.
pub(crate) unsafe fn take_back<T>(pointer: *mut T) {
    bare(|| {
        if !pointer.is_null() {
            // SAFETY: made by `Box::into_raw`, by the word of the caller.
            drop(unsafe { Box::from_raw(pointer) });
        }
        Ok(())
    });
}
