//! [`Once`]: a value that is made when it is first needed.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

/// A value that is made when it is first needed, and then stays.
///
/// It is not a `OnceLock`: a child that is forked while another thread makes the value would wait
/// for a thread that it does not have.
#[derive(Debug)]
pub(crate) struct Once<T: 'static>(AtomicPtr<T>);

impl<T: Send + Sync> Once<T> {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    pub(crate) fn get(&self) -> Option<&'static T> {
        let value = NonNull::new(self.0.load(Ordering::Acquire))?;
        // SAFETY: every pointer stored here except null comes from a `&'static T` (`get_or`), and
        // `T` is `Sync`.
        Some(unsafe { value.as_ref() })
    }

    /// Returns the value; makes it first, by `make`, if there is none. If two threads make one at
    /// the same time, both get the first, and the second stays unused.
    pub(crate) fn get_or<E>(&self, make: impl FnOnce() -> Result<&'static T, E>) -> Result<&'static T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let first = make()?;
        let new = ptr::from_ref(first).cast_mut();
        let exchanged = self.0.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire);
        Ok(if exchanged.is_ok() { first } else { self.get().unwrap_or(first) })
    }
}
