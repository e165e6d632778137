//! [`DataSection`]: the global variables of a BPF program by name.
//!
//! BTF (`btf`) gives the type and offset of a name. A [`Mapping`] gives its place, and where there
//! is no mapping, system calls move the values (`unmapped`).

pub(crate) mod any_var;
pub(crate) mod image;
pub(crate) mod mmapable;
pub(crate) mod unmapped;

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;

pub use any_var::AnyVar;
pub use mmapable::MmapableSections;

use crate::bpf::types::Types;
use crate::bpf::{self, MapInfo, MapTypes};
use crate::btf::path::find_part;
use crate::btf::{Btf, Linkage, Section, Type, TypeKind};
#[cfg(doc)]
use crate::error::{BtfError, PlaceError};
use crate::error::{MapError, MapName, Mismatches, Nearest, SectionError, SystemError};
use crate::handle::{Slice, Var};
use crate::layout::{Endianness, Layout};
use crate::mapping::Mapping;
use crate::section::unmapped::Unmapped;
use crate::value::{MapValue, ReadOnly};

/// A section of global variables: `.bss`, `.data`, `.rodata`, or one of your own
/// (`SEC(".data.config")`).
///
/// A variable is found by its name, and its C type must be laid out as the Rust type (see
/// [`Layout::check`]). A struct that was changed on one side alone is an error that names each
/// field that differs.
///
/// ```no_run
/// use mapvalue::{DataSection, MapValue, Var};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Stats {
///     packets: u64,
///     by_proto: [u64; 256],
/// }
///
/// # fn open(bss: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// let section = DataSection::from_map(&bss)?; // the descriptor of the map `.bss`
/// assert_eq!(section.name(), ".bss");
/// let stats: Var<Stats> = section.var("stats")?;
/// let tcp: Var<u64> = section.var("stats.by_proto[6]")?;
/// # Ok(())
/// # }
/// ```
///
/// Variables that only their own file sees (`static`, or hidden) are refused: their offsets in BTF
/// are not reliable.
///
/// Two names never view the same bytes at two widths, except for the members of a union: there it
/// is for the user to follow the rule of "Mixed sizes" at [`Mapping`].
#[doc(alias("skeleton", "global", "bss", "rodata"))]
#[derive(Clone, Debug)]
pub struct DataSection {
    name: String,
    map: MapName,
    btf: Btf,
    /// The id of the section's type in `btf`.
    id: u32,
    memory: Memory,
    /// Bytes from the start of the memory to the section: 0, except in an arena.
    start: usize,
}

#[derive(Clone, Debug)]
enum Memory {
    Mapped(Arc<Mapping>),
    /// The map cannot be mapped.
    Unmapped(Arc<Unmapped>),
}

/// A global variable of a section, one of [`DataSection::variables`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Variable<'a> {
    /// Its name.
    pub name: &'a str,
    /// Bytes from the start of the section.
    pub offset: usize,
    /// Its size in bytes.
    pub size: usize,
    /// Its type, which `Display` spells as C does.
    pub ty: Type<'a>,
}

/// Opening.
impl DataSection {
    /// Opens the section in a map, with the types that the kernel has for it (Linux 5.2).
    ///
    /// `map` is the descriptor of a map that a loader made for a section (libbpf calls it
    /// `PROGRAM.bss`). libbpf gives it BTF, and `BPF_F_MMAPABLE` (since libbpf 0.0.6, on Linux 5.5
    /// or newer). aya gives it neither: use [`from_map_with_btf`](Self::from_map_with_btf), or
    /// [`MmapableSections`]. A map
    /// without the flag is opened as well, and [`any_var`](Self::any_var) reaches its variables.
    ///
    /// # Errors
    ///
    /// [`BtfError::NoBtf`] or [`BtfError::Untyped`], [`SectionError::NotASection`] if the map's
    /// values are something else, [`SystemError::PermissionDenied`] without `CAP_SYS_ADMIN` (use
    /// [`from_map_with_btf`](Self::from_map_with_btf) there), [`SectionError::Size`],
    /// [`SectionError::SeveralValues`], and those of [`Mapping::from_map`] but `NotMmapable`.
    pub fn from_map(map: impl AsFd) -> Result<Self, SectionError> {
        let (map, info) = MapInfo::query_duplicate(map)?;
        let types = info.types();
        let btf = Btf::of_map(types)?;
        let value = btf.value_of(types)?;
        let TypeKind::Section(_) = value.kind() else {
            return Err(SectionError::NotASection { map: info.name, found: value.to_string() });
        };
        let (name, id) = (value.name().to_owned(), value.id());
        let memory = Memory::open(map.as_fd(), Types::Known { btf: btf.clone(), of: types })?;
        Self::new(name, btf, id, info.name, memory, 0)
    }

    /// Opens the section whose map is pinned at a path in a BPF file system (Linux 5.2).
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_pin`] and of [`from_map`](Self::from_map).
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Self, SectionError> {
        Self::from_map(bpf::open_pin(path)?)
    }

    /// Opens the section whose map has this id, [`MapInfo::id`] (Linux 5.2).
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_id`] and of [`from_map`](Self::from_map).
    pub fn from_id(id: u32) -> Result<Self, SectionError> {
        Self::from_map(bpf::open_id(id)?)
    }

    /// Opens the section `section` in a mapping, with types from elsewhere: the BTF of the object
    /// file that was loaded.
    ///
    /// A map must be exactly as long as the section. Other memory may be longer.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/counters.o"));
    /// use mapvalue::{Btf, DataSection, Mapping};
    ///
    /// // No kernel, no privilege: the same variables in memory of our own.
    /// let btf = Btf::from_object(object)?;
    /// let section = DataSection::with_btf(&Mapping::memfd(4096)?, &btf, ".bss")?;
    /// for variable in section.variables() {
    ///     println!("{:5} {:4} {} {}", variable.offset, variable.size, variable.ty, variable.name);
    /// }
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SectionError::UnknownSection`] with the nearest names, [`SectionError::OpenSection`] if
    /// the BTF is clang's own, without the file around it, [`SectionError::Size`],
    /// [`SectionError::ForeignByteOrder`].
    pub fn with_btf(mapping: &Arc<Mapping>, btf: &Btf, section: &str) -> Result<Self, SectionError> {
        Self::within(mapping, 0, btf, section)
    }

    /// Opens the section `section`, `start` bytes into a mapping.
    pub(crate) fn within(mapping: &Arc<Mapping>, start: usize, btf: &Btf, section: &str) -> Result<Self, SectionError> {
        let id = find_section(btf, section)?;
        let memory = Memory::Mapped(Arc::clone(mapping));
        Self::new(section.to_owned(), btf.clone(), id, mapping.map_name(), memory, start)
    }

    /// Opens the section `section` in a map that need not be mmapable, with types from elsewhere:
    /// such maps are made by aya.
    ///
    /// Programs have global variables since Linux 5.2. They can be mapped since 5.5; before, only
    /// [`any_var`](Self::any_var) reaches them.
    ///
    /// ```no_run
    /// use mapvalue::{Btf, DataSection};
    ///
    /// # fn open(bss: std::os::fd::OwnedFd, object: &[u8]) -> Result<(), mapvalue::Error> {
    /// let btf = Btf::from_object(object)?; // the bytes that aya was given
    /// let section = DataSection::from_map_with_btf(&bss, &btf, ".bss")?;
    /// println!("{}", section.any_var::<u64>("count")?.load()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`with_btf`](Self::with_btf) and [`from_map`](Self::from_map).
    pub fn from_map_with_btf(map: impl AsFd, btf: &Btf, section: &str) -> Result<Self, SectionError> {
        let (map, info) = MapInfo::query_duplicate(map)?;
        let id = find_section(btf, section)?;
        let types = Types::Known { btf: btf.clone(), of: MapTypes { value: id, ..info.types() } };
        Self::new(section.to_owned(), btf.clone(), id, info.name, Memory::open(map.as_fd(), types)?, 0)
    }

    fn new(name: String, btf: Btf, id: u32, map: MapName, memory: Memory, start: usize) -> Result<Self, SectionError> {
        let native = if cfg!(target_endian = "big") { Endianness::Big } else { Endianness::Little };
        if btf.endianness() != native {
            return Err(SectionError::ForeignByteOrder { found: btf.endianness() });
        }
        let this = Self { name, map, btf, id, memory, start };
        let size = this.section().map_or(0, |section| section.size() as usize);
        if size == 0 {
            return Err(SectionError::OpenSection { name: this.name });
        }
        let (len, exact) = this.memory.len();
        let len = len.saturating_sub(start);
        if size > len || exact && size < len {
            return Err(SectionError::Size { name: this.name, size, map, len });
        }
        Ok(this)
    }
}

fn find_section(btf: &Btf, name: &str) -> Result<u32, SectionError> {
    let is_section = |ty: &Type<'_>| matches!(ty.kind(), TypeKind::Section(_));
    btf.find(name).find(is_section).map(Type::id).ok_or_else(|| {
        let nearest = Nearest::of(name, btf.types().filter(is_section).map(Type::name));
        SectionError::UnknownSection { name: name.to_owned(), nearest }
    })
}

/// Returns the size of a section in bytes, which is not 0.
fn size_of(btf: &Btf, name: &str) -> Result<u32, SectionError> {
    match btf.get(find_section(btf, name)?).map(Type::kind) {
        Some(TypeKind::Section(section)) if section.size() > 0 => Ok(section.size()),
        _ => Err(SectionError::OpenSection { name: name.to_owned() }),
    }
}

impl Memory {
    /// Maps the map if that is possible.
    fn open(map: BorrowedFd<'_>, types: Types) -> Result<Self, SectionError> {
        match Mapping::open(map, |_| Ok(types)) {
            Ok(mapping) => Ok(Self::Mapped(mapping)),
            Err(MapError::NotMmapable { .. } | MapError::System(SystemError::KernelTooOld { .. })) => {
                Ok(Self::Unmapped(Arc::new(Unmapped::new(map)?)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The length in bytes, and whether the section must have exactly that length.
    fn len(&self) -> (usize, bool) {
        match self {
            Self::Mapped(mapping) => (mapping.len(), mapping.is_map()),
            Self::Unmapped(map) => (map.len(), true),
        }
    }
}

/// Accessors.
impl DataSection {
    /// Its name: `.bss`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its types.
    pub fn btf(&self) -> &Btf {
        &self.btf
    }

    /// The memory that it lies in; `None` if the map cannot be mapped.
    pub fn mapping(&self) -> Option<&Arc<Mapping>> {
        match &self.memory {
            Memory::Mapped(mapping) => Some(mapping),
            Memory::Unmapped(_) => None,
        }
    }

    /// Its variables in the order of their offsets, without those that only their own file sees.
    pub fn variables(&self) -> Vec<Variable<'_>> {
        let mut variables: Vec<Variable<'_>> = self.visible().collect();
        variables.sort_by_key(|variable| variable.offset);
        variables
    }

    fn section(&self) -> Option<Section<'_>> {
        match self.btf.get(self.id)?.kind() {
            TypeKind::Section(section) => Some(section),
            _ => None,
        }
    }
}

/// Handles to variables.
impl DataSection {
    /// Returns a handle to a variable by name, or to a part of one: `stats`, `stats.by_proto[6]`,
    /// `config.limits.max`.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
    /// use mapvalue::{Btf, DataSection, Error, Mapping, SectionError, Var};
    ///
    /// let (memory, btf) = (Mapping::memfd(4096)?, Btf::from_object(object)?);
    /// let section = DataSection::with_btf(&memory, &btf, ".bss")?;
    /// let bytes: Var<u64> = section.var("stats.by_proto[6].bytes")?;
    /// bytes.fetch_add(60);
    /// let refused = section.var::<u32>("count"); // it is a `__u64`
    /// assert!(matches!(refused, Err(SectionError::VariableLayout { .. })));
    /// assert!(matches!(section.var::<u64>("counts"), Err(SectionError::UnknownVariable { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SectionError::UnknownVariable`] with the nearest names, [`SectionError::NoSuchPart`],
    /// [`SectionError::VariableLayout`] with all differences, [`SectionError::NotMapped`] (use
    /// [`any_var`](Self::any_var)), [`PlaceError::ReadOnly`] (use [`var_ro`](Self::var_ro)).
    pub fn var<T: MapValue>(&self, path: &str) -> Result<Var<T>, SectionError> {
        Ok(self.mapped()?.var_any(self.find(path, &T::LAYOUT)?, None)?)
    }

    /// Returns a handle that only loads. The section may be read-only, as `.rodata` is, or
    /// writable.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
    /// # use mapvalue::{Btf, DataSection, Mapping, ReadOnly, Var};
    /// let (memory, btf) = (Mapping::memfd(4096)?, Btf::from_object(object)?);
    /// let section = DataSection::with_btf(&memory, &btf, ".rodata")?;
    /// let answer: Var<u64, ReadOnly> = section.var_ro("answer")?;
    /// assert_eq!(answer.load(), 0); // of a loaded program: 4242424242
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`var`](Self::var), without `ReadOnly`.
    pub fn var_ro<T: MapValue>(&self, path: &str) -> Result<Var<T, ReadOnly>, SectionError> {
        Ok(self.mapped()?.var_any(self.find(path, &T::LAYOUT)?, None)?)
    }

    /// Returns the elements of an array variable, or of an array inside one, whatever their number.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
    /// # use mapvalue::{Btf, DataSection, Mapping, Slice};
    /// let (memory, btf) = (Mapping::memfd(4096)?, Btf::from_object(object)?);
    /// let section = DataSection::with_btf(&memory, &btf, ".bss")?;
    /// let histogram: Slice<u64> = section.slice("histogram")?; // as many as C has
    /// assert_eq!((histogram.len(), section.slice_ro::<u64>("histogram")?.len()), (64, 64));
    /// assert!(section.slice::<u64>("count").is_err()); // no array
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`var`](Self::var); [`SectionError::NoSuchPart`] if it is not an array.
    pub fn slice<T: MapValue>(&self, path: &str) -> Result<Slice<T>, SectionError> {
        let (offset, len) = self.find_elements(path, &T::LAYOUT)?;
        Ok(self.mapped()?.slice_any(offset, len, None)?)
    }

    /// Returns the elements of an array, for loading only.
    ///
    /// # Errors
    ///
    /// As [`slice`](Self::slice), without `ReadOnly`.
    pub fn slice_ro<T: MapValue>(&self, path: &str) -> Result<Slice<T, ReadOnly>, SectionError> {
        let (offset, len) = self.find_elements(path, &T::LAYOUT)?;
        Ok(self.mapped()?.slice_any(offset, len, None)?)
    }

    /// Returns a variable that is reached in mapped memory or, if the map cannot be mapped, by
    /// system calls, as [`AnyVar`] shows.
    ///
    /// # Errors
    ///
    /// As [`var_ro`](Self::var_ro), without `NotMapped`.
    pub fn any_var<T: MapValue>(&self, path: &str) -> Result<AnyVar<T>, SectionError> {
        let offset = self.find(path, &T::LAYOUT)?;
        match &self.memory {
            Memory::Mapped(mapping) => Ok(AnyVar::mapped(mapping, offset)?),
            Memory::Unmapped(map) => Ok(AnyVar::unmapped(Arc::clone(map), offset)?),
        }
    }

    pub(crate) fn mapped(&self) -> Result<&Arc<Mapping>, SectionError> {
        self.mapping().ok_or(SectionError::NotMapped { map: self.map })
    }

    /// The variables that [`var`](Self::var) finds.
    fn visible(&self) -> impl Iterator<Item = Variable<'_>> {
        self.all().filter(|(linkage, _)| *linkage != Linkage::Static).map(|(_, variable)| variable)
    }

    fn all(&self) -> impl Iterator<Item = (Linkage, Variable<'_>)> {
        self.section().into_iter().flat_map(Section::variables).filter_map(|part| {
            let TypeKind::Variable { ty, linkage } = part.variable.kind() else { return None };
            let (offset, size) = (part.offset as usize, part.size as usize);
            Some((linkage, Variable { name: part.variable.name(), offset, size, ty }))
        })
    }

    /// Finds the offset in the memory of a path, whose C type must meet the layout.
    fn find(&self, path: &str, layout: &Layout) -> Result<usize, SectionError> {
        let (ty, offset) = self.follow(path)?;
        self.check(path, layout, ty)?;
        Ok(offset)
    }

    /// Finds the offset in the memory, and the length, of an array whose elements meet the layout.
    fn find_elements(&self, path: &str, layout: &Layout) -> Result<(usize, usize), SectionError> {
        let (ty, offset) = self.follow(path)?;
        let Some(TypeKind::Array(array)) = ty.resolved().map(Type::kind) else {
            let reason = format!("`{ty}` is not an array: use `var`");
            return Err(SectionError::NoSuchPart { path: path.to_owned(), reason });
        };
        self.check(path, layout, array.element)?;
        Ok((offset, array.len as usize))
    }

    fn check(&self, path: &str, layout: &Layout, ty: Type<'_>) -> Result<(), SectionError> {
        layout.check(ty).map_err(|mismatches| self.other_layout(path, Box::new(mismatches)))
    }

    pub(crate) fn other_layout(&self, path: &str, mismatches: Box<Mismatches>) -> SectionError {
        SectionError::VariableLayout { section: self.name.clone(), variable: path.to_owned(), mismatches }
    }

    /// Finds the type at a path, and its offset in the memory.
    pub(crate) fn follow(&self, path: &str) -> Result<(Type<'_>, usize), SectionError> {
        // clang names the `static` variable of a function with a dot, `function.variable`.
        let is_name =
            |name: &&str| path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        let known = self.all().map(|(_, variable)| variable.name).filter(is_name).max_by_key(|name| name.len());
        let end = known.map_or_else(|| path.find(['.', '[']).unwrap_or(path.len()), str::len);
        let (name, rest) = path.split_at(end);
        let Some(variable) = self.visible().find(|variable| variable.name == name) else {
            return Err(SectionError::UnknownVariable {
                section: self.name.clone(),
                name: name.to_owned(),
                hidden: self.all().any(|(_, variable)| variable.name == name),
                nearest: Nearest::of(name, self.all().map(|(_, variable)| variable.name).filter(|near| *near != name)),
            });
        };
        let (ty, inside) = find_part(variable.ty, rest, path)?;
        // An offset beyond the address space is beyond the mapping too, which reports it.
        let inside = usize::try_from(inside).unwrap_or(usize::MAX);
        Ok((ty, self.start.saturating_add(variable.offset).saturating_add(inside)))
    }
}
