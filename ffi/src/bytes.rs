//! Bytes that the library made and the host owns.

use core::ptr;

use zeroize::Zeroize;

use crate::boundary;

/// Bytes that belong to whoever called: give them back with rda_bytes_free, which wipes them first. A zero byte that `len`
/// does not count follows them, so that text can be used as such.
#[derive(Debug)]
#[repr(C)]
pub struct RdaBytes {
    /// The bytes; null if there are none.
    pub data: *mut u8,
    /// How many.
    pub len: usize,
}

impl RdaBytes {
    pub(crate) const EMPTY: Self = Self {
        data: ptr::null_mut(),
        len: 0,
    };

    pub(crate) fn copy(bytes: &[u8]) -> Self {
        let mut owned = Vec::with_capacity(bytes.len() + 1);
        owned.extend_from_slice(bytes);
        owned.push(0);
        // The box is exactly as long as the bytes and their zero: `release` counts on it.
        let owned = Box::into_raw(owned.into_boxed_slice());
        Self {
            data: owned.cast(),
            len: bytes.len(),
        }
    }

    /// Wipes the bytes, gives their memory back, and leaves none.
    ///
    /// # Safety
    /// The value is empty or came from [`RdaBytes::copy`], unchanged.
    unsafe fn release(&mut self) {
        let Self { data, len } = core::mem::replace(self, Self::EMPTY);
        if data.is_null() {
            return;
        }
        let whole = ptr::slice_from_raw_parts_mut(data, len + 1);
        // SAFETY: pointer and length are those of the box that `copy` let go of.
        let mut owned = unsafe { Box::from_raw(whole) };
        owned.zeroize();
    }
}

/// Wipes and frees what the library gave out, and sets the structure to none. Null, and a structure without bytes, are
/// nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rda_bytes_free(bytes: *mut RdaBytes) {
    boundary::bare(|| {
        if bytes.is_aligned()
            // SAFETY: null, or a structure of the caller's.
            && let Some(bytes) = unsafe { bytes.as_mut() }
        {
            // SAFETY: filled by this library, by the word of the caller.
            unsafe { bytes.release() };
        }
        Ok(())
    });
}
