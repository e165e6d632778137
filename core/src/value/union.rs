//! Unions as map values: what their mirrors, which the derive writes, rest on.
//!
//! A union has no leaves of its own: which of its fields is meant, the program knows. Through a handle each field is reached by a
//! method of its name, as any other value. Loaded as a whole, a union moves in chunks as wide as its alignment, which is that of
//! its widest leaf: so no leaf of any field is torn.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::slice;

use crate::layout::Field;
use crate::value::chunks;
use crate::value::{Access, MapValue, Plain, ReadWrite};

/// A union of plain fields.
///
/// # Safety
///
/// The type is a `repr(C)` union, all of whose fields are `Plain`, and so is its mirror, of the mirrors of those fields.
pub unsafe trait UnionValue: MapValue {
    /// So that no other unsafe trait can be implemented in this one's name.
    #[doc(hidden)]
    fn __union();
}

/// The mirror of a union has the field number `INDEX`.
///
/// # Safety
///
/// `Part` is the mirror of that field, inside a `ManuallyDrop`.
pub unsafe trait UnionPart<const INDEX: usize, Part> {}

/// The field of a layout, whose type is that which the mirror has at this number.
pub const fn tied<const INDEX: usize, T: MapValue, M: UnionPart<INDEX, T::Shared<ReadWrite>>>(field: Field) -> Field {
    field
}

/// The field number `INDEX` of a union's mirror.
#[inline]
pub fn part<const INDEX: usize, Part, M: UnionPart<INDEX, Part>>(mirror: &M) -> &Part {
    const { assert!(size_of::<Part>() <= size_of::<M>() && align_of::<Part>() <= align_of::<M>()) };
    // SAFETY: "Reading a union field is … as if transmuted", and each field of a `repr(C)` union is at offset 0 (Reference, type
    // layout). Any bits are a valid mirror of a value (`MapValue`, promise 3), and its cells may be changed by others at any
    // moment, also through the mirrors of other fields: all of the bytes are inside of `UnsafeCell`s.
    unsafe { NonNull::from(mirror).cast::<Part>().as_ref() }
}

/// `Loader::<T>::load` is the function here if `T` is a union of plain fields, and that of [`Unloaded`] if the derive has refused a
/// field of it.
#[derive(Debug)]
pub struct Loader<T>(PhantomData<T>);

/// See [`Loader`].
pub trait Unloaded<T> {
    #[doc(hidden)]
    fn load<A: Access>(_: &T::Shared<A>) -> T
    where
        T: MapValue,
    {
        unreachable!("a program with a refused type does not compile")
    }
}

impl<T> Unloaded<T> for Loader<T> {}

impl<T: UnionValue + Plain> Loader<T> {
    #[doc(hidden)]
    #[inline]
    pub fn load<A: Access>(mirror: &T::Shared<A>) -> T {
        load::<T, A>(mirror)
    }
}

/// Loads a union as a whole.
#[inline]
fn load<T: UnionValue + Plain, A: Access>(mirror: &T::Shared<A>) -> T {
    let size = size_of::<T>();
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: `value` is valid for writes of its own size; from here on all of its bytes are initialised.
    unsafe { value.as_mut_ptr().write_bytes(0, 1) };
    // SAFETY: they are those of `value`, which nothing else refers to.
    let bytes = unsafe { slice::from_raw_parts_mut(value.as_mut_ptr().cast::<u8>(), size) };
    // SAFETY: a mirror has the size of its type (`MapValue`, promise 1), and is reached by atomics alone.
    unsafe { chunks::load(NonNull::from(mirror).cast(), bytes, T::LAYOUT.align().min(chunks::WIDEST)) };
    // SAFETY: any initialised bits are a value of each of its fields (`UnionValue`, `Plain`).
    unsafe { value.assume_init() }
}
