//! Unions as map values: what the mirrors that the derive writes are made of.
//!
//! Which field of a union is valid, only the program knows. Through a handle, each field is reached
//! by a method of its name, like any other value.
//!
//! `load` of a whole union moves chunks as wide as the union's alignment, which is that of its
//! widest leaf: so no leaf of any field is torn. Where others store a narrower field at the same
//! moment, that is an access of mixed sizes ("Mixed sizes" at `Mapping`).

use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;
use core::slice;

use crate::value::chunks;
use crate::value::{Access, MapValue, Mirror};

/// A union that the derive made a value.
///
/// # Safety
///
/// The type is a union, and so are its mirrors. All of its fields are `Plain`, lie at offset 0, and
/// have a layout without `bool` and enums: any initialized bytes are a value of each.
pub unsafe trait UnionValue: MapValue {
    /// Keeps an unsafe trait of another name from being implemented in the name of this one.
    #[doc(hidden)]
    fn __union() {}
}

/// A field of a union's mirror.
///
/// It cannot be made outside of this module. A mirror could otherwise be made of its smallest
/// field, such as an empty array, and the rest of its bytes would be uninitialized.
pub type Part<M> = ManuallyDrop<Hidden<M>>;

/// See [`Part`].
#[derive(Debug)]
#[repr(transparent)]
pub struct Hidden<M>(M);

/// The field of a union's mirror that is the mirror `P`.
#[inline]
pub fn part<P: Mirror<Access = M::Access>, M: Mirror<Value: UnionValue>>(mirror: &M) -> &P {
    const {
        assert!(size_of::<P>() <= size_of::<M>() && align_of::<P>() <= align_of::<M>());
        assert!(P::Value::LAYOUT.align() <= M::Value::LAYOUT.align());
    }
    // SAFETY: `M` is a union (`UnionValue`) in which `P` fits, as is asserted above, also with the
    // alignment that the leaves of `P` need: "Reading a union field is … as if transmuted"
    // (Reference). Any bits are a valid mirror (`MapValue`, promise 3), of the mode that `M` has.
    // Others may change the cells at any moment, also through the mirrors of other fields: a union
    // with a cell in it counts as a cell.
    unsafe { NonNull::from(mirror).cast::<P>().as_ref() }
}

/// Loads a whole union.
#[inline]
pub fn load<T: UnionValue, A: Access>(mirror: &T::Shared<A>) -> T {
    let size = size_of::<T>();
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: `value` is valid for writes of its size; from here on its bytes are initialized.
    unsafe { value.as_mut_ptr().write_bytes(0, 1) };
    // SAFETY: they are those of `value`, which nothing else refers to.
    let bytes = unsafe { slice::from_raw_parts_mut(value.as_mut_ptr().cast::<u8>(), size) };
    // SAFETY: a mirror has the size of its type (`MapValue`, promise 1); only atomics reach it.
    unsafe { chunks::load(NonNull::from(mirror).cast(), bytes, T::LAYOUT.align().min(chunks::WIDEST)) };
    // SAFETY: any initialized bytes are a value of each field (`UnionValue`).
    unsafe { value.assume_init() }
}
