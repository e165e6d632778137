//! What the derive's expansion uses: every path in it begins here.

pub(crate) mod checked;

pub use core::clone::Clone;
pub use core::compile_error;
pub use core::fmt::Debug;
pub use core::marker::{Copy, PhantomData, Sized};
pub use core::mem::offset_of;
pub use core::option::Option::{self, Some};
pub use core::primitive::{bool, i8, i16, i32, i64, i128, str, u8, u16, u32, u64};
pub use core::result::Result::{self, Err, Ok};
#[cfg(target_has_atomic = "64")]
pub use core::sync::atomic::AtomicU32;
/// Stands for all atomics.
#[cfg(not(target_has_atomic = "64"))]
pub use core::sync::atomic::AtomicU64 as AtomicU32;

#[cfg(feature = "std")]
pub use crate::btf::Btf;
pub use crate::error::InvalidValue;
#[cfg(feature = "std")]
pub use crate::error::{BtfError, RingError, ValueError};
#[cfg(feature = "std")]
pub use crate::event::{self, MapEvent};
pub use crate::layout::Layout;
pub use crate::refused;
#[cfg(feature = "std")]
pub use crate::ring::Record;
#[cfg(feature = "std")]
pub use crate::value::Rest;
pub use crate::value::raw::Raw;
pub use crate::value::union::{self, UnionValue};
pub use crate::value::{Access, Fold, InPlace, Leaf, MapValue, Mirror, Plain, ReadWrite, Shared, Storable, fold};
#[cfg(feature = "std")]
pub use crate::view::{self, MapView, ViewField};
pub use checked::{Any, Checked, Unchecked, never};

use core::mem::ManuallyDrop;
use core::{ptr, slice};

use crate::layout::Variant;
use crate::layout::construct::SignedOrNot;

/// The layout of the field that the closure borrows, by the type that the field really has.
pub const fn layout_of<S, T: MapValue>(_: fn(&S) -> &T) -> Layout {
    T::LAYOUT
}

/// The layout of the union's field that the closure fills, by the type that the field really has.
pub const fn union_layout_of<U, T: Plain>(_: fn(T) -> U) -> Layout {
    T::LAYOUT
}

/// The variants of the enum `T`.
#[derive(Debug)]
pub struct Variants<T, const N: usize>([Variant; N], PhantomData<T>);

/// The layout of the enum that has these variants.
pub const fn enumeration<T: Leaf<Raw: SignedOrNot>, const N: usize>(
    name: &'static str,
    variants: &'static Variants<T, N>,
) -> Layout {
    Layout::enumeration::<T, T::Shared<ReadWrite>, T::Raw>(name, &variants.0)
}

/// The variants of an enum. Fails to compile unless the bytes of each value are its number: so the
/// enum has the representation that the derive read, without padding.
pub const fn variants<T: Leaf<Raw: Leaf + SignedOrNot>, const N: usize>(
    names: [&'static str; N],
    values: [T; N],
    numbers: [T::Raw; N],
) -> Variants<T, N> {
    // No destructor can run while a program compiles.
    let values = ManuallyDrop::new(values);
    // SAFETY: `ManuallyDrop` is `repr(transparent)`.
    let values = unsafe { &*ptr::from_ref(&values).cast::<[T; N]>() };
    let mut variants = [Variant { name: "", value: 0 }; N];
    let mut i = 0;
    while i < N {
        let value = number(bytes_of(&values[i]), T::Raw::SIGNED);
        assert!(value == number(bytes_of(&numbers[i]), T::Raw::SIGNED), "the bytes of a variant are its number");
        variants[i] = Variant { name: names[i], value };
        i += 1;
    }
    Variants(variants, PhantomData)
}

const fn bytes_of<T: Leaf>(value: &T) -> &[u8] {
    // SAFETY: these are the bytes of `value`, which are initialized (`Leaf`). For an enum, this is
    // evaluated where the derive stands: if the enum had padding, reading it there would be an
    // error.
    unsafe { slice::from_raw_parts(ptr::from_ref(value).cast::<u8>(), size_of::<T>()) }
}

/// The number that these bytes, at most 8, are in the order of the target.
const fn number(bytes: &[u8], signed: bool) -> i128 {
    let (mut number, mut i) = (0, 0);
    while i < bytes.len() {
        let byte = bytes[if cfg!(target_endian = "big") { i } else { bytes.len() - 1 - i }];
        number = number << 8 | byte as i128;
        i += 1;
    }
    let half = 1 << (8 * bytes.len() - 1);
    if signed && number >= half { number - 2 * half } else { number }
}

/// The error for a number that no variant of the enum has.
pub fn no_variant<T>(name: &'static str, number: impl Raw) -> Result<T, InvalidValue> {
    Err(InvalidValue::new(name, number.into()))
}

/// The mirror of a type.
pub type MirrorOf<T, A = ReadWrite> = <T as MapValue>::Shared<A>;

/// Loads a field of `whole`; an error says at which offset it is.
#[inline]
pub fn try_load<T: MapValue, A: Access, M>(whole: &M, field: &T::Shared<A>) -> Result<T, InvalidValue> {
    let offset = || ptr::from_ref(field).addr().wrapping_sub(ptr::from_ref(whole).addr());
    T::__try_load::<A>(field).map_err(|invalid| invalid.within(offset()))
}

/// Loads a plain field.
#[inline]
pub fn load<T: Plain, A: Access>(field: &T::Shared<A>) -> T {
    T::__load::<A>(field)
}

/// Stores a field.
#[inline]
pub fn store<T: Storable>(field: &T::Shared<ReadWrite>, value: &T) {
    T::__store(field, value);
}

/// Does not compile for a field that is not made of atomics.
pub const fn assert_in_place<T: InPlace>(_: &T) {}
