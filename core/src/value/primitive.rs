//! Rust's own leaves (integers, floats, `bool`, atomics), and the macros that make a type a leaf.
//! zerocopy's integers are in `byteorder`, arrays in `compound`; the derive makes structs.

use core::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64, Wrapping,
};
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicU8, AtomicU16, AtomicU32};
use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::layout::{Kind, Layout};
use crate::value::InPlace;
use crate::value::leaf::{Integer, sealed};

/// Implements `MapValue`, `Storable` and `Plain` for a type that may have any bits: by its layout,
/// its mirror for an access, and the functions that load and store it.
///
/// Where it is used, a comment says that the mirror has the size and alignment of the type, and
/// holds a cell for each leaf; the layout must be the type's.
macro_rules! plain_value {
    (
        [$($generics:tt)*] $type:ty, $layout:expr, <$access:ident> $mirror:ty,
        |$from:pat_param| $load:expr, |$to:pat_param, $value:pat_param| $store:expr
    ) => {
        // SAFETY: the size, alignment, cells and layout are as the use of this macro says; any bits
        // are a cell and a value; there is no drop glue and no pointer.
        #[diagnostic::do_not_recommend]
        unsafe impl<$($generics)*> $crate::value::MapValue for $type {
            type Shared<$access: $crate::value::Access> = $mirror;
            const LAYOUT: $crate::layout::Layout = $layout;

            #[inline]
            fn __try_load<A: $crate::value::Access>(shared: &Self::Shared<A>) -> Result<Self, $crate::error::InvalidValue> {
                Ok($crate::value::Plain::__load(shared))
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($generics)*> $crate::value::Storable for $type {
            #[inline]
            fn __store($to: &Self::Shared<$crate::value::ReadWrite>, $value: &Self) {
                $store
            }
        }

        // SAFETY: `__try_load` of this type always returns `Ok`.
        #[diagnostic::do_not_recommend]
        unsafe impl<$($generics)*> $crate::value::Plain for $type {
            #[inline]
            fn __load<A: $crate::value::Access>($from: &Self::Shared<A>) -> Self {
                $load
            }
        }
    };
}
pub(crate) use plain_value;

/// Makes a type that may have any bits a leaf.
///
/// Where it is used, a comment says why the type has the size and the bytes of `$raw`, and the size
/// and alignment of `$cell`.
macro_rules! leaf {
    (
        [$($generics:tt)*] $leaf:ty, $raw:ty, $cell:ty, $layout:expr,
        |$value:ident| $to_raw:expr, |$bits:ident| $from_raw:expr $(, $more:item)?
    ) => {
        $crate::value::primitive::plain_value!(
            [$($generics)*] $leaf, $layout, <A> $crate::value::Shared<Self, A>,
            |shared| shared.load(), |shared, value| shared.__store_ref(value)
        );
        // SAFETY: the use of this macro says why sizes, bytes and alignments are the same.
        unsafe impl<$($generics)*> $crate::value::Leaf for $leaf {
            type Raw = $raw;
            type Cell = $cell;

            #[inline]
            fn to_raw(&self) -> $raw {
                let $value = self;
                $to_raw
            }
            #[inline]
            fn try_from_raw($bits: $raw) -> Result<Self, $crate::error::InvalidValue> {
                Ok($from_raw)
            }
            $($more)?
        }
    };
}
pub(crate) use leaf;

/// Makes a type a leaf whose cell is the atomic of `$raw`, called `$name` in a layout.
///
/// Each atomic integer "has the same size and bit validity as the underlying integer type" (its
/// documentation). Its alignment is its size, which on the accepted targets is the alignment of the
/// type: `Layout::leaf` asserts that.
macro_rules! natural_leaf {
    ([$($generics:tt)*] $leaf:ty, $name:expr, $kind:expr, $raw:ty, $($conversions:tt)*) => {
        $crate::value::primitive::leaf!(
            [$($generics)*] $leaf, $raw, <$raw as $crate::value::raw::Raw>::Atomic,
            $crate::layout::Layout::leaf::<Self>($name, $kind), $($conversions)*
        );
    };
}
pub(crate) use natural_leaf;

macro_rules! integers {
    ($($int:ident, $nonzero:ident;)*) => {$(
        // The raw integer is the value.
        natural_leaf!([] $int, stringify!($int), Kind::int::<$int>(), $int, |value| *value, |raw| raw);
        integers!(@arithmetic $int);

        // `Wrapping` is "guaranteed to have the same layout and ABI as `T`".
        natural_leaf!(
            [] Wrapping<$int>, stringify!($int), Kind::int::<$int>(), $int, |value| value.0, |raw| Wrapping(raw)
        );
        integers!(@arithmetic Wrapping<$int>);

        // "`Option<NonZero<u32>>` is guaranteed to be compatible with `u32`", and so for the other
        // integers (`core::num::NonZero`); 0 is `None`.
        natural_leaf!(
            [] Option<$nonzero>, stringify!($int), Kind::int::<$int>(), $int,
            |value| value.map_or(0, $nonzero::get), |raw| $nonzero::new(raw)
        );
    )*};
    (@arithmetic $type:ty) => {
        #[diagnostic::do_not_recommend]
        impl Integer for $type {}
        impl sealed::Sealed for $type {}
    };
}

integers! {
    u8, NonZeroU8;
    u16, NonZeroU16;
    u32, NonZeroU32;
    u64, NonZeroU64;
    i8, NonZeroI8;
    i16, NonZeroI16;
    i32, NonZeroI32;
    i64, NonZeroI64;
}

macro_rules! atomics {
    ($($atomic:ident, $int:ident;)*) => {$(
        // The mirror is the integer's cell, which is this very atomic, and so is the layout.
        plain_value!(
            [] $atomic, Layout::leaf::<Self>(stringify!($atomic), Kind::int::<$int>()).of_atomic(),
            <A> $crate::value::Shared<$int, A>,
            |shared| Self::new(shared.load()), |shared, value| shared.store(value.load(Ordering::Relaxed))
        );
        // SAFETY: the type is one atomic integer.
        #[diagnostic::do_not_recommend]
        unsafe impl InPlace for $atomic {}
    )*};
}

atomics! {
    AtomicU64, u64;
    AtomicI64, i64;
}

// BPF itself has no other atomics.
#[cfg(target_has_atomic = "64")]
atomics! {
    AtomicU8, u8;
    AtomicU16, u16;
    AtomicU32, u32;
    AtomicI8, i8;
    AtomicI16, i16;
    AtomicI32, i32;
}

// A float has the size of the integer of its bits.
natural_leaf!([] f32, "f32", Kind::Float, u32, |value| value.to_bits(), |raw| Self::from_bits(raw));
natural_leaf!([] f64, "f64", Kind::Float, u64, |value| value.to_bits(), |raw| Self::from_bits(raw));

// "The `bool` type has a size and alignment of 1 each" (Reference, Boolean type). BPF may store any
// byte: all but zero are true, as in C.
natural_leaf!(
    [] bool, "bool", Kind::Bool, u8, |value| u8::from(*value), |raw| raw != 0,
    #[inline]
    fn same(a: u8, b: u8) -> bool {
        (a != 0) == (b != 0)
    }
);
