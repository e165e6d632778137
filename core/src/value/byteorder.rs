//! zerocopy's integers of a stated byte order as leaves, as network headers have them.
//!
//! Their Rust alignment is 1, but one access reaches the whole integer in shared memory, so they
//! must lie at a multiple of their width, like a `__be32` in C. `Layout` asserts that.

use zerocopy::byteorder::{ByteOrder, I16, I32, I64, Order, U16, U32, U64};

use crate::error::InvalidValue;
use crate::layout::{Endianness, Kind, Layout};
use crate::value::leaf::Leaf;
use crate::value::primitive::map_value;
use crate::value::raw::ByteAligned;

const fn endianness(order: Order) -> Endianness {
    match order {
        Order::BigEndian => Endianness::Big,
        Order::LittleEndian => Endianness::Little,
    }
}

macro_rules! byteorder {
    ($($type:ident, $int:ident, $bytes:literal;)*) => {$(
        map_value!([O: ByteOrder + 'static] $type<O>, Layout::leaf_aligned::<Self>(
            stringify!($type),
            $bytes,
            Kind::Int {
                signed: Kind::is_signed::<$int>(),
                endianness: endianness(O::ORDER),
            },
        ));
        // SAFETY: type and cell are `repr(transparent)` over `[u8; N]`: the same size, alignment 1.
        unsafe impl<O: ByteOrder + 'static> Leaf for $type<O> {
            type Raw = $int;
            type Cell = ByteAligned<$int, $bytes>;

            #[inline]
            fn to_raw(&self) -> $int {
                <$int>::from_ne_bytes($type::to_bytes(*self))
            }
            #[inline]
            fn try_from_raw(raw: $int) -> Result<Self, InvalidValue> {
                Ok($type::from_bytes(raw.to_ne_bytes()))
            }
        }
    )*};
}

byteorder! {
    U16, u16, 2;
    U32, u32, 4;
    U64, u64, 8;
    I16, i16, 2;
    I32, i32, 4;
    I64, i64, 8;
}
