//! [`Layout`]: size, alignment and fields of a type, as a constant that can be printed and compared.

#[cfg(feature = "std")]
mod c;
mod type_id;

use core::fmt;

use crate::words::Words;

/// The largest alignment a value may have: that of a page, to which every mapping is aligned.
pub(crate) const MAX_ALIGN: usize = 4096;

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

impl Kind {
    pub(crate) const fn int<T: SignedOrNot>() -> Self {
        Self::Int { signed: T::SIGNED, endianness: Endianness::Native }
    }

    pub(crate) const fn is_signed<T: SignedOrNot>() -> bool {
        T::SIGNED
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

/// Constructors for the implementations of `MapValue`. All assertions here fire when the type is compiled.
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

    /// The same layout, which must be without padding.
    #[must_use]
    pub const fn without_padding(self) -> Self {
        // Padding around a refused field is no second mistake.
        if !self.holds_refused() && self.padding() > 0 {
            let words = self.padding_in_words("deny_padding");
            panic!("{}", words.as_str());
        }
        self
    }

    /// Does not compile unless all of its bytes belong to leaves, since they are to be hashed.
    pub(crate) const fn assert_hashable(&self) {
        assert!(
            self.padding() == 0,
            "a key with padding has no hash of its own bytes, some of which may be anything in C: fill the holes with fields of `u8` (`Layout` \
             prints them), or write an `arena_hash`"
        );
    }

    /// Does not compile unless a place can be made of the layout, which is that of `T`.
    pub(crate) const fn assert_usable<T>(&self) {
        assert!(self.size == size_of::<T>(), "the layout is of another type");
        assert!(!self.holds_refused(), "the derive has refused this type, or one inside of it");
    }

    /// Whether the derive has refused it or something inside.
    const fn holds_refused(&self) -> bool {
        match self.kind {
            Kind::Refused => true,
            Kind::Array { element, .. } => element.holds_refused(),
            Kind::Struct { fields } | Kind::Union { fields } => {
                let mut i = 0;
                while i < fields.len() {
                    if fields[i].layout.holds_refused() {
                        return true;
                    }
                    i += 1;
                }
                false
            }
            _ => false,
        }
    }

    /// Whether the bytes of a value are what a store leaf by leaf writes, all of them, and nobody else changes them: no padding, no
    /// union, no atomic.
    #[cfg(feature = "std")]
    pub(crate) const fn is_its_bytes(&self) -> bool {
        self.padding() == 0 && self.is_made_of_bytes(true)
    }

    /// Whether any bytes are a value that a load leaf by leaf makes of them: no padding, no union, no `bool` and no enum.
    #[cfg(feature = "std")]
    pub(crate) const fn is_any_bytes(&self) -> bool {
        self.padding() == 0 && self.is_made_of_bytes(false)
    }

    /// Whether all leaves are the bytes that they are in memory: to `store`, with `bool` and enums among them and without atomics, or to
    /// load.
    #[cfg(feature = "std")]
    const fn is_made_of_bytes(&self, store: bool) -> bool {
        self.not_its_bytes(store).is_none()
    }

    /// The first part, if there is one, that is not the bytes that it is in memory.
    const fn not_its_bytes(&self, store: bool) -> Option<Kind> {
        match self.kind {
            Kind::Int { .. } | Kind::Float | Kind::Character | Kind::Pointer | Kind::Marker => {
                if store && self.atomic {
                    Some(self.kind)
                } else {
                    None
                }
            }
            Kind::Bool | Kind::Enum { .. } => {
                if store {
                    None
                } else {
                    Some(self.kind)
                }
            }
            // Which of its fields is there is not known, nor then which of its bytes are.
            Kind::Union { .. } | Kind::Refused => Some(self.kind),
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

    /// Does not compile unless any bytes are a value, for aya's `Pod`: the layout is that of a field `name` of `of`.
    pub const fn assert_any_bytes(self, name: &'static str, of: &'static str) {
        let why = match self.not_its_bytes(false) {
            // Of what has been refused no more is to be said.
            None | Some(Kind::Refused) => return,
            Some(Kind::Bool) => "a `bool`, and a BPF program may store 2 there: write `u8`",
            Some(Kind::Enum { .. }) => "an enum, and not every number is one of its variants: write its integer",
            Some(_) => "a union, of which some bytes may be uninitialised: write `[u8; N]`",
        };
        let mut words = Words::new();
        words.push("aya takes any bytes for a value and a value for its bytes, but `");
        words.push(name);
        words.push("` of `");
        words.push(of);
        words.push("` holds ");
        words.push(why);
        words.push(", or remove `aya` and decode what it looks up with `from_bytes`");
        panic!("{}", words.as_str());
    }

    /// Does not compile unless all bytes of a value belong to its fields, for aya's `Pod`.
    pub const fn assert_filled(self) {
        if !self.holds_refused() && self.padding() > 0 {
            let words = self.padding_in_words("aya");
            panic!("{}", words.as_str());
        }
    }

    /// Bytes that belong to no leaf, those inside of the fields' types included.
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
            // The field that fills most of it decides.
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

    /// Where the padding is: `` `Stats` has 7 bytes of padding in its 32: 3 before `limit`; 4 at the end ``.
    const fn padding_in_words(&self, attribute: &str) -> Words {
        let mut words = Words::new();
        words.push("`");
        words.push(self.name);
        words.push("` has ");
        words.push_number(self.padding());
        words.push(" bytes of padding in its ");
        words.push_number(self.size);
        words.push(":");
        let fields = self.fields();
        let mut end = 0;
        let mut i = 0;
        while i < fields.len() {
            let Field { name, offset, layout, .. } = fields[i];
            if offset > end {
                words.push_place(offset - end, "before", name);
            }
            if layout.padding() > 0 {
                words.push_place(layout.padding(), "inside", name);
            }
            let field_end = offset + layout.size;
            end = if field_end > end { field_end } else { end };
            i += 1;
        }
        if self.size > end {
            words.push(" ");
            words.push_number(self.size - end);
            words.push(" at the end;");
        }
        words.push(" fill them with fields of `u8`, or remove `");
        words.push(attribute);
        words.push("`");
        words
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
    let mut words = Words::new();
    words.push("`");
    words.push(name);
    words.push("` ");
    words.push(why);
    panic!("{}", words.as_str())
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

/// The type as Rust spells it.
pub(crate) struct Spelled<'a>(pub(crate) &'a Layout);

impl fmt::Display for Spelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            Kind::Array { len, element: Layout { kind: Kind::Character, .. } } => write!(f, "CharArray<{len}>"),
            Kind::Array { len, element } => write!(f, "[{}; {len}]", Spelled(element)),
            Kind::Int { endianness: Endianness::Big, .. } => write!(f, "{}<BigEndian>", self.0.name),
            Kind::Int { endianness: Endianness::Little, .. } => write!(f, "{}<LittleEndian>", self.0.name),
            _ => f.write_str(self.0.name),
        }
    }
}

/// The name of a row: the fields that lead to it, from the outermost.
struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'static str,
    /// Whether the row stands for the first element of the array that `parent` names.
    element: bool,
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            f.write_str(if self.element { "[0]" } else { "." })?;
        }
        f.write_str(self.name)
    }
}

/// A row of the table.
enum Row<'a> {
    Place(&'a Path<'a>, &'a Layout),
    Hole,
    TailPadding,
}

impl Layout {
    /// Visits the fields in the order of their offsets, each before the fields inside it, and the padding between.
    fn rows(
        &self,
        parent: Option<&Path<'_>>,
        base: usize,
        visit: &mut dyn FnMut(usize, usize, Row<'_>) -> fmt::Result,
    ) -> fmt::Result {
        match self.kind {
            Kind::Struct { fields } => {
                let mut end = 0;
                for field in fields {
                    if field.offset > end {
                        visit(base + end, field.offset - end, Row::Hole)?;
                    }
                    let path = Path { parent, name: field.name, element: false };
                    visit(base + field.offset, field.layout.size, Row::Place(&path, &field.layout))?;
                    field.layout.rows(Some(&path), base + field.offset, visit)?;
                    end = field.offset + field.layout.size;
                }
                if self.size > end {
                    visit(base + end, self.size - end, Row::TailPadding)?;
                }
                Ok(())
            }
            Kind::Union { fields } => fields.iter().try_for_each(|field| {
                let path = Path { parent, name: field.name, element: false };
                visit(base, field.layout.size, Row::Place(&path, &field.layout))?;
                field.layout.rows(Some(&path), base, visit)
            }),
            Kind::Array { len, element } if len > 0 && element.has_parts() => {
                let path = Path { parent, name: "", element: true };
                element.rows(Some(&path), base, visit)
            }
            _ => Ok(()),
        }
    }

    fn has_parts(&self) -> bool {
        match self.kind {
            Kind::Struct { .. } | Kind::Union { .. } => true,
            Kind::Array { element, .. } => element.has_parts(),
            _ => false,
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} bytes, align {}", Spelled(self), self.size, self.align)?;
        let mut width = "name".len();
        self.rows(None, 0, &mut |_, _, row| {
            if let Row::Place(path, _) = row {
                width = width.max(length(path)?);
            }
            Ok(())
        })?;
        writeln!(f, "  offset    size  {:width$}  type", "name")?;
        self.rows(None, 0, &mut |offset, size, row| {
            write!(f, "  {offset:6}  {size:6}  ")?;
            match row {
                Row::Place(path, layout) => {
                    write!(f, "{path}{:1$}  ", "", width - length(path)?)?;
                    writeln!(f, "{}", Spelled(layout))
                }
                Row::Hole => writeln!(f, "{:width$}  (hole)", ""),
                Row::TailPadding => writeln!(f, "{:width$}  (tail padding)", ""),
            }
        })
    }
}

/// The number of characters that a value prints, found without allocating.
fn length(value: &dyn fmt::Display) -> Result<usize, fmt::Error> {
    struct Count(usize);
    impl fmt::Write for Count {
        fn write_str(&mut self, s: &str) -> fmt::Result {
            self.0 += s.chars().count();
            Ok(())
        }
    }
    let mut count = Count(0);
    fmt::write(&mut count, format_args!("{value}"))?;
    Ok(count.0)
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

    /// `is_its_bytes` and `is_any_bytes`.
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
