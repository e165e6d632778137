//! [`Btf`]: the types of C programs, read from bytes, object files and the running kernel.
//!
//! BTF (BPF Type Format, Documentation/bpf/btf.rst in the kernel) is the compiler's description of
//! a program's types. `wire` reads its bytes, and `elf` finds them in object files. A [`Type`] is
//! looked into by its [`TypeKind`] (`types`); `spell` writes it as C does; `check` compares it with
//! the [`Layout`] of a Rust type; `rust` writes Rust types; `path` finds a part of it by name, and
//! `named` says how types are called.
//!
//! Bytes from outside are checked once, when they are read. References may still form cycles, so
//! functions that follow them count their steps.

pub(crate) mod check;
pub(crate) mod elf;
pub(crate) mod named;
pub(crate) mod path;
mod rust;
pub(crate) mod spell;
pub(crate) mod types;
pub(crate) mod wire;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

pub use crate::error::{InvalidBtf, Mismatch, Mismatches, Nearest, NotInRust};
pub use rust::RustSource;
pub use types::{Array, Composite, Enum, Int, Linkage, Member, Prototype, Section, SectionVariable, Type, TypeKind};

use crate::btf::wire::Wire;
use crate::error::BtfError;
use crate::layout::{Endianness, Layout};
use crate::value::MapValue;

/// The types of a BPF object, or of the kernel.
///
/// ```no_run
/// use mapvalue::{Btf, MapValue};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Stats {
///     packets: u64,
///     bytes: u64,
/// }
///
/// let btf = Btf::from_object(&std::fs::read("counters.bpf.o")?)?;
/// btf.check::<Stats>("stats")?; // or an error that lists all differences
/// println!("{:?}", btf.find("stats").next());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It owns a copy of the bytes that it was read from, and one word a type. A clone shares them.
#[derive(Clone)]
pub struct Btf {
    wire: Arc<Wire>,
}

/// Reading.
impl Btf {
    /// Reads the contents of a section `.BTF`, of either byte order.
    ///
    /// Hostile bytes are an error. They cause no panic, no endless loop, and no allocation of more
    /// than twice their length.
    ///
    /// ```
    /// use mapvalue::Btf;
    ///
    /// // A header: version 1, 24 bytes long, no types, and strings of one byte, the empty name.
    /// let mut bytes = vec![0x9f, 0xeb, 1, 0];
    /// bytes.extend([24u32, 0, 0, 0, 1].iter().flat_map(|word| word.to_le_bytes()));
    /// bytes.push(0);
    /// assert_eq!(Btf::parse(&bytes)?.len(), 1); // `void`
    /// assert!(Btf::parse(&bytes[..20]).is_err());
    /// # Ok::<(), mapvalue::btf::InvalidBtf>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An [`InvalidBtf`] that says what is wrong and where; [`InvalidBtf::Split`] for the BTF of a
    /// kernel module, which [`parse_split`](Self::parse_split) reads.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidBtf> {
        Ok(Self { wire: Arc::new(wire::parse(bytes, None)?) })
    }

    /// Reads split BTF, which continues the types of `base`: that of a kernel module.
    ///
    /// The types of `base` keep their numbers, and those of `bytes` follow them. `base` is shared,
    /// not copied.
    ///
    /// ```no_run
    /// use mapvalue::Btf;
    ///
    /// let kernel = Btf::from_vmlinux()?;
    /// let module = Btf::parse_split(&kernel, &std::fs::read("/sys/kernel/btf/nf_tables")?)?;
    /// assert!(module.len() >= kernel.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and [`InvalidBtf::ForeignBase`]. With another base than the one
    /// that the BTF was split from, its references lead to other types, or to none, which is an
    /// error.
    pub fn parse_split(base: &Self, bytes: &[u8]) -> Result<Self, InvalidBtf> {
        Ok(Self { wire: Arc::new(wire::parse(bytes, Some(&base.wire))?) })
    }

    /// Reads the BTF of an object file (64-bit ELF) by clang or a linker: the bytes that the loader
    /// gets.
    ///
    /// clang leaves out the offsets of the variables of `.bss`, `.data` and `.rodata`. They are
    /// taken from the symbols of the file.
    ///
    /// # Errors
    ///
    /// [`InvalidBtf::NotElf`], [`InvalidBtf::NoBtfSection`], [`InvalidBtf::Object`], and those of
    /// [`parse`](Self::parse).
    pub fn from_object(bytes: &[u8]) -> Result<Self, InvalidBtf> {
        Ok(Self { wire: Arc::new(elf::parse(bytes)?) })
    }

    /// Reads the kernel's own types (Linux 5.4 with `CONFIG_DEBUG_INFO_BTF`).
    ///
    /// ```no_run
    /// use mapvalue::Btf;
    ///
    /// let kernel = Btf::from_vmlinux()?; // milliseconds
    /// let task = kernel.find("task_struct").next().expect("every kernel has tasks");
    /// println!("{:?} bytes", task.size());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BtfError::NoVmlinux`] if the kernel does not offer them, or not to this process.
    pub fn from_vmlinux() -> Result<Self, BtfError> {
        let path = "/sys/kernel/btf/vmlinux";
        let read = std::fs::read(path).map_err(|error| BtfError::NoVmlinux { path, reason: error.to_string() });
        Ok(Self::parse(&read?)?)
    }
}

/// Looking up.
impl Btf {
    /// Whether both hold the same types, by the same ids.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.wire, &other.wire) || self.wire == other.wire
    }

    /// The number of types, `void` included. Their ids are the numbers below it.
    #[expect(clippy::len_without_is_empty, reason = "`void` is always there")]
    pub fn len(&self) -> u32 {
        self.wire.count()
    }

    /// The byte order in which it was stored, that of the machine that the program was compiled
    /// for: [`Endianness::Little`] for clang's `bpfel`.
    pub fn endianness(&self) -> Endianness {
        self.wire.endianness
    }

    /// The type with this id, [`Type::id`]; `None` from [`len`](Self::len) on.
    pub fn get(&self, id: u32) -> Option<Type<'_>> {
        (id < self.len()).then(|| Type::new(&self.wire, id))
    }

    /// All types in the order of their ids, without `void`.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
    /// use mapvalue::Btf;
    /// use mapvalue::btf::TypeKind;
    ///
    /// let btf = Btf::from_object(object)?;
    /// let sections: Vec<&str> = btf
    ///     .types()
    ///     .filter(|ty| matches!(ty.kind(), TypeKind::Section(_)))
    ///     .map(|ty| ty.name())
    ///     .collect();
    /// assert!(sections.contains(&".bss"), "{sections:?}");
    /// assert_eq!(btf.types().count(), btf.len() as usize - 1);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn types(&self) -> impl Iterator<Item = Type<'_>> + Clone {
        (1..self.len()).map(|id| Type::new(&self.wire, id))
    }

    /// Finds the types of this name, of all kinds; none for an empty name. It looks at each type.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
    /// # use mapvalue::Btf;
    /// let btf = Btf::from_object(object)?;
    /// // A struct, and a variable of that name.
    /// let found: Vec<String> = btf.find("stats").map(|ty| ty.to_string()).collect();
    /// assert!(found.contains(&"struct stats".to_owned()), "{found:?}");
    /// let named = |id| btf.get(id).is_some_and(|ty| ty.name() == "stats");
    /// assert!(btf.find("stats").all(|ty| named(ty.id())));
    /// assert_eq!(btf.find("stat").count(), 0); // whole names alone
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn find<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Type<'a>> + Clone {
        let searched = !name.is_empty() && !name.contains('\0');
        self.types().filter(move |ty| searched && ty.is_named(name))
    }

    /// Checks that `T` is laid out as the C type of this name: `stats`, `struct stats`, or a
    /// typedef.
    ///
    /// [`Layout::check`] says what is compared. If there are several types of the name (in an
    /// object that was linked from files that disagree, and in the kernel), `T` must meet them all.
    /// `struct stats` is not the typedef `stats`.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
    /// use mapvalue::{Btf, BtfError, Error, MapValue};
    ///
    /// #[derive(MapValue)]
    /// #[repr(C)]
    /// struct Proto {
    ///     packets: u64,
    ///     bytes: u64,
    /// }
    ///
    /// let btf = Btf::from_object(object)?;
    /// btf.check::<Proto>("struct proto")?;
    /// assert!(matches!(btf.check::<u64>("proto"), Err(BtfError::LayoutMismatch(_))));
    /// assert!(matches!(btf.check::<Proto>("protos"), Err(BtfError::UnknownType { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BtfError::LayoutMismatch`] lists all differences; [`BtfError::UnknownType`] if there is no
    /// type of this name, with the nearest ones.
    pub fn check<T: MapValue>(&self, name: &str) -> Result<(), BtfError> {
        self.check_layout(&T::LAYOUT, name)
    }

    fn check_layout(&self, layout: &Layout, name: &str) -> Result<(), BtfError> {
        let (keyword, bare) = named::split(name);
        let fits = |ty: &Type<'_>| named::has_keyword(*ty, keyword);
        // All types of the name share the steps of one: hostile BTF has many.
        let mut steps = check::steps(self.wire.words());
        let (mut definitions, mut first) = (HashSet::new(), None);
        for ty in self.find(bare).filter(fits) {
            // `typedef struct stats stats` is not a second definition.
            if definitions.insert(ty.resolved().unwrap_or(ty).id()) && first.is_none() {
                first = layout.check_within(&mut steps, ty, check::Fit::Whole).err();
            }
        }
        match first {
            Some(found) => Err(Box::new(Mismatches { definitions: definitions.len(), ..found }).into()),
            None if !definitions.is_empty() => Ok(()),
            None => Err(BtfError::UnknownType {
                name: name.to_owned(),
                nearest: Nearest::of(bare, self.types().filter(fits).map(Type::name)),
            }),
        }
    }
}

impl fmt::Debug for Btf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Btf").field("types", &self.len()).finish_non_exhaustive()
    }
}
