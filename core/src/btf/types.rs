//! The types of a [`Btf`](super::Btf) object: each is a [`Type`], and its [`TypeKind`] shows its
//! parts.

use core::fmt;

use crate::btf::wire::{Record, Wire, kind};
use crate::layout::Endianness;

/// How many typedefs, qualifiers, arrays or nested structs in a row are followed: as many as the
/// kernel follows (`MAX_RESOLVE_DEPTH` in kernel/bpf/btf.c).
pub(crate) const MAX_DEPTH: usize = 32;

/// One type of a [`Btf`](super::Btf) object.
///
/// `Display` spells it as C does: `struct stats`, `__u64[256]`, `const char *`.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// use mapvalue::Btf;
/// use mapvalue::btf::{Type, TypeKind};
///
/// let btf = Btf::from_object(object)?;
/// let is_struct = |ty: &Type<'_>| matches!(ty.kind(), TypeKind::Struct(_));
/// let stats = btf.find("stats").find(is_struct).expect("it has `struct stats`");
/// assert_eq!((stats.name(), stats.size()), ("stats", Some(144)));
/// assert_eq!(stats.to_string(), "struct stats");
/// let TypeKind::Struct(fields) = stats.kind() else { unreachable!() };
/// let packets = fields.members().next().expect("the first field");
/// assert_eq!(packets.ty.to_string(), "__u64");
/// let behind = packets.ty.resolved().map(|ty| ty.kind());
/// assert!(matches!(behind, Some(TypeKind::Int(int)) if int.size == 8 && !int.signed));
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Type<'a> {
    wire: &'a Wire,
    id: u32,
}

/// The kind of a type, with its parts. Offsets and sizes are in bytes unless they say otherwise.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// use mapvalue::Btf;
/// use mapvalue::btf::{Linkage, Type, TypeKind};
///
/// /// How many leaves a value of a type has.
/// fn leaves(ty: Type<'_>) -> u64 {
///     match ty.kind() {
///         TypeKind::Typedef(ty)
///         | TypeKind::Const(ty)
///         | TypeKind::Volatile(ty)
///         | TypeKind::Restrict(ty)
///         | TypeKind::TypeTag(ty) => leaves(ty),
///         TypeKind::Array(array) => u64::from(array.len) * leaves(array.element),
///         TypeKind::Struct(fields) => fields.members().map(|member| leaves(member.ty)).sum(),
///         _ => 1,
///     }
/// }
///
/// let btf = Btf::from_object(object)?;
/// let histogram = btf.find("histogram").next().expect("it has that variable");
/// let TypeKind::Variable { ty, linkage: Linkage::Global } = histogram.kind() else {
///     panic!("it is a variable that all see")
/// };
/// assert_eq!((ty.to_string().as_str(), leaves(ty)), ("__u64[64]", 64));
/// let bool = btf.find("_Bool").next().expect("it has a `bool`").kind();
/// assert!(matches!(bool, TypeKind::Int(int) if int.bool && !int.signed && int.size == 1));
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the doc of a variant says what its fields are")]
#[non_exhaustive]
pub enum TypeKind<'a> {
    /// No type: that of a function without a result, and of the target of `void *`.
    Void,
    /// An integer: `int`, `char`, `_Bool`, `__int128`.
    Int(Int),
    /// A pointer to a type.
    Pointer(Type<'a>),
    /// An array.
    Array(Array<'a>),
    /// A struct.
    Struct(Composite<'a>),
    /// A union.
    Union(Composite<'a>),
    /// An enum, of either BTF kind (that for 64-bit values since Linux 6.0).
    Enum(Enum<'a>),
    /// A struct, or a `union`, that is named but not defined.
    Forward { union: bool },
    /// Another name for a type.
    Typedef(Type<'a>),
    /// A `volatile` type.
    Volatile(Type<'a>),
    /// A `const` type.
    Const(Type<'a>),
    /// A `restrict` pointer.
    Restrict(Type<'a>),
    /// A function. The type `prototype` is its [`Prototype`], and `linkage` says which files see
    /// it.
    Function { prototype: Type<'a>, linkage: Linkage },
    /// The parameters and the result of a function.
    Prototype(Prototype<'a>),
    /// A global variable of the type `ty`; `linkage` says which files see it.
    Variable { ty: Type<'a>, linkage: Linkage },
    /// A section of global variables, such as `.bss`.
    Section(Section<'a>),
    /// A floating-point number of `size` bytes.
    Float { size: u32 },
    /// A tag (`btf_decl_tag`) on the type, variable or function `target`, or on the member or
    /// parameter of it with the index `component`.
    DeclTag { target: Type<'a>, component: Option<u32> },
    /// A tag on a type (`btf_type_tag`).
    TypeTag(Type<'a>),
    /// A kind that this version of the crate does not know, `BTF_KIND_..` of this `number`, passed
    /// over by the layout that the BTF gives.
    Unknown { number: u32 },
}

/// An integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Int {
    /// Its size in bytes.
    pub size: u32,
    /// How many bits of it count.
    pub bits: u8,
    /// The first bit that counts.
    pub bit_offset: u8,
    /// Whether it is signed.
    pub signed: bool,
    /// Whether it is marked as a character. (clang marks no type so.)
    pub character: bool,
    /// Whether it is `_Bool`.
    pub bool: bool,
}

/// An array type.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Array<'a> {
    /// The type of its elements.
    pub element: Type<'a>,
    /// The type of its index.
    pub index: Type<'a>,
    /// Number of elements; 0 for a flexible array.
    pub len: u32,
}

/// A struct or union type.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// # use mapvalue::{Btf, btf::TypeKind};
/// # let btf = Btf::from_object(object)?;
/// let proto = btf.find("proto").next().expect("it has `struct proto`");
/// let TypeKind::Struct(proto) = proto.kind() else { panic!("it is a struct") };
/// let members: Vec<_> =
///     proto.members().map(|member| (member.name, member.bit_offset / 8)).collect();
/// assert_eq!((proto.size(), members), (16, vec![("packets", 0), ("bytes", 8)]));
/// assert!(proto.members().all(|member| member.bitfield.is_none()));
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Composite<'a> {
    wire: &'a Wire,
    record: Record<'a>,
}

/// A member of a struct or union.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Member<'a> {
    /// Its name; empty for an anonymous struct, union or bitfield.
    pub name: &'a str,
    /// Its type.
    pub ty: Type<'a>,
    /// Bits from the start of the struct.
    pub bit_offset: u32,
    /// Width in bits if it is a bitfield.
    pub bitfield: Option<u32>,
}

/// An enum type.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// # use mapvalue::{Btf, btf::TypeKind};
/// # let btf = Btf::from_object(object)?;
/// let mut kinds = btf.find("mode").map(|ty| ty.kind()); // a variable has the same name
/// let Some(TypeKind::Enum(mode)) = kinds.find(|kind| matches!(kind, TypeKind::Enum(_))) else {
///     panic!("it has `enum mode`")
/// };
/// assert_eq!((mode.size(), mode.is_signed()), (4, false));
/// assert_eq!(
///     mode.values().collect::<Vec<_>>(),
///     [("MODE_OFF", 0), ("MODE_COUNT", 1), ("MODE_DROP", 7)]
/// );
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Enum<'a> {
    wire: &'a Wire,
    record: Record<'a>,
}

/// The parameters and the result of a function.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// # use mapvalue::{Btf, btf::{TypeKind, Linkage}};
/// # let btf = Btf::from_object(object)?;
/// let function = btf.find("add_to_count").next().expect("it has that program");
/// let TypeKind::Function { prototype, linkage: Linkage::Global } = function.kind() else {
///     panic!("all see it")
/// };
/// let TypeKind::Prototype(prototype) = prototype.kind() else { unreachable!() };
/// assert_eq!(prototype.returns().to_string(), "int");
/// let params: Vec<_> = prototype.params().map(|(name, ty)| format!("{ty} {name}")).collect();
/// assert_eq!(params, ["struct __sk_buff * skb"]);
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Prototype<'a> {
    wire: &'a Wire,
    record: Record<'a>,
}

/// A section of global variables.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// # use mapvalue::{Btf, btf::TypeKind};
/// # let btf = Btf::from_object(object)?;
/// let knobs = btf.find(".data.knobs").next().expect("it has that section");
/// let TypeKind::Section(section) = knobs.kind() else { panic!("it is a section") };
/// assert_eq!(section.size(), 8);
/// let names: Vec<_> =
///     section.variables().map(|place| (place.variable.name(), place.size)).collect();
/// assert!(names.contains(&("burst", 4)) && names.contains(&("verbosity", 4)), "{names:?}");
/// assert!(section.variables().all(|place| place.offset + place.size <= section.size()));
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Section<'a> {
    wire: &'a Wire,
    record: Record<'a>,
}

/// A variable of a section.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SectionVariable<'a> {
    /// The variable: a [`TypeKind::Variable`], or in `.ksyms` also a [`TypeKind::Function`].
    pub variable: Type<'a>,
    /// Bytes from the start of the section.
    pub offset: u32,
    /// Size in bytes.
    pub size: u32,
}

/// Which files see a variable or function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Linkage {
    /// Only its own file: `static`, or hidden.
    Static,
    /// All files, and it is defined here (weak symbols included).
    Global,
    /// Defined elsewhere.
    Extern,
    /// A number that has no meaning yet.
    Other(u32),
}

impl Linkage {
    fn of(number: u32) -> Self {
        match number {
            0 => Self::Static,
            1 => Self::Global,
            2 => Self::Extern,
            other => Self::Other(other),
        }
    }
}

impl<'a> Type<'a> {
    pub(crate) fn new(wire: &'a Wire, id: u32) -> Self {
        Self { wire, id }
    }

    fn to(self, id: u32) -> Self {
        Self { id, ..self }
    }

    /// Its id in the object: 0 is `void`.
    pub fn id(self) -> u32 {
        self.id
    }

    /// Its name; empty if it has none.
    pub fn name(self) -> &'a str {
        self.wire.record(self.id).map_or("", |record| self.wire.string(record.name))
    }

    /// The number of words of all types of its object.
    pub(crate) fn words(self) -> usize {
        self.wire.words()
    }

    /// The byte order of its object.
    pub(crate) fn endianness(self) -> Endianness {
        self.wire.endianness
    }

    pub(crate) fn is_named(self, name: &str) -> bool {
        self.wire.record(self.id).is_some_and(|record| self.wire.is_string(record.name, name))
    }

    /// Its kind, with its parts.
    pub fn kind(self) -> TypeKind<'a> {
        let Some(record) = self.wire.record(self.id) else { return TypeKind::Void };
        let wire = self.wire;
        let word = |index: usize| record.rest.get(index).copied().unwrap_or(0);
        let target = self.to(record.size_or_type);
        match record.kind() {
            kind::INT => TypeKind::Int(int(record.size_or_type, word(0))),
            kind::PTR => TypeKind::Pointer(target),
            kind::ARRAY => TypeKind::Array(Array { element: self.to(word(0)), index: self.to(word(1)), len: word(2) }),
            kind::STRUCT => TypeKind::Struct(Composite { wire, record }),
            kind::UNION => TypeKind::Union(Composite { wire, record }),
            kind::ENUM | kind::ENUM64 => TypeKind::Enum(Enum { wire, record }),
            kind::FWD => TypeKind::Forward { union: record.flag() },
            kind::TYPEDEF => TypeKind::Typedef(target),
            kind::VOLATILE => TypeKind::Volatile(target),
            kind::CONST => TypeKind::Const(target),
            kind::RESTRICT => TypeKind::Restrict(target),
            kind::FUNC => TypeKind::Function { prototype: target, linkage: Linkage::of(record.vlen()) },
            kind::FUNC_PROTO => TypeKind::Prototype(Prototype { wire, record }),
            kind::VAR => TypeKind::Variable { ty: target, linkage: Linkage::of(word(0)) },
            kind::DATASEC => TypeKind::Section(Section { wire, record }),
            kind::FLOAT => TypeKind::Float { size: record.size_or_type },
            // -1 stands for the whole type.
            kind::DECL_TAG => TypeKind::DeclTag { target, component: Some(word(0)).filter(|index| *index != u32::MAX) },
            kind::TYPE_TAG => TypeKind::TypeTag(target),
            number => TypeKind::Unknown { number },
        }
    }

    /// The type behind typedefs, qualifiers and type tags; `None` if there are more than 32 of
    /// them, as in a cycle.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
    /// # let btf = mapvalue::Btf::from_object(object)?;
    /// let ty = btf.find("__u64").next().expect("it has that typedef");
    /// assert_eq!(ty.resolved().map(|ty| ty.to_string()).as_deref(), Some("unsigned long long"));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn resolved(self) -> Option<Self> {
        let mut ty = self;
        for _ in 0..=MAX_DEPTH {
            let Some(target) = ty.kind().behind() else { return Some(ty) };
            ty = target;
        }
        None
    }

    /// Its size in bytes; `None` for a type without a size (`void`, functions, forward
    /// declarations), one that is nested more than 32 deep, and a size over `u64::MAX`.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
    /// # let btf = mapvalue::Btf::from_object(object)?;
    /// assert_eq!(btf.find("proto").next().and_then(|ty| ty.size()), Some(16));
    /// // Of a variable, its type's; a function has none.
    /// assert_eq!(btf.find("histogram").next().and_then(|ty| ty.size()), Some(64 * 8));
    /// assert_eq!(btf.find("add_to_count").next().and_then(|ty| ty.size()), None);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn size(self) -> Option<u64> {
        let (mut ty, mut elements) = (self, 1u64);
        for _ in 0..=MAX_DEPTH {
            let size = match ty.kind() {
                TypeKind::Int(int) => int.size,
                TypeKind::Pointer(_) => 8,
                TypeKind::Struct(composite) | TypeKind::Union(composite) => composite.size(),
                TypeKind::Enum(values) => values.size(),
                TypeKind::Section(section) => section.size(),
                TypeKind::Float { size } => size,
                kind => {
                    ty = match kind {
                        TypeKind::Array(array) => {
                            elements = elements.checked_mul(array.len.into())?;
                            array.element
                        }
                        TypeKind::Variable { ty, .. } => ty,
                        modifier => modifier.behind()?,
                    };
                    continue;
                }
            };
            return elements.checked_mul(size.into());
        }
        None
    }
}

impl<'a> TypeKind<'a> {
    /// The type behind a typedef, a qualifier or a type tag.
    pub(crate) fn behind(self) -> Option<Type<'a>> {
        match self {
            Self::Typedef(ty) | Self::Volatile(ty) | Self::Const(ty) | Self::Restrict(ty) | Self::TypeTag(ty) => {
                Some(ty)
            }
            _ => None,
        }
    }
}

/// Reads the encoding, the first bit and the number of bits of an integer from one word.
fn int(size: u32, word: u32) -> Int {
    let [bits, _, bit_offset, encoding] = word.to_le_bytes();
    let has = |bit: u8| encoding & bit != 0;
    Int { size, bits, bit_offset, signed: has(1), character: has(2), bool: has(4) }
}

impl<'a> Composite<'a> {
    /// Its size in bytes.
    pub fn size(self) -> u32 {
        self.record.size_or_type
    }

    /// Its members, in the order of their declaration.
    pub fn members(self) -> impl ExactSizeIterator<Item = Member<'a>> + Clone {
        let Self { wire, record } = self;
        record.rest.chunks_exact(3).map(move |member| {
            let (bit_offset, bitfield) = match (member[2], record.flag()) {
                (offset, false) => (offset, None),
                (offset, true) => (offset & 0xff_ffff, Some(offset >> 24).filter(|width| *width != 0)),
            };
            let ty = Type::new(wire, member[1]);
            Member { name: wire.string(member[0]), ty, bit_offset, bitfield: bitfield.or_else(|| narrow(ty)) }
        })
    }
}

impl<'a> Member<'a> {
    /// The struct or union without a name that it is, and whether it is a union.
    pub(crate) fn anonymous(self) -> Option<(Composite<'a>, bool)> {
        match self.ty.resolved()?.kind() {
            TypeKind::Struct(inner) if self.name.is_empty() => Some((inner, false)),
            TypeKind::Union(inner) if self.name.is_empty() => Some((inner, true)),
            _ => None,
        }
    }
}

/// The width of a bitfield in the old encoding, in which the type itself is narrower than its size.
fn narrow(ty: Type<'_>) -> Option<u32> {
    match ty.resolved()?.kind() {
        TypeKind::Int(int) if u32::from(int.bits) < int.size.saturating_mul(8) => Some(int.bits.into()),
        _ => None,
    }
}

impl<'a> Enum<'a> {
    /// Its size in bytes.
    pub fn size(self) -> u32 {
        self.record.size_or_type
    }

    /// Whether it has negative values.
    pub fn is_signed(self) -> bool {
        self.record.flag()
    }

    /// Its values by name, in the order of their declaration.
    pub fn values(self) -> impl ExactSizeIterator<Item = (&'a str, i128)> + Clone {
        let Self { wire, record } = self;
        let wide = record.kind() == kind::ENUM64;
        record.rest.chunks_exact(if wide { 3 } else { 2 }).map(move |value| {
            let number = match (wide, record.flag()) {
                (false, false) => value[1].into(),
                (false, true) => value[1].cast_signed().into(),
                (true, signed) => {
                    let number = u64::from(value[1]) | u64::from(value[2]) << 32;
                    if signed { number.cast_signed().into() } else { number.into() }
                }
            };
            (wire.string(value[0]), number)
        })
    }
}

impl<'a> Prototype<'a> {
    /// The type of its result.
    pub fn returns(self) -> Type<'a> {
        Type::new(self.wire, self.record.size_or_type)
    }

    /// The names (empty where there are none) and types of the parameters. A last one of type
    /// `void` stands for `...`.
    pub fn params(self) -> impl ExactSizeIterator<Item = (&'a str, Type<'a>)> + Clone {
        let Self { wire, record } = self;
        record.rest.chunks_exact(2).map(move |param| (wire.string(param[0]), Type::new(wire, param[1])))
    }
}

impl<'a> Section<'a> {
    /// Its size in bytes. (clang writes 0 here, and for the offsets of variables;
    /// `Btf::from_object` fills in both.)
    pub fn size(self) -> u32 {
        self.record.size_or_type
    }

    /// Its variables.
    pub fn variables(self) -> impl ExactSizeIterator<Item = SectionVariable<'a>> + Clone {
        let Self { wire, record } = self;
        record.rest.chunks_exact(3).map(move |variable| SectionVariable {
            variable: Type::new(wire, variable[0]),
            offset: variable[1],
            size: variable[2],
        })
    }
}

/// The id and the spelling.
impl fmt::Debug for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {self}", self.id)
    }
}

impl fmt::Debug for Composite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composite").field("size", &self.size()).field("members", &self.members().len()).finish()
    }
}

impl fmt::Debug for Enum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.values()).finish()
    }
}

impl fmt::Debug for Prototype<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prototype").field("params", &self.params().len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section").field("size", &self.size()).field("variables", &self.variables().len()).finish()
    }
}
