//! Machines where nothing is known to be faster than one instruction for each leaf.

use std::convert::Infallible;
use std::ptr::NonNull;

/// Cannot be made here.
pub(crate) struct Run(Infallible);

pub(crate) fn of(_len: usize) -> Option<Run> {
    None
}

impl Run {
    /// # Safety
    ///
    /// None: it cannot be called.
    pub(crate) unsafe fn load(&self, _from: NonNull<u8>, _to: *mut u8) {
        match self.0 {}
    }

    /// # Safety
    ///
    /// None: it cannot be called.
    pub(crate) unsafe fn store(&self, _to: NonNull<u8>, _from: *const u8) {
        match self.0 {}
    }
}
