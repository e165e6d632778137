//! [`Layout`]: a type's size, alignment and fields, as a constant to print and compare.

pub(crate) mod bytes;
#[cfg(feature = "std")]
pub(crate) mod c;
#[cfg(feature = "std")]
pub(crate) mod c_names;
pub(crate) mod construct;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod type_id;

use core::fmt;

#[cfg(feature = "std")]
pub(crate) use table::Spelled;

/// How a type is laid out in memory: sizes and offsets in bytes.
///
/// `Display` prints it as a table, with holes and tail padding marked.
///
/// ```
/// use mapvalue::MapValue;
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Config {
///     mode: u8,
///     limit: u32,
///     flags: [bool; 3],
/// }
///
/// assert_eq!(
///     Config::LAYOUT.to_string(),
///     "\
/// Config: 12 bytes, align 4
///   offset    size  name   type
///        0       1  mode   u8
///        1       3         (hole)
///        4       4  limit  u32
///        8       3  flags  [bool; 3]
///       11       1         (tail padding)
/// "
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    name: &'static str,
    c_name: &'static str,
    size: usize,
    align: usize,
    kind: Kind,
    /// Whether it is an atomic, which other threads may change while this one borrows it.
    atomic: bool,
}

/// The kind of type that a [`Layout`] describes.
///
/// ```
/// use mapvalue::zerocopy::byteorder::{BigEndian, U16};
/// use mapvalue::{Endianness, Kind, MapValue};
///
/// #[derive(MapValue)]
/// #[repr(u8)]
/// enum Mode {
///     Off,
///     On = 7,
/// }
///
/// let kind = U16::<BigEndian>::LAYOUT.kind();
/// assert_eq!(kind, Kind::Int { signed: false, endianness: Endianness::Big });
/// let Kind::Array { len, element } = <[Mode; 3]>::LAYOUT.kind() else {
///     panic!("it is an array")
/// };
/// let Kind::Enum { signed: false, variants } = element.kind() else { panic!("it is an enum") };
/// assert_eq!((len, variants[1].name, variants[1].value), (3, "On", 7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the doc of a variant says what its fields are")]
#[non_exhaustive]
pub enum Kind {
    /// An integer, an atomic integer or `Wrapping`, `signed` or not, of the byte order
    /// `endianness`.
    Int { signed: bool, endianness: Endianness },
    /// `f32` or `f64`.
    Float,
    /// `bool`: one byte, true when it is not zero.
    Bool,
    /// A byte of a [`CharArray`](crate::CharArray): C's `char`, whatever its sign.
    Character,
    /// A field-less enum with an integer repr, `signed` or not, and the `variants` in declaration
    /// order.
    Enum { signed: bool, variants: &'static [Variant] },
    /// An 8-byte pointer: `ArenaPtr`, `Kptr`. The layout does not describe its target.
    Pointer,
    /// An array of `len` elements with the layout `element`.
    Array { len: usize, element: &'static Layout },
    /// A struct with `fields` in declaration order: for `repr(C)`, the order of their offsets.
    Struct { fields: &'static [Field] },
    /// A union with `fields` that are all at offset 0.
    Union { fields: &'static [Field] },
    /// A zero-sized marker (`PhantomData`).
    Marker,
}

/// The byte order of an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endianness {
    /// The machine's own order.
    Native = 0,
    /// Most significant byte first: network order.
    Big = 1,
    /// Least significant byte first.
    Little = 2,
}

/// A variant of an enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The variant's name in Rust.
    pub name: &'static str,
    /// The variant's number.
    pub value: i128,
}

/// A field of a struct or union.
///
/// ```
/// use mapvalue::MapValue;
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Config {
///     mode: u8,
///     limit: u32,
/// }
///
/// let limit = Config::LAYOUT.fields()[1];
/// assert_eq!((limit.name(), limit.offset(), limit.layout().size()), ("limit", 4, 4));
/// assert!(u32::LAYOUT.fields().is_empty());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    name: &'static str,
    c_name: &'static str,
    offset: usize,
    layout: Layout,
}

impl Field {
    /// Returns the field's name in Rust, or its index in a tuple struct.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the name in C: the Rust name, or that of `#[map_value(rename = "..")]`.
    pub const fn c_name(&self) -> &'static str {
        self.c_name
    }

    /// Returns the offset in bytes from the start of the struct.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the layout of the field's type.
    pub const fn layout(&self) -> Layout {
        self.layout
    }
}

#[doc(hidden)]
impl Field {
    /// Returns the same field under another name in C.
    #[must_use]
    pub const fn renamed(self, c_name: &'static str) -> Self {
        Self { c_name, ..self }
    }
}

impl Layout {
    /// Returns the type's name, without its module and without generic arguments.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the name in C: the Rust name, or that of `#[map_value(rename = "..")]`.
    ///
    /// ```
    /// use mapvalue::MapValue;
    ///
    /// #[derive(MapValue)]
    /// #[map_value(rename = "conn_info")]
    /// #[repr(C)]
    /// struct Connection {
    ///     #[map_value(rename = "type")]
    ///     kind: u32,
    /// }
    ///
    /// assert_eq!(Connection::LAYOUT.name(), "Connection");
    /// assert_eq!(Connection::LAYOUT.c_name(), "conn_info");
    /// assert_eq!(Connection::LAYOUT.fields()[0].c_name(), "type");
    /// ```
    pub const fn c_name(&self) -> &'static str {
        self.c_name
    }

    /// Returns the size in bytes, tail padding included.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Returns where the last field ends, in bytes: the size without tail padding.
    ///
    /// There, or at the next multiple of the element's alignment, C puts a flexible array.
    ///
    /// ```
    /// use mapvalue::MapValue;
    ///
    /// #[derive(MapValue)]
    /// #[repr(C)]
    /// struct Args {
    ///     at: u64,
    ///     len: u32, // and in C: `char text[]`
    /// }
    ///
    /// assert_eq!((Args::LAYOUT.end(), Args::LAYOUT.size()), (12, 16));
    /// ```
    pub const fn end(&self) -> usize {
        let Kind::Struct { fields } = self.kind else { return self.size };
        let (mut end, mut i) = (0, 0);
        while i < fields.len() {
            let field_end = fields[i].offset + fields[i].layout.size;
            end = if field_end > end { field_end } else { end };
            i += 1;
        }
        end
    }

    /// Returns the alignment in bytes that a place in shared memory needs.
    ///
    /// It is `align_of` of the type, or more if one of zerocopy's integers is inside: those have
    /// alignment 1 in Rust, but are accessed whole, and so must lie at a multiple of their width.
    ///
    /// ```
    /// use mapvalue::MapValue;
    /// use mapvalue::zerocopy::byteorder::{BigEndian, U32};
    ///
    /// assert_eq!((align_of::<U32<BigEndian>>(), U32::<BigEndian>::LAYOUT.align()), (1, 4));
    /// ```
    pub const fn align(&self) -> usize {
        self.align
    }

    /// Returns the kind of the type, with its fields, variants or element.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the fields of a struct or union; empty for other types.
    pub const fn fields(&self) -> &'static [Field] {
        match self.kind {
            Kind::Struct { fields } | Kind::Union { fields } => fields,
            _ => &[],
        }
    }

    /// Returns the address of a layout, which identifies it: it is never freed. Two types whose
    /// layouts are the same may share one, and one type may have several.
    #[cfg(feature = "std")]
    pub(crate) fn address(&'static self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Writes the name of the place at `offset`, such as `limits[3].mode`.
    pub(crate) fn write_path(&self, f: &mut fmt::Formatter<'_>, offset: usize) -> fmt::Result {
        match self.kind {
            Kind::Struct { fields } => {
                let inside = |field: &&Field| (field.offset..field.offset + field.layout.size).contains(&offset);
                let Some(field) = fields.iter().find(inside) else { return Ok(()) };
                write!(f, ".{}", field.name)?;
                field.layout.write_path(f, offset - field.offset)
            }
            Kind::Array { element, .. } if element.size != 0 => {
                write!(f, "[{}]", offset / element.size)?;
                element.write_path(f, offset % element.size)
            }
            _ => Ok(()),
        }
    }
}
