//! Creating the arena of an object file, for a loader that is given it.

use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
use crate::arena::open::{ARENA, NAME};
use crate::btf::{Btf, Type, TypeKind};
use crate::error::SectionError;
#[cfg(doc)]
use crate::error::{ArenaError, MapError, PlaceError};

/// For a loader that maps arenas itself
impl Arena {
    /// Creates the arena that an object file defines, with the initial values of the global
    /// variables in it (Linux 6.9): for libbpf, which would map it where this crate cannot.
    ///
    /// Its pages, flags, address (`map_extra`) and name are those of the definition in `.maps`.
    /// Give [`fd`](Self::fd) to the open object (`OpenMapMut::reuse_fd` of libbpf-rs) before it is
    /// loaded. libbpf then maps nothing and stores nothing: the arena is this handle's, and
    /// [`store_globals`](Self::store_globals) has stored the variables. (A skeleton's pointer to
    /// them leads elsewhere then: use [`globals`](Self::globals).)
    ///
    /// ```no_run
    /// # use mapvalue::{Arena, Btf};
    /// # use std::os::fd::{BorrowedFd, OwnedFd};
    /// # fn load(object: &[u8], libbpf: fn(BorrowedFd<'_>) -> OwnedFd)
    /// # -> Result<(), mapvalue::Error> {
    /// let arena = Arena::for_object(object)?;
    /// let program = libbpf(arena.fd().expect("a kernel map")); // `reuse_fd`, and load
    /// let globals = arena.globals(&Btf::from_object(object)?, &program)?;
    /// println!("{}", globals.var::<u64>("packets")?.load()); // as the C source begins it
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// aya 0.14 needs none of this: it does not map arenas ([`from_map`](Self::from_map)), and
    /// loads no object with variables in one.
    ///
    /// # Errors
    ///
    /// [`SectionError::NoArenaMap`] unless the object defines exactly one arena, as libbpf demands;
    /// those of [`create`](Self::create), or [`create_at`](Self::create_at), and
    /// [`store_globals`](Self::store_globals). Where the definition leaves the pages to the agent,
    /// that is [`MapError::Empty`]: call those two.
    pub fn for_object(object: &[u8]) -> Result<Self, SectionError> {
        let btf = Btf::from_object(object)?;
        let arenas: Vec<_> = btf.find(".maps").flat_map(definitions).filter(|map| map.kind == ARENA.0.into()).collect();
        let [map] = &arenas[..] else { return Err(SectionError::NoArenaMap { found: arenas.len() }) };
        let arena = Self::create_named(map.start, map.pages, ArenaFlags::from_bits(map.flags), map.name())?;
        arena.store_globals(object)?;
        Ok(arena)
    }
}

/// A map as an object file defines it, with the numbers that an arena needs.
#[derive(Default)]
struct Definition<'a> {
    name: &'a str,
    kind: u64,
    pages: u64,
    flags: u32,
    /// `map_extra`: the address, if it has one.
    start: Option<u64>,
}

impl Definition<'_> {
    /// Returns the name as the kernel has it: cut to 15 bytes.
    fn name(&self) -> [u8; 16] {
        let mut name = [0; 16];
        name[..15].iter_mut().zip(self.name.bytes()).for_each(|(byte, of_name)| *byte = of_name);
        if name[0] == 0 { NAME } else { name }
    }
}

/// Returns the definitions of maps in a section `.maps`.
fn definitions(section: Type<'_>) -> impl Iterator<Item = Definition<'_>> {
    let variables = match section.kind() {
        TypeKind::Section(section) => Some(section.variables()),
        _ => None,
    };
    variables.into_iter().flatten().filter_map(|place| {
        let TypeKind::Variable { ty, .. } = place.variable.kind() else { return None };
        let TypeKind::Struct(fields) = ty.resolved()?.kind() else { return None };
        let mut map = Definition { name: place.variable.name(), ..Definition::default() };
        for field in fields.members() {
            let Some(number) = number(field.ty) else { continue };
            match field.name {
                "type" => map.kind = number,
                "max_entries" => map.pages = number,
                "map_flags" => map.flags = u32::try_from(number).unwrap_or(u32::MAX),
                "map_extra" => map.start = Some(number).filter(|start| *start != 0),
                _ => {}
            }
        }
        Some(map)
    })
}

/// Returns the number that a field of a definition stands for: the length of the array that a
/// pointer leads to (`__uint` in `bpf_helpers.h`), or the one value of an enum (`__ulong`).
fn number(ty: Type<'_>) -> Option<u64> {
    match ty.resolved()?.kind() {
        TypeKind::Pointer(target) => match target.resolved()?.kind() {
            TypeKind::Array(array) => Some(array.len.into()),
            _ => None,
        },
        TypeKind::Enum(one) => match (one.values().next(), one.values().len()) {
            // The 64 bits of the number, whatever its sign.
            (Some((_, number)), 1) => Some(u64::try_from(number & i128::from(u64::MAX)).unwrap_or(0)),
            _ => None,
        },
        _ => None,
    }
}
