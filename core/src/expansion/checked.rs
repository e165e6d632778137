//! What the derive takes a field's type for: itself, checked on the way.
//!
//! A field that is no value is one error, on its type, and nothing that is done with the struct is to be another. So the derive
//! writes a constant beside the type, `const C: bool = { value::<T>(); true }`, which does not compile if `T` is no value, and spells the
//! field's type `Checked<T, { C }>` wherever it needs it, the mirror first of all. That is `T`; but a constant that is an error makes
//! the whole an erroneous type, of which rustc says nothing more: neither in what the derive writes, nor where the field is used.
//!
//! No safety rests on the constant, nor on `Checked`: what is written about a field ties the one to the other, since values of the field's
//! own type are loaded through the mirror of the `Checked` one. Whatever is written about a field is asked of its type as well, so a type that is no value makes
//! no implementation. Of types that are refused for something else, no place is made and nothing is decoded (asserted in
//! `Mapping::place` and in `bytes`), and all that would make a value of them panics.

/// `T`, whatever the constant is.
pub type Checked<T, const CHECKED: bool> = <T as Same<CHECKED>>::Type;

/// Every type.
pub trait Same<const CHECKED: bool> {
    /// The type itself.
    type Type: ?Sized;
}

impl<T: ?Sized, const CHECKED: bool> Same<CHECKED> for T {
    type Type = T;
}

/// `MAPVALUE_CHECKED` of a type with parameters, where what it is evaluated for does not have the bounds that the type asks for. (It
/// has been checked for all that have.)
pub trait Unchecked {
    /// Not evaluated.
    const MAPVALUE_CHECKED: bool = true;
}

impl<T: ?Sized> Unchecked for T {}

/// Types of constant parameters, with a value to evaluate a check for.
pub trait Any {
    /// One of its values.
    const ANY: Self;
}

macro_rules! any {
    ($($type:ident)*) => {$(
        impl Any for $type {
            const ANY: Self = $type::MIN;
        }
    )*};
}
any! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize char }

impl Any for bool {
    const ANY: Self = false;
}

/// In the place of what is never run.
#[cold]
pub fn never<T>() -> T {
    unreachable!("a program with a refused type does not compile")
}
