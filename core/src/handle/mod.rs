//! Handles: places in a [`Mapping`](crate::Mapping), each with a share in it.
//!
//! The memory of `var`, `array`, `slice` is mapped, that of `any_array` may be. `bulk` copies many.

/// Implements what all handles share: `Send` and `Sync`, `Clone`, and the way to the mapping.
///
/// The handle has a field `mapping: Arc<Mapping>`. Its other fields are numbers, and a pointer into
/// the mapping of which only `&T::Shared<A>`, or slices of it, are made.
macro_rules! handle {
    ($Handle:ident, $($bound:tt)+) => {
        // SAFETY: the `Arc<Mapping>`, which is `Send + Sync`, keeps alive the memory that the
        // pointer leads to. What is made of the pointer is `Send + Sync` too (a bound of
        // `MapValue::Shared`).
        unsafe impl<T: $($bound)+, A: Access> Send for $Handle<T, A> {}
        // SAFETY: as for `Send`.
        unsafe impl<T: $($bound)+, A: Access> Sync for $Handle<T, A> {}

        impl<T: $($bound)+, A: Access> Clone for $Handle<T, A> {
            #[inline]
            fn clone(&self) -> Self {
                Self { mapping: Arc::clone(&self.mapping), ..*self }
            }
        }

        impl<T: $($bound)+, A: Access> $Handle<T, A> {
            /// Keeps the memory mapped for the rest of the process: the handle, and all that it
            /// dereferences to, is `'static`. (A handle in a `static OnceLock` is so as well.)
            ///
            /// ```
            /// use mapvalue::{Mapping, Shared, Slice};
            /// use std::sync::atomic::{AtomicU64, Ordering};
            ///
            /// let slice: Slice<u64> = Mapping::memfd(4096)?.slice(0, 8)?;
            /// let counters: &'static [AtomicU64] = Shared::atomics(slice.leak());
            /// counters[3].fetch_add(1, Ordering::Relaxed);
            /// # Ok::<(), mapvalue::Error>(())
            /// ```
            pub fn leak(self) -> &'static Self {
                Box::leak(Box::new(self))
            }

            /// The mapping that holds the memory.
            #[inline]
            pub fn mapping(&self) -> &Arc<Mapping> {
                &self.mapping
            }
        }
    };
}

pub(crate) mod any_array;
pub(crate) mod array;
pub(crate) mod bulk;
pub(crate) mod by_index;
pub(crate) mod shown;
pub(crate) mod slice;
pub(crate) mod var;

pub use any_array::AnyArray;
pub use array::{Array, Iter};
pub use slice::Slice;
pub use var::Var;
