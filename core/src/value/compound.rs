//! Arrays and `PhantomData` as map values. Structs come from the derive.

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::error::InvalidValue;
use crate::layout::Layout;
use crate::value::primitive::plain_value;
use crate::value::{Access, InPlace, MapValue, Mirror, Plain, ReadWrite, Storable};

// SAFETY: see the implementation of `MapValue` that names this type.
unsafe impl<M: Mirror, const N: usize> Mirror for [M; N] {
    type Value = [M::Value; N];
    type Access = M::Access;
}

// SAFETY: "Arrays of `[T; N]` have a size of `size_of::<T>() * N` and the same alignment of `T`"
// (Reference, Array layout). The element and its mirror agree in both, so offsets agree cell by
// cell. `Layout::array` asserts that each element is aligned. The element promises the rest.
unsafe impl<T: MapValue, const N: usize> MapValue for [T; N] {
    type Shared<A: Access> = [T::Shared<A>; N];
    const LAYOUT: Layout = Layout::array::<Self>(N, const { &T::LAYOUT });

    #[inline]
    fn __try_load<A: Access>(shared: &Self::Shared<A>) -> Result<Self, InvalidValue> {
        let mut values = [const { MaybeUninit::<T>::uninit() }; N];
        for (i, (value, cell)) in values.iter_mut().zip(shared).enumerate() {
            // An early return forgets the elements loaded so far: a `MapValue` needs no drop.
            value.write(T::__try_load(cell).map_err(|invalid| invalid.within(i * size_of::<T>()))?);
        }
        // SAFETY: the loop initialized all `N` elements. "`MaybeUninit<T>` is guaranteed to have
        // the same size, alignment, and ABI as `T`", so arrays of the two have the same layout.
        Ok(unsafe { values.as_ptr().cast::<Self>().read() })
    }
}

#[diagnostic::do_not_recommend]
impl<T: Storable, const N: usize> Storable for [T; N] {
    #[inline]
    fn __store(shared: &Self::Shared<ReadWrite>, value: &Self) {
        for (cell, value) in shared.iter().zip(value) {
            T::__store(cell, value);
        }
    }
}

// SAFETY: `__try_load` of this type always returns `Ok`.
#[diagnostic::do_not_recommend]
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {
    #[inline]
    fn __load<A: Access>(shared: &Self::Shared<A>) -> Self {
        core::array::from_fn(|i| T::__load(&shared[i]))
    }
}

// SAFETY: an array has no padding of its own; its elements are made of atomics.
#[diagnostic::do_not_recommend]
unsafe impl<T: InPlace, const N: usize> InPlace for [T; N] {}

/// The mirror of `PhantomData<T>`: empty, and `Send` and `Sync`, as there is no `T`.
pub struct SharedMarker<T: ?Sized, A: Access>(PhantomData<fn() -> T>, PhantomData<A>);

impl<T: ?Sized, A: Access> fmt::Debug for SharedMarker<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhantomData")
    }
}

// SAFETY: see the implementation of `MapValue` that names this type.
unsafe impl<T: ?Sized + 'static, A: Access> Mirror for SharedMarker<T, A> {
    type Value = PhantomData<T>;
    type Access = A;
}

// Both are zero-sized with alignment 1, and there is no leaf.
plain_value!(
    [T: ?Sized + 'static] PhantomData<T>, Layout::marker::<Self>("PhantomData"), <A> SharedMarker<T, A>,
    |_| PhantomData, |_, _| ()
);
