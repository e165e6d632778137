//! Typed, race-free access to memory shared with BPF programs.
//!
//! (documentation below)

#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("mapvalue needs a 64-bit target: BPF is always 64-bit, and so are the places it shares");

// So that the derive's `::mapvalue` paths work in this crate's own tests and examples.
extern crate self as mapvalue;

mod byteorder;
mod bytes;
mod compound;
#[cfg_attr(not(feature = "std"), expect(dead_code, reason = "most of it speaks of maps, which need `std`"))]
mod error;
mod layout;
mod leaf;
mod raw;
mod shared;
mod value;

#[cfg(feature = "std")]
mod array;
#[cfg(feature = "std")]
pub mod bpf;
#[cfg(feature = "std")]
mod mapping;
#[cfg(feature = "std")]
mod slice;
#[cfg(feature = "std")]
mod var;

pub use error::{Error, Found, InvalidValue, KernelVersion, MapName, MapType, ReadOnlyReason};
pub use layout::{Endianness, Field, Kind, Layout, Variant};
pub use leaf::{Integer, Leaf};
pub use mapvalue_derive::MapValue;
pub use shared::{Access, ReadOnly, ReadWrite, Shared};
pub use value::{InPlace, MapValue, Mirror, Plain};

#[cfg(feature = "std")]
pub use array::{Array, Iter};
#[cfg(feature = "std")]
pub use mapping::Mapping;
#[cfg(feature = "std")]
pub use slice::Slice;
#[cfg(feature = "std")]
pub use var::Var;

pub use zerocopy;

/// What the derive's expansion uses. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use core::mem::offset_of;
    pub use core::primitive::{i8, i16, i32, i64, i128, u8, u16, u32, u64};
    pub use core::result::Result::{self, Err, Ok};

    pub use crate::raw::Raw;

    use core::marker::PhantomData;

    use crate::{Access, Field, InvalidValue, Layout, MapValue};

    /// Fails to compile for a type that is no value.
    pub const fn assert_map_value<T: MapValue>() {}

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

    /// A field of which the type and its mirror agree on the offset, and whose leaves are aligned there; `misaligned` is
    /// the message if not.
    #[must_use]
    pub const fn field(
        name: &'static str,
        offset: usize,
        mirror_offset: usize,
        layout: Layout,
        misaligned: &'static str,
    ) -> Field {
        assert!(offset == mirror_offset, "a field of the shared mirror has another offset");
        assert!(offset.is_multiple_of(layout.align()), "{}", misaligned);
        Field { name, offset, layout }
    }

    /// Loads a field; an error tells where in the struct it is.
    #[inline]
    pub fn try_load_field<T: MapValue, A: Access>(shared: &T::Shared<A>, offset: usize) -> Result<T, InvalidValue> {
        T::__try_load::<A>(shared).map_err(|invalid| invalid.within(offset))
    }
}
