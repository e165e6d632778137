//! Rust's own leaves (integers, floats, `bool`, atomics), and the macro that makes a leaf
//! a value. zerocopy's integers are in `byteorder`, arrays in `compound`; the derive makes structs.

use core::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64, Wrapping,
};
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicU8, AtomicU16, AtomicU32};
use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::error::InvalidValue;
use crate::layout::{Kind, Layout};
use crate::value::cell::Shared;
use crate::value::leaf::{Integer, Leaf, sealed};
use crate::value::raw::Raw;
use crate::value::{Access, InPlace, MapValue, Plain, ReadWrite, Storable};

/// Implements `MapValue`, `Storable` and `Plain` for a leaf that may have any bits.
macro_rules! map_value {
    ([$($generics:tt)*] $leaf:ty, $layout:expr) => {
        // SAFETY: the mirror is the cell itself, with the size and alignment that `Leaf` promises;
        // the layout is this type's; any bits are a raw integer; a leaf has no drop glue and no
        // pointer.
        #[diagnostic::do_not_recommend]
        unsafe impl<$($generics)*> $crate::value::MapValue for $leaf {
            type Shared<A: $crate::value::Access> = $crate::value::Shared<Self, A>;
            const LAYOUT: $crate::layout::Layout = $layout;

            #[inline]
            fn __try_load<A: $crate::value::Access>(shared: &Self::Shared<A>) -> Result<Self, $crate::error::InvalidValue> {
                shared.try_load()
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($generics)*> $crate::value::Storable for $leaf {
            #[inline]
            fn __store(shared: &Self::Shared<$crate::value::ReadWrite>, value: &Self) {
                shared.__store_ref(value);
            }
        }

        // SAFETY: `__try_load` of this type always returns `Ok`.
        #[diagnostic::do_not_recommend]
        unsafe impl<$($generics)*> $crate::value::Plain for $leaf {
            #[inline]
            fn __load<A: $crate::value::Access>(shared: &Self::Shared<A>) -> Self {
                shared.load()
            }
        }
    };
}
pub(crate) use map_value;

macro_rules! integers {
    ($($int:ident, $nonzero:ident;)*) => {$(
        map_value!([] $int, Layout::leaf::<$int>(stringify!($int), Kind::int::<$int>()));
        // SAFETY: the raw integer is the value. Each atomic integer "has the same size and bit
        // validity as the underlying integer type" (its documentation). Its alignment is its size,
        // which on the accepted targets is the integer's alignment (asserted in `Layout::leaf`).
        unsafe impl Leaf for $int {
            type Raw = $int;
            type Cell = <$int as Raw>::Atomic;

            #[inline]
            fn to_raw(&self) -> Self {
                *self
            }
            #[inline]
            fn try_from_raw(raw: Self) -> Result<Self, InvalidValue> {
                Ok(raw)
            }
        }
        #[diagnostic::do_not_recommend]
        impl Integer for $int {}
        impl sealed::Sealed for $int {}

        map_value!([] Wrapping<$int>, Layout::leaf::<Self>(stringify!($int), Kind::int::<$int>()));
        // SAFETY: `Wrapping` is "guaranteed to have the same layout and ABI as `T`".
        unsafe impl Leaf for Wrapping<$int> {
            type Raw = $int;
            type Cell = <$int as Raw>::Atomic;

            #[inline]
            fn to_raw(&self) -> $int {
                self.0
            }
            #[inline]
            fn try_from_raw(raw: $int) -> Result<Self, InvalidValue> {
                Ok(Wrapping(raw))
            }
        }
        #[diagnostic::do_not_recommend]
        impl Integer for Wrapping<$int> {}
        impl sealed::Sealed for Wrapping<$int> {}

        map_value!([] Option<$nonzero>, Layout::leaf::<Self>(stringify!($int), Kind::int::<$int>()));
        // SAFETY: "`Option<NonZero<u32>>` is guaranteed to be compatible with `u32`", and so for
        // the other integers (`core::num::NonZero`); 0 is `None`.
        unsafe impl Leaf for Option<$nonzero> {
            type Raw = $int;
            type Cell = <$int as Raw>::Atomic;

            #[inline]
            fn to_raw(&self) -> $int {
                self.map_or(0, $nonzero::get)
            }
            #[inline]
            fn try_from_raw(raw: $int) -> Result<Self, InvalidValue> {
                Ok($nonzero::new(raw))
            }
        }
    )*};
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
        // SAFETY: the mirror is the integer's cell, which is this very atomic, so size, alignment
        // and layout agree; any bits are valid; an atomic has no drop glue and no pointer.
        #[diagnostic::do_not_recommend]
        unsafe impl MapValue for $atomic {
            type Shared<A: Access> = Shared<$int, A>;
            const LAYOUT: Layout = Layout::leaf::<Self>(stringify!($atomic), Kind::int::<$int>()).of_atomic();

            #[inline]
            fn __try_load<A: Access>(shared: &Self::Shared<A>) -> Result<Self, InvalidValue> {
                Ok(Self::new(shared.load()))
            }
        }
        #[diagnostic::do_not_recommend]
        impl Storable for $atomic {
            #[inline]
            fn __store(shared: &Self::Shared<ReadWrite>, value: &Self) {
                shared.store(value.load(Ordering::Relaxed));
            }
        }
        // SAFETY: `__try_load` of this type always returns `Ok`.
        #[diagnostic::do_not_recommend]
        unsafe impl Plain for $atomic {
            #[inline]
            fn __load<A: Access>(shared: &Self::Shared<A>) -> Self {
                Self::new(shared.load())
            }
        }
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

macro_rules! floats {
    ($($float:ident, $bits:ident;)*) => {$(
        map_value!([] $float, Layout::leaf::<$float>(stringify!($float), Kind::Float));
        // SAFETY: a float and the integer of its bits have the same size, and on the accepted
        // targets the same alignment (asserted for each type in `Layout::leaf`).
        unsafe impl Leaf for $float {
            type Raw = $bits;
            type Cell = <$bits as Raw>::Atomic;

            #[inline]
            fn to_raw(&self) -> $bits {
                self.to_bits()
            }
            #[inline]
            fn try_from_raw(raw: $bits) -> Result<Self, InvalidValue> {
                Ok(Self::from_bits(raw))
            }
        }
    )*};
}

floats! {
    f32, u32;
    f64, u64;
}

map_value!([] bool, Layout::leaf::<bool>("bool", Kind::Bool));
// SAFETY: "The `bool` type has a size and alignment of 1 each" (Reference, Boolean type).
unsafe impl Leaf for bool {
    type Raw = u8;
    type Cell = <u8 as Raw>::Atomic;

    #[inline]
    fn to_raw(&self) -> u8 {
        u8::from(*self)
    }
    /// Accepts every byte, as BPF may store any; all but zero are true, as in C.
    #[inline]
    fn try_from_raw(raw: u8) -> Result<Self, InvalidValue> {
        Ok(raw != 0)
    }
    #[inline]
    fn same(a: u8, b: u8) -> bool {
        (a != 0) == (b != 0)
    }
}
