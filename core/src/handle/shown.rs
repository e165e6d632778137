//! [`Shown`]: a value field by field, for `Debug` if an enum inside is invalid.

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::layout::{Endianness, Kind, Layout};
use crate::value::chunks;

/// Shows a value in shared memory by its layout; an invalid enum is shown as its number.
pub(crate) struct Shown<'a> {
    place: NonNull<u8>,
    layout: Layout,
    marker: PhantomData<&'a ()>,
}

impl Shown<'_> {
    /// # Safety
    ///
    /// For `'a`, a value of this layout lies at `place`, aligned for its leaves; only atomic
    /// accesses reach it.
    pub(crate) unsafe fn new(place: NonNull<u8>, layout: Layout) -> Self {
        Self { place, layout, marker: PhantomData }
    }

    /// A field or an element.
    fn part(&self, offset: usize, layout: Layout) -> Self {
        // SAFETY: a field or element lies inside its value (`MapValue`, promise 2).
        let place = unsafe { self.place.add(offset) };
        // SAFETY: the promise to `new`; the layout is that of the part.
        unsafe { Self::new(place, layout) }
    }

    /// Loads a leaf at its width, into the first of `N` bytes.
    fn load<const N: usize>(&self) -> [u8; N] {
        let (mut bytes, size) = ([0; N], self.layout.size());
        // SAFETY: the promise to `new`. A leaf is aligned to its width, so this is one access.
        unsafe { chunks::load(self.place, &mut bytes[..size], size) };
        bytes
    }

    fn integer(&self, signed: bool, endianness: Endianness) -> i128 {
        let (bytes, unused) = (self.load(), 64 - 8 * self.layout.size());
        let big = endianness == Endianness::Big || cfg!(target_endian = "big") && endianness == Endianness::Native;
        let raw = if big { u64::from_be_bytes(bytes) >> unused } else { u64::from_le_bytes(bytes) };
        if signed { ((raw << unused).cast_signed() >> unused).into() } else { raw.into() }
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.layout.name();
        match self.layout.kind() {
            Kind::Struct { fields } => {
                let mut shown = f.debug_struct(name);
                for field in fields {
                    shown.field(field.name(), &self.part(field.offset(), field.layout()));
                }
                shown.finish()
            }
            Kind::Array { len, element } if element.kind() == Kind::Character => {
                let mut text = vec![0; len];
                // SAFETY: by the promise to `new`; a character is one byte wide.
                unsafe { chunks::load(self.place, &mut text, 1) };
                let end = text.iter().position(|byte| *byte == 0).unwrap_or(len);
                String::from_utf8_lossy(&text[..end]).fmt(f)
            }
            Kind::Array { len, element } => {
                f.debug_list().entries((0..len).map(|i| self.part(i * element.size(), *element))).finish()
            }
            Kind::Int { signed, endianness } => self.integer(signed, endianness).fmt(f),
            Kind::Float if self.layout.size() == 4 => f32::from_ne_bytes(self.load()).fmt(f),
            Kind::Float => f64::from_ne_bytes(self.load()).fmt(f),
            Kind::Bool => (self.load() != [0]).fmt(f),
            Kind::Character => char::from(self.load::<1>()[0]).fmt(f),
            Kind::Pointer => write!(f, "{:#x}", u64::from_ne_bytes(self.load())),
            Kind::Enum { signed, variants } => {
                let number = self.integer(signed, Endianness::Native);
                match variants.iter().find(|variant| variant.value == number) {
                    Some(variant) => f.write_str(variant.name),
                    None => write!(f, "{number} (not a variant of `{name}`)"),
                }
            }
            // The views of a union overlap. To load them all would mix accesses of several sizes.
            Kind::Union { .. } => f.debug_struct(name).finish_non_exhaustive(),
            Kind::Marker => f.write_str(name),
        }
    }
}
