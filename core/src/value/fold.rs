//! [`Fold`]: combines the values of several CPUs into one.
//!
//! The derive implements it field by field. A field that names a way (`#[map_value(fold = "max")]`)
//! must implement the trait of that way. Numbers and arrays of them implement those that make
//! sense, so each mistake has its own error message.

use core::marker::PhantomData;
use core::num::Wrapping;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicU8, AtomicU16, AtomicU32};
use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::value::MapValue;

/// A value to fold over CPUs: counters are summed, other fields combined as they say.
///
/// Numbers and [`Wrapping`] are added. Integers wrap around, as counters do; floats are added from
/// the first CPU to the last. Arrays fold element by element. A struct that derives
/// [`MapValue`](macro@crate::MapValue) folds field by field: by `sum`, or in the way that
/// `#[map_value(fold = "..")]` on the field names:
///
/// | way | applies to |
/// |---|---|
/// | `sum` (default) | types that implement `Fold`: numbers, structs, arrays of those |
/// | `max`, `min` | numbers and arrays of them (floats as [`f64::max`], which ignores NaN) |
/// | `or`, `and` | integers, `bool`, arrays of them |
/// | `first`, `last` | every type (`last`: if `Copy`): the value of the lowest or highest CPU |
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
/// let of = |packets, by_size, longest, seen| Stats {
///     packets, by_size, longest, seen,
/// #   _pad: [0; 3],
/// };
/// let mut stats = of(1, [1, 0], 60, false);
/// stats.fold(&of(3, [1, 2], 1500, true));
/// assert_eq!(stats, of(4, [2, 2], 1500, true));
/// ```
///
/// [`PerCpu::sum`](crate::PerCpu::sum) and [`Banks::sum`](crate::Banks::sum) fold the values of all
/// CPUs. An enum or union may implement this by hand; if not, its fields say `first` or `last`.
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

/// Implements a way of a type as an expression of the two values.
macro_rules! fold {
    ([$($generics:tt)*] $type:ty, $Way:ident $way:ident |$value:pat_param, $later:pat_param| $folded:expr) => {
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> $Way for $type {
            #[inline]
            fn $way(&mut self, later: &Self) {
                let ($value, $later) = (self, later);
                $folded
            }
        }
    };
}

/// Declares the trait of each way, and implements it for arrays.
macro_rules! ways {
    ($($(#[$text:meta])* $Way:ident $way:ident;)*) => {$(
        /// A way to fold that a field can name.
        $(#[$text])*
        pub trait $Way {
            /// Folds in the value of a later CPU.
            fn $way(&mut self, later: &Self);
        }

        fold! { [T: $Way, const N: usize] [T; N], $Way $way |values, later|
            values.iter_mut().zip(later).for_each(|(value, later)| $Way::$way(value, later))
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

/// A way to fold that a field can name.
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

// A field that cannot fold that way fails to compile here. Spelled out: rustc shows the line.
pub const fn sum<T: Fold>() {}
pub const fn max<T: Max>() {}
pub const fn min<T: Min>() {}
pub const fn or<T: Or>() {}
pub const fn and<T: And>() {}
pub const fn last<T: Last>() {}

fold! { [T: Fold, const N: usize] [T; N], Fold fold |values, later|
    values.iter_mut().zip(later).for_each(|(value, later)| Fold::fold(value, later))
}

macro_rules! ordered {
    ($($type:ty)*) => {$(
        fold! { [] $type, Max max |value, later| *value = (*value).max(*later) }
        fold! { [] $type, Min min |value, later| *value = (*value).min(*later) }
    )*};
}

macro_rules! bits {
    ($($type:ty)*) => {$(
        fold! { [] $type, Or or |value, later| *value |= *later }
        fold! { [] $type, And and |value, later| *value &= *later }
    )*};
}

macro_rules! integers {
    ($($int:ident)*) => {$(
        fold! { [] $int, Fold fold |value, later| *value = value.wrapping_add(*later) }
        fold! { [] Wrapping<$int>, Fold fold |value, later| *value += *later }
        ordered! { $int Wrapping<$int> }
        bits! { $int Wrapping<$int> }
    )*};
}

integers! { u8 u16 u32 u64 i8 i16 i32 i64 }

fold! { [] f32, Fold fold |value, later| *value += *later }
fold! { [] f64, Fold fold |value, later| *value += *later }
ordered! { f32 f64 }
bits! { bool }

// It folds nothing.
fold! { [T: ?Sized + 'static] PhantomData<T>, Fold fold |_, _| () }

macro_rules! atomics {
    ($($atomic:ident)*) => {$(
        // The values are private by now: no other thread changes them.
        fold! { [] $atomic, Fold fold |value, later| Fold::fold(value.get_mut(), &later.load(Ordering::Relaxed)) }
        fold! { [] $atomic, Max max |value, later| Max::max(value.get_mut(), &later.load(Ordering::Relaxed)) }
        fold! { [] $atomic, Min min |value, later| Min::min(value.get_mut(), &later.load(Ordering::Relaxed)) }
        fold! { [] $atomic, Or or |value, later| Or::or(value.get_mut(), &later.load(Ordering::Relaxed)) }
        fold! { [] $atomic, And and |value, later| And::and(value.get_mut(), &later.load(Ordering::Relaxed)) }
    )*};
}

atomics! { AtomicU64 AtomicI64 }

// BPF itself has no other atomics.
#[cfg(target_has_atomic = "64")]
atomics! { AtomicU8 AtomicU16 AtomicU32 AtomicI8 AtomicI16 AtomicI32 }
