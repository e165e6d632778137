//! How a mistake in a type stays one error: `Checked`.
//!
//! A field that is not a value is one error, on its type. Neither the rest of the expansion nor a
//! use of the type may add another. So the derive writes all assertions about the fields into one
//! constant, which does not compile if a field is refused, and wraps the types that it mentions:
//! `Checked<T, { CONSTANT }>`. That is `T`. But if the constant is an error, it is an erroneous
//! type, and rustc reports nothing about an erroneous type.
//!
//! Safety rests neither on the constant nor on `Checked`. Each implementation is compiled with the
//! types that the fields really have: they are inferred from the fields. And a program in which the
//! constant is an error does not compile.

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

/// `MAPVALUE_CHECKED` of a generic type for arguments that do not meet the type's bounds. (The
/// assertions are compiled for all arguments that do.)
pub trait Unchecked {
    /// Nothing to evaluate.
    const MAPVALUE_CHECKED: bool = true;
}

impl<T: ?Sized> Unchecked for T {}

/// The types of constant parameters, each with a value to evaluate the assertions for.
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

/// The body of a function that is never run.
#[cold]
pub const fn never<T>() -> T {
    panic!("a program with a refused type does not compile")
}
