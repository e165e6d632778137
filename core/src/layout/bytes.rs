//! The bytes of a [`Layout`]: padding, and whether a value can be copied as bytes.

use super::text::Text;
use super::{Field, Kind};
use crate::layout::Layout;

#[doc(hidden)]
impl Layout {
    /// Returns the layout unchanged; fails to compile if it has padding.
    #[must_use]
    pub const fn without_padding(self) -> Self {
        if self.padding() > 0 {
            let text = self.padding_in_text("deny_padding");
            panic!("{}", text.as_str());
        }
        self
    }

    /// Fails to compile if there is padding, since every byte is going to be hashed.
    pub(crate) const fn assert_hashable(&self) {
        assert!(
            self.padding() == 0,
            "a key with padding has no hash of its own bytes, some of which may be anything in C: fill the holes with fields of `u8` (`Layout` \
             prints them), or write an `arena_hash`"
        );
    }

    /// Fails to compile unless this is the layout of `T` and the derive accepted `T`.
    pub(crate) const fn assert_usable<T>(&self) {
        assert!(self.size == size_of::<T>(), "the layout is of another type");
    }

    /// Returns whether a byte belongs to a leaf; in a union, to a leaf of some field, or of `every`
    /// one.
    pub(crate) const fn holds(&self, at: usize, every: bool) -> bool {
        let fields = match self.kind {
            _ if at >= self.size => return false,
            Kind::Marker => return false,
            Kind::Array { element, .. } => return element.holds(at % element.size, every),
            Kind::Struct { fields } | Kind::Union { fields } => fields,
            _ => return true,
        };
        let all = every && matches!(self.kind, Kind::Union { .. });
        let mut i = 0;
        while i < fields.len() {
            let Field { offset, layout, .. } = fields[i];
            if (at >= offset && layout.holds(at - offset, every)) != all {
                return !all;
            }
            i += 1;
        }
        all
    }

    /// Returns whether all bytes of `field`'s leaves are, in this union, bytes of some field's
    /// leaves, or of those of `every` field.
    pub(crate) const fn has_all_of(&self, field: &Layout, every: bool) -> bool {
        let mut at = 0;
        while at < field.size {
            if field.holds(at, false) && !self.holds(at, every) {
                return false;
            }
            at += 1;
        }
        true
    }

    /// Returns whether each byte belongs to a leaf; in a union, to a leaf of some field.
    pub(crate) const fn is_filled(&self) -> bool {
        let mut at = 0;
        while at < self.size && self.holds(at, false) {
            at += 1;
        }
        at == self.size
    }

    /// Returns whether a load checks or converts some of its bytes: those of a `bool` or an enum.
    pub(crate) const fn holds_checked(&self) -> bool {
        match self.kind {
            Kind::Bool | Kind::Enum { .. } => true,
            Kind::Array { element, .. } => element.holds_checked(),
            Kind::Struct { fields } | Kind::Union { fields } => {
                let mut i = 0;
                while i < fields.len() {
                    if fields[i].layout.holds_checked() {
                        return true;
                    }
                    i += 1;
                }
                false
            }
            _ => false,
        }
    }

    /// Returns whether a store may copy the bytes of a value: no padding, no union, and
    /// no atomic, which another thread may change meanwhile.
    #[cfg(feature = "std")]
    pub(crate) const fn is_its_bytes(&self) -> bool {
        self.padding() == 0 && self.not_its_bytes(true).is_none()
    }

    /// Returns whether a load may copy any bytes: no padding, union, `bool` or enum.
    #[cfg(feature = "std")]
    pub(crate) const fn is_any_bytes(&self) -> bool {
        self.padding() == 0 && self.not_its_bytes(false).is_none()
    }

    /// Returns the first part that forbids a copy as bytes, by a `store` or else a load.
    const fn not_its_bytes(&self, store: bool) -> Option<Kind> {
        match self.kind {
            Kind::Int { .. } | Kind::Float | Kind::Character | Kind::Pointer | Kind::Marker => {
                if store && self.atomic {
                    Some(self.kind)
                } else {
                    None
                }
            }
            Kind::Bool | Kind::Enum { .. } if store => None,
            // It is unknown which field a union holds, and so which of its bytes are a value.
            Kind::Bool | Kind::Enum { .. } | Kind::Union { .. } => Some(self.kind),
            Kind::Array { element, .. } => element.not_its_bytes(store),
            Kind::Struct { fields } => {
                let mut i = 0;
                while i < fields.len() {
                    if let Some(part) = fields[i].layout.not_its_bytes(store) {
                        return Some(part);
                    }
                    i += 1;
                }
                None
            }
        }
    }

    /// Fails to compile unless any bytes are a value of the field of this number, as aya's `Pod`
    /// needs.
    pub const fn assert_any_bytes(self, field: usize) {
        let Field { name, layout, .. } = self.fields()[field];
        let why = match layout.not_its_bytes(false) {
            None => return,
            Some(Kind::Bool) => "a `bool`, and a BPF program may store 2 there: write `u8`",
            Some(Kind::Enum { .. }) => "an enum, and not every number is one of its variants: write its integer",
            Some(_) => "a union, of which some bytes may be uninitialised: write `[u8; N]`",
        };
        let but = "aya takes any bytes for a value and a value for its bytes, but `";
        let or = ", or remove `aya` and decode what it looks up with `from_bytes`";
        let text = Text::of(&[but, name, "` of `", self.name, "` holds ", why, or]);
        panic!("{}", text.as_str());
    }

    /// Fails to compile if a value has padding, which aya's `Pod` forbids.
    pub const fn assert_filled(self) {
        if self.padding() > 0 {
            let text = self.padding_in_text("aya");
            panic!("{}", text.as_str());
        }
    }

    /// Counts the bytes that belong to no leaf, including those inside the fields' types.
    const fn padding(&self) -> usize {
        match self.kind {
            Kind::Array { len, element } => len * element.padding(),
            Kind::Struct { fields } => {
                let mut padding = self.size;
                let mut i = 0;
                while i < fields.len() {
                    padding -= fields[i].layout.size - fields[i].layout.padding();
                    i += 1;
                }
                padding
            }
            // The field that fills the most bytes decides.
            Kind::Union { fields } => {
                let mut used = 0;
                let mut i = 0;
                while i < fields.len() {
                    let field = fields[i].layout.size - fields[i].layout.padding();
                    used = if field > used { field } else { used };
                    i += 1;
                }
                self.size - used
            }
            _ => 0,
        }
    }

    /// Says where the padding is.
    /// `` `Stats` has 7 bytes of padding in its 32: 3 before `limit`; 4 at the end ``
    const fn padding_in_text(&self, attribute: &str) -> Text {
        let mut text = Text::of(&["`", self.name, "` has "]);
        text.push_number(self.padding());
        text.push(" bytes of padding in its ");
        text.push_number(self.size);
        text.push(":");
        let fields = self.fields();
        let mut end = 0;
        let mut i = 0;
        while i < fields.len() {
            let Field { name, offset, layout, .. } = fields[i];
            if offset > end {
                text.push_place(offset - end, "before", name);
            }
            if layout.padding() > 0 {
                text.push_place(layout.padding(), "inside", name);
            }
            let field_end = offset + layout.size;
            end = if field_end > end { field_end } else { end };
            i += 1;
        }
        if self.size > end {
            text.push(" ");
            text.push_number(self.size - end);
            text.push(" at the end;");
        }
        text.push_all(&[" fill them with fields of `u8`, or remove `", attribute, "`"]);
        text
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::num::{NonZeroU32, Wrapping};
    use std::sync::atomic::AtomicI64;

    use crate::{ArenaPtr, MapValue};

    #[derive(MapValue)]
    #[repr(C)]
    struct Dense {
        a: i64,
        b: [f32; 2],
        c: Option<NonZeroU32>,
        d: Wrapping<u32>,
        e: [ArenaPtr<Dense>; 3],
        f: std::marker::PhantomData<u8>,
    }

    #[derive(MapValue)]
    #[repr(C)]
    struct Padded {
        a: u64,
        b: u32,
    }

    #[derive(MapValue)]
    #[repr(C)]
    struct Decoded {
        a: u32,
        live: bool,
        mode: [Mode; 3],
    }

    #[derive(MapValue, Clone, Copy)]
    #[repr(u8)]
    enum Mode {
        Off,
    }

    #[derive(MapValue, Clone, Copy)]
    #[repr(C)]
    union Either {
        a: u32,
        b: [u16; 2],
    }

    /// Returns `is_its_bytes` and `is_any_bytes`.
    fn bytes_of<T: MapValue>() -> (bool, bool) {
        (T::LAYOUT.is_its_bytes(), T::LAYOUT.is_any_bytes())
    }

    #[test]
    fn what_can_be_copied_as_bytes_is_told_by_the_layout() {
        assert_eq!(bytes_of::<Dense>(), (true, true));
        assert_eq!(bytes_of::<[AtomicI64; 2]>(), (false, true), "others may change what is to be stored");
        assert_eq!(bytes_of::<Padded>(), (false, false));
        assert_eq!(bytes_of::<[Padded; 4]>(), (false, false));
        assert_eq!(bytes_of::<Decoded>(), (true, false));
        assert_eq!(bytes_of::<Either>(), (false, false));
        assert_eq!(bytes_of::<[Either; 2]>(), (false, false));
    }
}
