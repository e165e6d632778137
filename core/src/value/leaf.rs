//! Leaves: values that one atomic access loads or stores, each encoded as a raw integer.

use core::mem;

use crate::error::InvalidValue;
use crate::value::raw::{Cell, Raw};
use crate::value::{MapValue, Plain};

/// A value of 1, 2, 4 or 8 bytes that one access loads or stores.
///
/// Implemented for integers, floats, `bool`, `Wrapping`, `Option<NonZero..>`, zerocopy's integers
/// of a stated byte order, [`ArenaPtr`](crate::ArenaPtr) and [`Kptr`](crate::Kptr). The derive
/// implements it for field-less enums.
///
/// # Safety
///
/// `size_of::<Self>()` is the size of `Raw`, `Cell` has the size and alignment of `Self`,
/// `MapValue::Shared<A>` of the type is `Shared<Self, A>`, and the bytes of a value are those of
/// its raw integer.
pub unsafe trait Leaf: MapValue {
    /// The integer that carries the value.
    type Raw: Raw;
    /// The integer's storage: its atomic, or bytes with the leaf's smaller alignment.
    type Cell: Cell<Raw = Self::Raw>;

    #[doc(hidden)]
    #[inline]
    fn to_raw(&self) -> Self::Raw {
        // SAFETY: both have the same size and the same bytes, as an implementation promises.
        unsafe { mem::transmute_copy(self) }
    }

    #[doc(hidden)]
    fn try_from_raw(raw: Self::Raw) -> Result<Self, InvalidValue>;

    /// Returns whether two raw integers encode the same value.
    #[doc(hidden)]
    #[inline]
    fn same(a: Self::Raw, b: Self::Raw) -> bool {
        a == b
    }
}

/// A leaf with atomic arithmetic and bitwise operations: integers and `Wrapping` of them.
///
/// ```
/// use mapvalue::{Integer, Leaf, Plain, Shared};
///
/// fn add_all<T: Integer>(counter: &Shared<T>, values: impl IntoIterator<Item = T>) {
///     for value in values {
///         counter.fetch_add(value);
///     }
/// }
///
/// fn take<T: Leaf + Plain + Default>(cell: &Shared<T>) -> T {
///     cell.swap(T::default()) // any leaf has this
/// }
///
/// let counter = mapvalue::Mapping::memfd(4096)?.var::<u32>(0)?;
/// add_all(&counter, [1, 2, 3]);
/// assert_eq!((take(&counter), counter.load()), (6, 0));
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no atomic arithmetic",
    label = "`{Self}` is not an integer",
    note = "`fetch_add` and its kin exist for u8 to u64, i8 to i64 and `Wrapping` of them; other leaves have `compare_exchange`"
)]
pub trait Integer: Leaf + Plain + sealed::Sealed {}

pub(crate) mod sealed {
    pub trait Sealed {}
}
