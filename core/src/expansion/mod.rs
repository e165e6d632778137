//! What the derive's expansion uses.

pub(crate) mod checked;

pub use core::compile_error;
pub use core::marker::{Copy, PhantomData, Sized};
pub use core::mem::{ManuallyDrop, offset_of};
pub use core::primitive::{bool, i8, i16, i32, i64, i128, u8, u16, u32, u64};
pub use core::result::Result::{self, Err, Ok};
#[cfg(target_has_atomic = "64")]
pub use core::sync::atomic::AtomicU32;
/// An atomic, which is all that it stands for.
#[cfg(not(target_has_atomic = "64"))]
pub use core::sync::atomic::AtomicU64 as AtomicU32;

pub use crate::refused;
pub use crate::value::raw::Raw;
pub use crate::value::{fold, union};
pub use checked::{Any, Checked, Unchecked, never};

use crate::error::InvalidValue;
use crate::value::{Access, InPlace, MapValue};

/// `Forced::<T>::LAYOUT` evaluates the assertions in the layout of `T` if `T` is a `MapValue`. If it is not, the name means
/// the constant of `Unforced`, and there is no second error beside the one on the field at fault.
#[derive(Debug)]
pub struct Forced<T>(PhantomData<T>);

impl<T: MapValue> Forced<T> {
    #[doc(hidden)]
    pub const LAYOUT: () = {
        let _ = T::LAYOUT;
    };
}

/// See [`Forced`].
pub trait Unforced {
    #[doc(hidden)]
    const LAYOUT: () = ();
}

impl<T> Unforced for Forced<T> {}

/// Does not compile for a field that is not made of atomics.
pub const fn assert_in_place<T: InPlace>(_: &T) {}

/// Loads a field; an error tells where in the struct it is.
#[inline]
pub fn try_load_field<T: MapValue, A: Access>(shared: &T::Shared<A>, offset: usize) -> Result<T, InvalidValue> {
    T::__try_load::<A>(shared).map_err(|invalid| invalid.within(offset))
}
