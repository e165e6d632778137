//! [`Fold`]: one value made of those of several CPUs.
//!
//! The derive implements it field by field. Where a field says how (`#[map_value(fold = "max")]`), it asks for the trait of that way,
//! of which numbers and arrays of them have those that mean something; so each mistake is told in words of its own.

use core::marker::PhantomData;
use core::num::Wrapping;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicU8, AtomicU16, AtomicU32};
use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::value::MapValue;

/// A value that those of several CPUs fold into: sums of counters, and of each other field what it says.
///
/// Numbers and [`Wrapping`] are added, integers wrapping around, since counters do; floats from the first CPU to the last, in that order.
/// Arrays fold element by element. A struct that derives [`MapValue`](macro@crate::MapValue) folds field by field: by the sum, if
/// nothing else is said, or by the way that `#[map_value(fold = "..")]` on the field names:
///
/// | way | of |
/// |---|---|
/// | `sum` | what implements `Fold`: numbers, structs, arrays of those; what every field is folded by that says nothing |
/// | `max`, `min` | numbers (of floats as [`f64::max`], to which NaN is no number), arrays of them |
/// | `or`, `and` | integers, `bool`, arrays of them |
/// | `first`, `last` | everything, `last` if it is `Copy`: the value of the CPU with the least or the greatest number |
///
/// ```
/// use mapvalue::{Fold, MapValue};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Stats {
///     packets: u64,
///     by_size: [u64; 2],
///     #[map_value(fold = "max")]
///     longest: u32,
///     #[map_value(fold = "or")]
///     seen: bool,
/// #   _pad: [u8; 3],
/// }
///
/// let mut stats = Stats { packets: 1, by_size: [1, 0], longest: 60, seen: false, _pad: [0; 3] };
/// stats.fold(&Stats { packets: 3, by_size: [1, 2], longest: 1500, seen: true, _pad: [0; 3] });
/// assert_eq!(stats, Stats { packets: 4, by_size: [2, 2], longest: 1500, seen: true, _pad: [0; 3] });
/// ```
///
/// [`PerCpu::sum`](crate::PerCpu::sum) and [`Banks::sum`](crate::Banks::sum) fold what all CPUs have. An enum or union may implement this by hand;
/// without that a struct with one is folded if the field says `first` or `last`.
#[diagnostic::on_unimplemented(
    message = "the values of several CPUs have no sum: `{Self}` is nothing that can be added",
    label = "`{Self}` is not `Fold`",
    note = "write on the field how it is folded: `#[map_value(fold = \"or\")]` (or \"and\") on a `bool`, \"first\" or \"last\" on an enum, a \
            union, a pointer, a number of a stated byte order, or whatever is the same on each CPU"
)]
pub trait Fold: MapValue {
    /// Folds in the value of a later CPU.
    fn fold(&mut self, later: &Self);
}

/// Of each way: the trait, and what it does to arrays.
macro_rules! ways {
    ($($(#[$text:meta])* $Way:ident $way:ident;)*) => {$(
        /// A way to fold, which a field names.
        $(#[$text])*
        pub trait $Way {
            /// Folds in the value of a later CPU.
            fn $way(&mut self, later: &Self);
        }

        #[diagnostic::do_not_recommend]
        impl<T: $Way, const N: usize> $Way for [T; N] {
            #[inline]
            fn $way(&mut self, later: &Self) {
                self.iter_mut().zip(later).for_each(|(value, later)| $Way::$way(value, later));
            }
        }
    )*};
}

ways! {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not folded by \"max\", which is of numbers",
        label = "no number: write \"or\" for a `bool`, \"first\" or \"last\" for an enum or a pointer; a struct folds by what its own fields say"
    )]
    Max max;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not folded by \"min\", which is of numbers",
        label = "no number: write \"and\" for a `bool`, \"first\" or \"last\" for an enum or a pointer; a struct folds by what its own fields say"
    )]
    Min min;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not folded by \"or\", which is of bits",
        label = "neither an integer nor a `bool`: write \"max\" for a float, \"first\" or \"last\" for an enum or a pointer; a struct folds by what \
                 its own fields say"
    )]
    Or or;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not folded by \"and\", which is of bits",
        label = "neither an integer nor a `bool`: write \"min\" for a float, \"first\" or \"last\" for an enum or a pointer; a struct folds by what \
                 its own fields say"
    )]
    And and;
}

/// A way to fold, which a field names.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not folded by \"last\", which copies it",
    label = "not `Copy`: derive `Clone` and `Copy` for it, or write \"first\""
)]
pub trait Last {
    /// Folds in the value of a later CPU.
    fn last(&mut self, later: &Self);
}

#[diagnostic::do_not_recommend]
impl<T: Copy> Last for T {
    #[inline]
    fn last(&mut self, later: &Self) {
        *self = *later;
    }
}

// What does not compile for a field that is not folded the way it says. Spelled out, because rustc shows the line in its message.
/// See [`Fold`].
pub const fn sum<T: Fold>() {}
/// See [`Max`].
pub const fn max<T: Max>() {}
/// See [`Min`].
pub const fn min<T: Min>() {}
/// See [`Or`].
pub const fn or<T: Or>() {}
/// See [`And`].
pub const fn and<T: And>() {}
/// See [`Last`].
pub const fn last<T: Last>() {}

#[diagnostic::do_not_recommend]
impl<T: Fold, const N: usize> Fold for [T; N] {
    #[inline]
    fn fold(&mut self, later: &Self) {
        self.iter_mut().zip(later).for_each(|(value, later)| Fold::fold(value, later));
    }
}

/// The ways of one type, each as an expression of the two values.
macro_rules! fold {
    ($type:ty, |$value:ident, $later:ident| $($Way:ident $way:ident $folded:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl $Way for $type {
            #[inline]
            fn $way(&mut self, later: &Self) {
                let ($value, $later) = (&mut *self, later);
                $folded;
            }
        }
    )*};
}

macro_rules! integers {
    ($($int:ident)*) => {$(
        fold! { $int, |value, later|
            Fold fold *value = value.wrapping_add(*later);
            Max max *value = (*value).max(*later);
            Min min *value = (*value).min(*later);
            Or or *value |= *later;
            And and *value &= *later;
        }
        fold! { Wrapping<$int>, |value, later|
            Fold fold *value += *later;
            Max max *value = (*value).max(*later);
            Min min *value = (*value).min(*later);
            Or or *value |= *later;
            And and *value &= *later;
        }
    )*};
}

integers! { u8 u16 u32 u64 i8 i16 i32 i64 }

macro_rules! atomics {
    ($($atomic:ident)*) => {$(
        // Of values that are private by now: nobody else changes them.
        fold! { $atomic, |value, later|
            Fold fold Fold::fold(value.get_mut(), &later.load(Ordering::Relaxed));
            Max max Max::max(value.get_mut(), &later.load(Ordering::Relaxed));
            Min min Min::min(value.get_mut(), &later.load(Ordering::Relaxed));
            Or or Or::or(value.get_mut(), &later.load(Ordering::Relaxed));
            And and And::and(value.get_mut(), &later.load(Ordering::Relaxed));
        }
    )*};
}

atomics! { AtomicU64 AtomicI64 }

// BPF itself has no others.
#[cfg(target_has_atomic = "64")]
atomics! { AtomicU8 AtomicU16 AtomicU32 AtomicI8 AtomicI16 AtomicI32 }

macro_rules! floats {
    ($($float:ident)*) => {$(
        fold! { $float, |value, later|
            Fold fold *value += *later;
            Max max *value = (*value).max(*later);
            Min min *value = (*value).min(*later);
        }
    )*};
}
floats! { f32 f64 }

fold! { bool, |value, later|
    Or or *value |= *later;
    And and *value &= *later;
}

/// Nothing to fold.
#[diagnostic::do_not_recommend]
impl<T: ?Sized + 'static> Fold for PhantomData<T> {
    #[inline]
    fn fold(&mut self, _: &Self) {}
}
