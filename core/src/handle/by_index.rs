//! The traits of iterators over places that lie at a stride: `array::Iter` and `BankIter`.

/// Implements them for `$name<'a, T, A>`, where `T` has `$bound`. Its field `range` holds the
/// indices to come. Its `unsafe fn at(&self, index: usize) -> $item` asks for an index of those.
macro_rules! iterate_by_index {
    ($name:ident, $item:ty, $($bound:tt)+) => {
        // SAFETY: the iterator is used as a reference to what it iterates over, which is `Sync`.
        unsafe impl<T: $($bound)+, A: Access> Send for $name<'_, T, A> {}
        // SAFETY: as for `Send`.
        unsafe impl<T: $($bound)+, A: Access> Sync for $name<'_, T, A> {}

        impl<T: $($bound)+, A: Access> Clone for $name<'_, T, A> {
            fn clone(&self) -> Self {
                Self { range: self.range.clone(), ..*self }
            }
        }

        impl<T: $($bound)+, A: Access> std::fmt::Debug for $name<'_, T, A> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).field("range", &self.range).finish_non_exhaustive()
            }
        }

        impl<'a, T: $($bound)+, A: Access> Iterator for $name<'a, T, A> {
            type Item = $item;

            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                // SAFETY: the index comes from the range.
                self.range.next().map(|index| unsafe { self.at(index) })
            }

            #[inline]
            fn nth(&mut self, n: usize) -> Option<Self::Item> {
                // SAFETY: the index comes from the range.
                self.range.nth(n).map(|index| unsafe { self.at(index) })
            }

            #[inline]
            fn size_hint(&self) -> (usize, Option<usize>) {
                self.range.size_hint()
            }

            /// A loop whose number of rounds is known; `sum`, `for_each` and `collect` use it.
            #[inline]
            fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut f: F) -> B {
                // SAFETY: the index comes from the range.
                self.range.clone().fold(init, |folded, index| f(folded, unsafe { self.at(index) }))
            }
        }

        impl<T: $($bound)+, A: Access> DoubleEndedIterator for $name<'_, T, A> {
            #[inline]
            fn next_back(&mut self) -> Option<Self::Item> {
                // SAFETY: the index comes from the range.
                self.range.next_back().map(|index| unsafe { self.at(index) })
            }
        }

        impl<T: $($bound)+, A: Access> ExactSizeIterator for $name<'_, T, A> {}
        impl<T: $($bound)+, A: Access> std::iter::FusedIterator for $name<'_, T, A> {}
    };
}
pub(crate) use iterate_by_index;
