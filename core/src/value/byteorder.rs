//! zerocopy's integers of a stated byte order as leaves, as network headers have them.
//!
//! Their Rust alignment is 1, but one access reaches the whole integer in shared memory, so they
//! must lie at a multiple of their width, like a `__be32` in C. `Layout` asserts that.

use zerocopy::byteorder::{ByteOrder, I16, I32, I64, Order, U16, U32, U64};

use crate::layout::{Endianness, Kind, Layout};
use crate::value::primitive::leaf;
use crate::value::raw::ByteAligned;

const fn int(signed: bool, order: Order) -> Kind {
    let endianness = match order {
        Order::BigEndian => Endianness::Big,
        Order::LittleEndian => Endianness::Little,
    };
    Kind::Int { signed, endianness }
}

macro_rules! byteorder {
    ($($type:ident, $int:ident, $bytes:literal;)*) => {$(
        // Type and cell are `repr(transparent)` over `[u8; N]`: the same size, alignment 1.
        leaf!(
            [O: ByteOrder + 'static] $type<O>, $int, ByteAligned<$int, $bytes>,
            Layout::leaf_aligned::<Self>(stringify!($type), $bytes, int(Kind::is_signed::<$int>(), O::ORDER)),
            |value| <$int>::from_ne_bytes(value.to_bytes()), |raw| Self::from_bytes(raw.to_ne_bytes())
        );
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
