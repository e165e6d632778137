//! [`Layout`]: size, alignment and fields of a type, as a constant that can be printed and compared.

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

/// What a type looks like in memory: sizes and offsets in bytes.
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
    /// Whether it is an atomic, of which others may change a value that this thread only borrows.
    atomic: bool,
}

/// What kind of type a [`Layout`] describes.
///
/// ```
/// use mapvalue::{Endianness, Kind, MapValue};
///
/// assert_eq!(u32::LAYOUT.kind(), Kind::Int { signed: false, endianness: Endianness::Native });
/// let Kind::Array { len, element } = <[bool; 3]>::LAYOUT.kind() else { panic!("it is an array") };
/// assert_eq!((len, element.kind()), (3, Kind::Bool));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// An integer, an atomic integer or `Wrapping`.
    Int {
        /// Whether it is signed.
        signed: bool,
        /// The order of its bytes.
        endianness: Endianness,
    },
    /// `f32` or `f64`.
    Float,
    /// `bool`: one byte, true when it is not zero.
    Bool,
    /// A byte of a [`CharArray`](crate::CharArray): C's `char`, whatever its sign.
    Character,
    /// A field-less enum with an integer repr.
    Enum {
        /// Whether its repr is signed.
        signed: bool,
        /// The variants in the order of their declaration.
        variants: &'static [Variant],
    },
    /// A pointer of 8 bytes: `ArenaPtr`, `Kptr`. What it points to is no part of the layout.
    Pointer,
    /// An array; its element's layout.
    Array {
        /// Number of elements.
        len: usize,
        /// The element.
        element: &'static Layout,
    },
    /// A struct; its fields in the order of their declaration, which for `repr(C)` is that of their offsets.
    Struct {
        /// The fields.
        fields: &'static [Field],
    },
    /// A union; its fields, all at offset 0.
    Union {
        /// The fields.
        fields: &'static [Field],
    },
    /// A zero-sized marker (`PhantomData`).
    Marker,
    /// A type that the derive has refused: the program does not compile.
    #[doc(hidden)]
    Refused,
}

/// The order of an integer's bytes.
///
/// ```
/// use mapvalue::zerocopy::byteorder::{BigEndian, U16};
/// use mapvalue::{Endianness, Kind, MapValue};
///
/// assert_eq!(U16::<BigEndian>::LAYOUT.kind(), Kind::Int { signed: false, endianness: Endianness::Big });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endianness {
    /// The machine's own.
    Native,
    /// Most significant byte first: network order.
    Big,
    /// Least significant byte first.
    Little,
}

/// A variant of an enum.
///
/// ```
/// use mapvalue::{Kind, MapValue};
///
/// #[derive(MapValue)]
/// #[repr(u8)]
/// enum Mode {
///     Off,
///     On = 7,
/// }
///
/// let Kind::Enum { variants, .. } = Mode::LAYOUT.kind() else { panic!("it is an enum") };
/// assert_eq!((variants[1].name, variants[1].value), ("On", 7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name in Rust.
    pub name: &'static str,
    /// Its number.
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
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    name: &'static str,
    c_name: &'static str,
    offset: usize,
    layout: Layout,
}

impl Field {
    /// Its name in Rust; its index in a tuple struct.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its name in C: that in Rust unless `#[map_value(rename = "..")]` on the field gives another.
    pub const fn c_name(&self) -> &'static str {
        self.c_name
    }

    /// Bytes from the start of the struct.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The layout of its type.
    pub const fn layout(&self) -> Layout {
        self.layout
    }
}

#[doc(hidden)]
impl Field {
    /// The same field under another name in C.
    #[must_use]
    pub const fn renamed(self, c_name: &'static str) -> Self {
        Self { c_name, ..self }
    }
}

impl Layout {
    /// The type's name, without its module and without generic arguments.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The type's name in C: that in Rust unless `#[map_value(rename = "..")]` on the type gives another.
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

    /// Size in bytes, tail padding included.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The alignment in bytes that a place in shared memory needs.
    ///
    /// It is `align_of` of the type, or more where one of zerocopy's integers is inside: those have alignment 1
    /// in Rust, but are reached in one access and so must lie at a multiple of their width.
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

    /// What kind of type it is, with its fields, variants or element.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The fields of a struct or union, none for other types.
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
    /// let ends = Config::LAYOUT.fields().iter().map(|field| field.offset() + field.layout().size());
    /// assert!(ends.eq([1, 8]));
    /// assert!(u32::LAYOUT.fields().is_empty());
    /// ```
    pub const fn fields(&self) -> &'static [Field] {
        match self.kind {
            Kind::Struct { fields } | Kind::Union { fields } => fields,
            _ => &[],
        }
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
