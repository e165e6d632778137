//! Constructors of [`Layout`] for `MapValue` implementations; all assert at compile time.

use super::Field;
use super::text::Text;
use crate::layout::{Endianness, Kind, Layout, Variant};

/// The largest alignment of a value: a page, to which every mapping is aligned.
pub(crate) const MAX_ALIGN: usize = 4096;

impl Kind {
    pub(crate) const fn int<T: SignedOrNot>() -> Self {
        Self::Int { signed: T::SIGNED, endianness: Endianness::Native }
    }

    pub(crate) const fn is_signed<T: SignedOrNot>() -> bool {
        T::SIGNED
    }
}

#[doc(hidden)]
impl Layout {
    const fn new(name: &'static str, size: usize, align: usize, kind: Kind) -> Self {
        Self { name, c_name: name, size, align, kind, atomic: false }
    }

    /// Describes a leaf that is aligned as its Rust type is.
    #[must_use]
    pub const fn leaf<T>(name: &'static str, kind: Kind) -> Self {
        assert!(
            align_of::<T>() == size_of::<T>(),
            "mapvalue needs a target on which integers are aligned to their size"
        );
        Self::new(name, size_of::<T>(), align_of::<T>(), kind)
    }

    /// Marks the leaf as an atomic.
    #[must_use]
    pub const fn of_atomic(self) -> Self {
        Self { atomic: true, ..self }
    }

    /// Describes a leaf whose place must be aligned to `align`, unlike its Rust type.
    #[must_use]
    pub const fn leaf_aligned<T>(name: &'static str, align: usize, kind: Kind) -> Self {
        Self::new(name, size_of::<T>(), align, kind)
    }

    /// Describes a field-less enum `T` whose shared mirror is `M`.
    #[must_use]
    pub const fn enumeration<T, M, R: SignedOrNot>(name: &'static str, variants: &'static [Variant]) -> Self {
        assert!(size_of::<T>() == size_of::<R>(), "an enum has the size of its repr");
        assert_same_place::<T, M>();
        Self::leaf::<T>(name, Kind::Enum { signed: R::SIGNED, variants })
    }

    /// Returns the same layout under another name in C.
    #[must_use]
    pub const fn renamed(self, c_name: &'static str) -> Self {
        Self { c_name, ..self }
    }

    /// Describes a zero-sized marker.
    #[must_use]
    pub const fn marker<T>(name: &'static str) -> Self {
        assert!(size_of::<T>() == 0, "a marker has no size");
        Self::new(name, 0, 1, Kind::Marker)
    }

    /// Describes an array of `len` elements.
    #[must_use]
    pub const fn array<T>(len: usize, element: &'static Layout) -> Self {
        assert!(
            len < 2 || element.size.is_multiple_of(element.align),
            "the elements of this array hold a big-endian integer that is not at a multiple of its width: \
             add padding to the element"
        );
        Self::new("", size_of::<T>(), element.align, Kind::Array { len, element })
    }

    /// Makes a field of this layout. Asserts that its leaves are aligned at this offset in the type
    /// `of`.
    #[must_use]
    pub const fn into_field(self, name: &'static str, of: &'static str, offset: usize) -> Field {
        if !offset.is_multiple_of(self.align) {
            let why = "holds a big-endian integer that is not at a multiple of its width, as it would be in C: add padding before the \
                       field, or write it as `[u8; N]` if the C struct is packed";
            panic!("{}", Text::of_field(name, of, why).as_str());
        }
        Field { name, c_name: name, offset, layout: self }
    }

    /// Makes a field of a union. Asserts that any bytes are a value of it as well.
    #[must_use]
    pub const fn into_union_field(self, name: &'static str, of: &'static str, offset: usize) -> Field {
        if self.holds_checked() {
            let why = "holds a `bool`, but the union may hold any byte there, which would be undefined behavior in a Rust `bool`: write \
                       `u8`, and compare it with 0 where you use it";
            panic!("{}", Text::of_field(name, of, why).as_str());
        }
        self.into_field(name, of, offset)
    }

    /// Describes a struct `T` with shared mirror `M`. The fields have their offsets in one of the
    /// two; `offsets` are those in the other.
    #[must_use]
    pub const fn structure<T, M>(name: &'static str, fields: &'static [Field], offsets: &[usize]) -> Self {
        let kind = Kind::Struct { fields };
        Self::new(name, size_of::<T>(), checked_align::<T, M>(name, fields, offsets), kind)
    }

    /// Describes a union `T` with shared mirror `M`, as [`structure`](Self::structure) a struct.
    #[must_use]
    pub const fn union<T, M>(name: &'static str, fields: &'static [Field], offsets: &[usize]) -> Self {
        let kind = Kind::Union { fields };
        Self::new(name, size_of::<T>(), checked_align::<T, M>(name, fields, offsets), kind)
    }
}

/// Returns the alignment that a place of `T` needs: its own or a field's, if larger.
const fn checked_align<T, M>(name: &'static str, fields: &'static [Field], offsets: &[usize]) -> usize {
    assert_same_place::<T, M>();
    if size_of::<T>() == 0 {
        refuse(name, "has no size, so it has no place in a map: give it a field that has one");
    }
    if align_of::<T>() > MAX_ALIGN {
        refuse(name, "is aligned to more than 4096, the size of the page that a mapping begins with: align it to less");
    }
    let mut align = align_of::<T>();
    let mut i = 0;
    assert!(fields.len() == offsets.len(), "the shared mirror has other fields");
    while i < fields.len() {
        let layout = &fields[i].layout;
        // In a `repr(transparent)` struct the offset of a field without bytes is unspecified.
        assert!(fields[i].offset == offsets[i] || layout.size == 0, "a field of the shared mirror has another offset");
        align = if layout.align > align { layout.align } else { align };
        i += 1;
    }
    if core::mem::needs_drop::<T>() {
        refuse(
            name,
            "implements Drop, but the memory of a map is never dropped: free what it stands for where you are done with it",
        );
    }
    align
}

/// Fails to compile, with a message about the type `name`.
const fn refuse(name: &str, why: &str) -> ! {
    let text = Text::of(&["`", name, "` ", why]);
    panic!("{}", text.as_str())
}

/// Asserts that a type and its shared mirror fit the same places.
const fn assert_same_place<T, M>() {
    assert!(size_of::<T>() == size_of::<M>(), "the shared mirror has another size");
    assert!(align_of::<T>() == align_of::<M>(), "the shared mirror has another alignment");
}

/// An integer that can be an enum's repr, signed or not.
#[doc(hidden)]
pub trait SignedOrNot {
    /// True for `i8` to `i64`.
    const SIGNED: bool;
}
macro_rules! signed_or_not {
    ($($int:ty)*) => {$(
        impl SignedOrNot for $int {
            const SIGNED: bool = <$int>::MIN != 0;
        }
    )*};
}
signed_or_not! { u8 u16 u32 u64 i8 i16 i32 i64 }
