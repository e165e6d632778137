//! [`Scalar`]: a number of a C type, found by name, and its value in Rust.

use crate::btf::{Type, TypeKind};
use crate::view::source::Source;

/// Where a number lies in a C value, and what it is there.
#[derive(Clone, Copy, Debug)]
pub struct Scalar {
    pub(crate) offset: u32,
    pub(crate) shape: Shape,
}

/// What a number is in C: its width in bytes, its class, and of a bitfield its lowest bit and its
/// width in bits. One word, so that one comparison tells whether it is what Rust takes it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape(u32);

/// What the bits of a number stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Unsigned,
    Signed,
    Float,
    Bool,
}

#[expect(clippy::cast_possible_truncation, reason = "at most 8")]
const fn narrow(width: usize) -> u32 {
    assert!(width <= 8, "numbers are at most 8 bytes wide");
    width as u32
}

impl Shape {
    /// A number that takes all bits of its width, in bytes.
    pub(crate) const fn whole(width: usize, class: Class) -> Self {
        Self(narrow(width) | (class as u32) << 8)
    }

    /// The number that a C type is; `None` if it is none, or wider than 8 bytes.
    pub(crate) fn of(ty: Type<'_>) -> Option<Self> {
        let (size, class) = match ty.resolved()?.kind() {
            TypeKind::Int(int) if int.bool => (int.size, Class::Bool),
            TypeKind::Int(int) => (int.size, if int.signed { Class::Signed } else { Class::Unsigned }),
            TypeKind::Enum(values) => (values.size(), if values.is_signed() { Class::Signed } else { Class::Unsigned }),
            TypeKind::Pointer(_) => (8, Class::Unsigned),
            TypeKind::Float { size } if size >= 4 => (size, Class::Float),
            _ => return None,
        };
        let bool_is_a_byte = class != Class::Bool || size == 1;
        (bool_is_a_byte && matches!(size, 1 | 2 | 4 | 8)).then(|| Self::whole(size as usize, class))
    }

    /// The bitfield of `bits` bits from the bit `shift` on, of an integer of `width` bytes.
    fn bitfield(width: u32, class: Class, shift: u32, bits: u32) -> Self {
        Self(width | (class as u32) << 8 | shift << 16 | bits << 24)
    }

    pub(crate) const fn width(self) -> usize {
        (self.0 & 0xff) as usize
    }

    pub(crate) const fn class(self) -> Class {
        match self.0 >> 8 & 0xff {
            0 => Class::Unsigned,
            1 => Class::Signed,
            2 => Class::Float,
            _ => Class::Bool,
        }
    }

    /// The lowest bit and the number of bits of a bitfield.
    const fn bits(self) -> Option<(u32, u32)> {
        let bits = self.0 >> 24;
        if bits == 0 { None } else { Some((self.0 >> 16 & 0xff, bits)) }
    }

    /// How many bits the number has.
    pub(crate) const fn significant(self) -> u32 {
        match self.bits() {
            Some((_, bits)) => bits,
            None => 8 * (self.0 & 0xff),
        }
    }
}

impl Scalar {
    /// The bitfield of `bits` bits, `bit_offset` bits into a value of `size` bytes: inside the
    /// narrowest aligned integer that holds all of it.
    pub(crate) fn of_bitfield(class: Class, bit_offset: u64, bits: u32, size: u64) -> Option<Self> {
        if class == Class::Float || class == Class::Bool && bits != 1 {
            return None;
        }
        [1u32, 2, 4, 8].into_iter().find_map(|width| {
            let (unit, wide) = (u64::from(8 * width), u64::from(width));
            let (offset, inside) = (bit_offset / unit * wide, bit_offset % unit);
            let holds = bits > 0 && inside + u64::from(bits) <= unit && offset + wide <= size;
            // Big-endian machines count the bits of BTF from the highest one.
            let little = u32::try_from(inside).ok()?;
            let shift = if cfg!(target_endian = "big") { (8 * width).checked_sub(little + bits)? } else { little };
            let shape = Shape::bitfield(width, class, shift, bits);
            holds.then_some(Self { offset: u32::try_from(offset).ok()?, shape })
        })
    }

    /// Loads the number: a signed one with its sign in the upper bits, the bits of a float, and
    /// 0 or 1 of a `_Bool`.
    ///
    /// # Safety
    ///
    /// As for [`Source::load`]: the source is a value that the scalar was found in.
    #[inline(never)]
    pub(crate) unsafe fn number(self, from: impl Source) -> u64 {
        let (offset, width) = (self.offset as usize, self.shape.width());
        let raw = match width {
            // SAFETY: the caller's promise, for a scalar of this width.
            1 => unsafe { from.load::<u8>(offset) }.into(),
            // SAFETY: as above.
            2 => unsafe { from.load::<u16>(offset) }.into(),
            // SAFETY: as above.
            4 => unsafe { from.load::<u32>(offset) }.into(),
            // SAFETY: as above.
            _ => unsafe { from.load::<u64>(offset) },
        };
        let (shift, bits) = self.shape.bits().unwrap_or((0, self.shape.significant()));
        // The bits of the number are moved to the top, and down again with or without the sign.
        let top = raw << (64 - bits - shift);
        match self.shape.class() {
            Class::Signed => (top.cast_signed() >> (64 - bits)).cast_unsigned(),
            Class::Bool => u64::from(top != 0),
            _ => top >> (64 - bits),
        }
    }
}
