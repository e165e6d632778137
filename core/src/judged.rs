//! What the derive takes a field for: itself if its type is a value, and a stand-in if not.
//!
//! A field that is no value is one error, on its type: an assertion that the derive writes beside everything else (`refused`). Without
//! a stand-in each use of the struct would be an error as well, since the struct were no value either. Whether a field
//! is one, `__field!` finds out when the program is compiled.
//!
//! A program with a stand-in does not compile, so none is ever reached; but no safety rests on that error. No place is made and
//! nothing is decoded for a type that holds a stand-in or is one itself (asserted in `Mapping::place` and in `bytes`), and all that
//! would make a value of it panics. `InPlace`, by which the type itself would be seen, is asked of the field's own type, never of
//! what it is taken for.

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Deref;

use crate::{Access, InvalidValue, Layout, MapValue, Mirror, Plain, ReadWrite, Storable};

/// A field of type `T`, which is a value or is not.
#[derive(Debug)]
#[repr(transparent)]
pub struct Field<T, const IS_VALUE: bool>(pub T);

impl<T, const IS_VALUE: bool> Field<T, IS_VALUE> {
    /// The same reference.
    #[inline]
    pub const fn of(value: &T) -> &Self {
        let value: *const T = value;
        // SAFETY: `Field` is `repr(transparent)`, so a reference to a `T` is one to a `Field` of it, for as long.
        unsafe { &*value.cast::<Self>() }
    }
}

// SAFETY: the type is `repr(transparent)` over `T`, which makes all the promises.
#[diagnostic::do_not_recommend]
unsafe impl<T: MapValue> MapValue for Field<T, true> {
    type Shared<A: Access> = T::Shared<A>;
    const LAYOUT: Layout = T::LAYOUT;

    #[inline]
    fn __try_load<A: Access>(shared: &Self::Shared<A>) -> Result<Self, InvalidValue> {
        T::__try_load(shared).map(Self)
    }
}

impl<T: Storable> Storable for Field<T, true> {
    #[inline]
    fn __store(shared: &Self::Shared<ReadWrite>, value: &Self) {
        T::__store(shared, &value.0);
    }
}

// SAFETY: `__try_load` fails when that of `T` does, which is never.
unsafe impl<T: Plain> Plain for Field<T, true> {
    #[inline]
    fn __load<A: Access>(shared: &Self::Shared<A>) -> Self {
        Self(T::__load(shared))
    }
}

/// The mirror of a field that is no value. It has the methods of a cell, so that calls of them are not errors as well.
#[repr(transparent)]
pub struct Refused<T, A: Access> {
    place: UnsafeCell<MaybeUninit<T>>,
    mode: PhantomData<A>,
}

// SAFETY: nothing gives access to the bytes inside.
unsafe impl<T, A: Access> Send for Refused<T, A> {}
// SAFETY: as for `Send`.
unsafe impl<T, A: Access> Sync for Refused<T, A> {}

impl<T, A: Access> fmt::Debug for Refused<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").finish_non_exhaustive()
    }
}

/// In the place of what is never run.
#[cold]
pub fn never<T>() -> T {
    unreachable!("a program with a refused type does not compile")
}

/// As the methods of `Shared`, but for taking anything: what is stored is no second mistake.
impl<T, A: Access> Refused<T, A> {
    pub fn load(&self) -> T {
        never()
    }
    pub fn load_acquire(&self) -> T {
        never()
    }
    pub fn try_load(&self) -> Result<T, InvalidValue> {
        never()
    }
    pub fn try_load_acquire(&self) -> Result<T, InvalidValue> {
        never()
    }
    pub fn store<V>(&self, _: V) {
        never::<()>();
    }
    pub fn store_release<V>(&self, _: V) {
        never::<()>();
    }
    pub fn swap<V>(&self, _: V) -> V {
        never()
    }
    pub fn try_swap<V>(&self, _: V) -> Result<V, InvalidValue> {
        never()
    }
    pub fn compare_exchange<V>(&self, _: V, _: V) -> Result<V, V> {
        never()
    }
    pub fn try_compare_exchange<V>(&self, _: V, _: V) -> Result<V, Result<V, InvalidValue>> {
        never()
    }
    pub fn fetch_add<V>(&self, _: V) -> V {
        never()
    }
    pub fn fetch_sub<V>(&self, _: V) -> V {
        never()
    }
    pub fn fetch_or<V>(&self, _: V) -> V {
        never()
    }
    pub fn fetch_and<V>(&self, _: V) -> V {
        never()
    }
    pub fn fetch_xor<V>(&self, _: V) -> V {
        never()
    }
    pub fn fetch_min<V>(&self, _: V) -> V {
        never()
    }
    pub fn fetch_max<V>(&self, _: V) -> V {
        never()
    }
    pub fn atomic(&self) -> &T {
        never()
    }
}

#[expect(clippy::into_iter_without_iter, reason = "`iter` is that of the array it dereferences to")]
impl<'a, T, const N: usize, A: Access> IntoIterator for &'a Refused<[T; N], A> {
    type Item = &'a Refused<T, A>;
    type IntoIter = core::slice::Iter<'a, Refused<T, A>>;

    fn into_iter(self) -> Self::IntoIter {
        never()
    }
}

impl<T, const N: usize, A: Access> Deref for Refused<[T; N], A> {
    type Target = [Refused<T, A>; N];

    fn deref(&self) -> &Self::Target {
        never()
    }
}

// SAFETY: see the implementation of `MapValue` that names it.
#[diagnostic::do_not_recommend]
unsafe impl<T: 'static, A: Access> Mirror for Refused<T, A> {
    type Value = Field<T, false>;
    type Access = A;
}

// SAFETY: the mirror has the size and alignment of `T` ("`MaybeUninit<T>` is guaranteed to have the same size, alignment, and ABI
// as `T`", and "`UnsafeCell<T>` has the same in-memory representation as its inner type"), there is no leaf, and any bits are
// valid. No value of the type is ever made from memory, so it matters not what it would hold or drop.
#[diagnostic::do_not_recommend]
unsafe impl<T: 'static> MapValue for Field<T, false> {
    type Shared<A: Access> = Refused<T, A>;
    const LAYOUT: Layout = Layout::refused::<Self>("");

    fn __try_load<A: Access>(_: &Self::Shared<A>) -> Result<Self, InvalidValue> {
        never()
    }
}

#[diagnostic::do_not_recommend]
impl<T: 'static> Storable for Field<T, false> {
    fn __store(_: &Self::Shared<ReadWrite>, _: &Self) {
        never::<()>();
    }
}

// SAFETY: `__try_load` returns no error: it does not return.
#[diagnostic::do_not_recommend]
unsafe impl<T: 'static> Plain for Field<T, false> {
    fn __load<A: Access>(_: &Self::Shared<A>) -> Self {
        never()
    }
}

/// `Judge::<T>::MAPVALUE_IS_VALUE` is the constant here if `T` is a `MapValue`, and that of [`Otherwise`] if not; so is `MAPVALUE_IS_PLAIN` if it is
/// `Plain`, as the fields of unions must be.
#[derive(Debug)]
pub struct Judge<T>(PhantomData<T>);

impl<T: MapValue> Judge<T> {
    /// It is.
    pub const MAPVALUE_IS_VALUE: bool = true;
}

impl<T: Plain> Judge<T> {
    /// It is.
    pub const MAPVALUE_IS_PLAIN: bool = true;
}

/// See [`Judge`].
pub trait Otherwise {
    /// It is not.
    const MAPVALUE_IS_VALUE: bool = false;
    /// It is not.
    const MAPVALUE_IS_PLAIN: bool = false;
}

impl<T> Otherwise for Judge<T> {}

/// `Field` of a type without parameters, which is looked at here for whether it is a value (`MAPVALUE_IS_VALUE`) or `MAPVALUE_IS_PLAIN`.
#[doc(hidden)]
#[macro_export]
macro_rules! __field {
    ($type:ty) => {
        $crate::__field!($type, MAPVALUE_IS_VALUE)
    };
    ($type:ty, $what:ident) => {
        $crate::__private::Field<$type, {
            #[allow(unused_imports)]
            use $crate::__private::Otherwise as _;
            $crate::__private::Judge::<$type>::$what
        }>
    };
}
