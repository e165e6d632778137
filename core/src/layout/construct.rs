//! What the implementations of `MapValue` make a [`Layout`] with. All assertions here fire when the type is compiled.

use super::Field;
use super::text::Text;
use crate::layout::{Endianness, Kind, Layout, Variant};

/// The largest alignment a value may have: that of a page, to which every mapping is aligned.
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

    /// A leaf that is aligned as its Rust type is.
    #[must_use]
    pub const fn leaf<T>(name: &'static str, kind: Kind) -> Self {
        assert!(
            align_of::<T>() == size_of::<T>(),
            "mapvalue needs a target on which integers are aligned to their size"
        );
        Self::new(name, size_of::<T>(), align_of::<T>(), kind)
    }

    /// The leaf as an atomic.
    #[must_use]
    pub const fn of_atomic(self) -> Self {
        Self { atomic: true, ..self }
    }

    /// A leaf whose place must be aligned to `align` although its Rust type is not.
    #[must_use]
    pub const fn leaf_aligned<T>(name: &'static str, align: usize, kind: Kind) -> Self {
        Self::new(name, size_of::<T>(), align, kind)
    }

    /// A field-less enum `T` whose shared mirror is `M`.
    #[must_use]
    pub const fn enumeration<T, M, R: SignedOrNot>(name: &'static str, variants: &'static [Variant]) -> Self {
        assert!(size_of::<T>() == size_of::<R>(), "an enum has the size of its repr");
        assert_same_place::<T, M>();
        Self::leaf::<T>(name, Kind::Enum { signed: R::SIGNED, variants })
    }

    /// The same layout under another name in C.
    #[must_use]
    pub const fn renamed(self, c_name: &'static str) -> Self {
        Self { c_name, ..self }
    }

    /// Of a type or field that the derive has refused: the program does not compile, whatever this says.
    #[must_use]
    pub const fn refused<T>(name: &'static str) -> Self {
        Self::new(name, size_of::<T>(), align_of::<T>(), Kind::Refused)
    }

    /// A zero-sized marker.
    #[must_use]
    pub const fn marker<T>(name: &'static str) -> Self {
        assert!(size_of::<T>() == 0, "a marker has no size");
        Self::new(name, 0, 1, Kind::Marker)
    }

    /// An array of `len` times `element`.
    #[must_use]
    pub const fn array<T>(len: usize, element: &'static Layout) -> Self {
        assert!(
            len < 2 || element.size.is_multiple_of(element.align),
            "the elements of this array hold a big-endian integer that is not at a multiple of its width: \
             add padding to the element"
        );
        Self::new("", size_of::<T>(), element.align, Kind::Array { len, element })
    }

    /// A field with this layout, of which the type and its mirror agree on the offset, and whose leaves are aligned there;
    /// `misaligned` is the message if not.
    #[must_use]
    pub const fn into_field(
        self,
        name: &'static str,
        offset: usize,
        mirror_offset: usize,
        misaligned: &'static str,
    ) -> Field {
        // Where a field without bytes lies in a `repr(transparent)` struct is left open; in the mirror, which is `repr(C)`, it lies
        // between its neighbours.
        let offset = if self.size == 0 { mirror_offset } else { offset };
        assert!(offset == mirror_offset, "a field of the shared mirror has another offset");
        assert!(offset.is_multiple_of(self.align), "{}", misaligned);
        Field { name, c_name: name, offset, layout: self }
    }

    /// A struct `T` whose shared mirror is `M`; its fields have been checked by `into_field`.
    #[must_use]
    pub const fn structure<T, M>(name: &'static str, fields: &'static [Field]) -> Self {
        Self::new(name, size_of::<T>(), checked_align::<T, M>(name, fields), Kind::Struct { fields })
    }

    /// A union `T` whose shared mirror is `M`; its fields have been checked by `into_field`.
    #[must_use]
    pub const fn union<T, M>(name: &'static str, fields: &'static [Field]) -> Self {
        Self::new(name, size_of::<T>(), checked_align::<T, M>(name, fields), Kind::Union { fields })
    }
}

/// The alignment that a place of `T` needs: its own, or that of a field that needs more.
const fn checked_align<T, M>(name: &'static str, fields: &'static [Field]) -> usize {
    assert_same_place::<T, M>();
    if size_of::<T>() == 0 {
        refuse(name, "has no size, so it has no place in a map: give it a field that has one");
    }
    if align_of::<T>() > MAX_ALIGN {
        refuse(name, "is aligned to more than 4096, the size of the page that a mapping begins with: align it to less");
    }
    let mut align = align_of::<T>();
    let mut refused = false;
    let mut i = 0;
    while i < fields.len() {
        let layout = &fields[i].layout;
        refused |= layout.holds_refused();
        align = if layout.align > align { layout.align } else { align };
        i += 1;
    }
    // What a refused field would drop is no second mistake.
    if core::mem::needs_drop::<T>() && !refused {
        refuse(
            name,
            "implements Drop, but the memory of a map is never dropped: free what it stands for where you are done with it",
        );
    }
    align
}

/// Fails to compile with a text about a type.
const fn refuse(name: &str, why: &str) -> ! {
    let mut text = Text::new();
    text.push("`");
    text.push(name);
    text.push("` ");
    text.push(why);
    panic!("{}", text.as_str())
}

/// That a type and its shared mirror fit the same places.
const fn assert_same_place<T, M>() {
    assert!(size_of::<T>() == size_of::<M>(), "the shared mirror has another size");
    assert!(align_of::<T>() == align_of::<M>(), "the shared mirror has another alignment");
}

/// Which of the integers that can be an enum's repr are signed.
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
