//! Messages for the types that people try although they are not map values: why not, and what to
//! write.
//!
//! Each reason is a trait that exactly the `MapValue`s have. The derive asks for the one that fits
//! how a field's type is spelled, so that rustc prints its text if the type is not a value. The
//! trait alone decides that: a user's own `usize` that derives `MapValue` is accepted, and an alias
//! of a pointer is refused, though in more general words.

use crate::value::{MapValue, Plain};

macro_rules! reasons {
    ($($(#[$text:meta])* $reason:ident;)*) => {$(
        /// Every `MapValue`, under the name of a reason why some types are not.
        $(#[$text])*
        pub trait $reason {}

        // Not recommended, so that rustc prints the text above, not that `MapValue` is missing.
        #[diagnostic::do_not_recommend]
        impl<T: MapValue> $reason for T {}
    )*};
}

reasons! {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot live in memory shared with BPF programs",
        label = "`{Self}` is not a `MapValue`",
        note = "a map holds fixed-size plain data: integers, floats, bool, arrays, and types that derive it; no pointers or \
                references, nothing as wide as a pointer, and no type that has invalid bit patterns",
        note = "if `{Self}` is a type of yours, add `#[derive(MapValue)]` and `#[repr(C)]` to it (to an enum, `#[repr(u32)]`)"
    )]
    Value;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` has the width of a pointer, but BPF is always 64-bit",
        label = "write `u64` or `i64`"
    )]
    FixedWidth;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` is 16 bytes wide, more than one access moves, so it would tear",
        label = "write `[u64; 2]`, or a struct of two halves (which are aligned to 8; C's `__int128` is to 16)"
    )]
    SingleAccess;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` is an address in this process, which means nothing to a BPF program",
        label = "a pointer: store the data itself, an id, an offset into the map, an `ArenaPtr<T>` into an arena, or a `Kptr<T, Kernel>` that only BPF follows"
    )]
    PointerFree;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` keeps its data elsewhere in this process, out of reach for a BPF program",
        label = "write the data in place: `[T; N]` for elements, `CharArray<N>` for text, `[u8; N]` for bytes"
    )]
    InlineData;

    #[diagnostic::on_unimplemented(
        message = "not every number is a `{Self}`, and a BPF program may store any",
        label = "write `u8` for C's `char`, or `u32` for a code point (and `char::from_u32` where you use it)"
    )]
    AnyNumber;

    #[diagnostic::on_unimplemented(
        message = "0 is not a value of `{Self}`, but the memory of a new map is zero",
        label = "write `Option<{Self}>`, of which 0 is `None`, or the integer"
    )]
    ZeroIsValid;

    #[diagnostic::on_unimplemented(
        message = "how `{Self}` tells `None` from a value is Rust's own choice, which a BPF program cannot know",
        label = "write a `bool` field and a value field, or `Option<NonZero..>`, of which 0 is `None`"
    )]
    OneLeaf;

    #[diagnostic::on_unimplemented(
        message = "a BPF program may store a byte that is neither 0 nor 1, which would be undefined behavior in an `{Self}`",
        label = "write `bool`: through a handle it is atomic"
    )]
    AnyByte;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` guards its value against this process alone, not against BPF programs",
        label = "write the plain type that is inside: through a handle it is atomic"
    )]
    Uncelled;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` may be uninitialized, but the memory of a map never is",
        label = "write the type that is inside"
    )]
    Initialised;

    #[diagnostic::on_unimplemented(
        message = "the layout of `{Self}` is the standard library's own and may change",
        label = "write `u64` nanoseconds (what `bpf_ktime_get_ns` returns), and convert where you use it"
    )]
    FixedTime;

    #[diagnostic::on_unimplemented(
        message = "the layout of `{Self}` is the standard library's own and may change",
        label = "write `[u8; 4]` or `[u8; 16]` (and `U16<BigEndian>` for a port), and convert where you use it"
    )]
    FixedAddress;
}

/// Every `Plain` value, under the name of the reason why others cannot be in a union.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a union in shared memory: the union may hold bits that are not a value of it",
    label = "an enum is inside (write its integer, and check it where you use it), or `#[derive(MapValue)]` is missing on it"
)]
pub trait UnionField {}

#[diagnostic::do_not_recommend]
impl<T: Plain> UnionField for T {}

// Each asks for one of the traits. Spelled out, because rustc prints the line.
pub const fn value<T: Value>() {}
pub const fn fixed_width<T: FixedWidth>() {}
pub const fn single_access<T: SingleAccess>() {}
pub const fn pointer_free<T: PointerFree>() {}
pub const fn inline_data<T: InlineData>() {}
pub const fn any_number<T: AnyNumber>() {}
pub const fn zero_is_valid<T: ZeroIsValid>() {}
pub const fn one_leaf<T: OneLeaf>() {}
pub const fn any_byte<T: AnyByte>() {}
pub const fn uncelled<T: Uncelled>() {}
pub const fn initialised<T: Initialised>() {}
pub const fn fixed_time<T: FixedTime>() {}
pub const fn fixed_address<T: FixedAddress>() {}
pub const fn union_field<T: UnionField>() {}
