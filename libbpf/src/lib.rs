#![doc = include_str!("../README.md")]

use std::os::fd::AsFd;
use std::ptr;
use std::sync::Arc;

use libbpf_rs::{AsRawLibbpf, MapCore, MapType, Object};
use mapvalue::{Arena, ArenaError, Error, SectionError};

/// What keeps a loaded object from being closed: `Arc<Object>`, or a `&'static Object` (of a leaked
/// skeleton, `skel.object()`).
///
/// Only these two types implement it. Each leads to the same object for its whole life, and nobody
/// can close or change the object meanwhile.
pub trait Owner: Clone + Send + sealed::Sealed + 'static {
    /// Returns the object.
    fn object(&self) -> &Object;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for std::sync::Arc<libbpf_rs::Object> {}
    impl Sealed for &'static libbpf_rs::Object {}
}

impl Owner for Arc<Object> {
    fn object(&self) -> &Object {
        self
    }
}

impl Owner for &'static Object {
    fn object(&self) -> &Object {
        self
    }
}

/// Returns the arena of a loaded object, as libbpf mapped it (Linux 6.9).
///
/// The arena keeps the object until the last handle to it, or into it, is dropped. Then libbpf
/// closes the object and unmaps the arena. Links of the object's programs are not part of it.
///
/// # Errors
///
/// [`SectionError::NoArenaMap`] unless the object has exactly one arena. Those of
/// [`Arena::adopt_map_with`]: [`ArenaError::NotArenaMemory`] if libbpf did not map the arena, since
/// it was given one (`reuse_fd`; use that [`Arena`]), or if /proc is not mounted.
pub fn arena(owner: &impl Owner) -> Result<Arena, Error> {
    let arenas: Vec<_> = owner.object().maps().filter(|map| map.map_type() == MapType::Arena).collect();
    let [map] = &arenas[..] else { return Err(SectionError::NoArenaMap { found: arenas.len() }.into()) };
    let mut size = 0usize;
    // SAFETY: `map` borrows one of the object's maps, and the call writes a `size_t`.
    let base = unsafe {
        libbpf_rs::libbpf_sys::bpf_map__initial_value(map.as_libbpf_object().as_ptr(), ptr::from_mut(&mut size).cast())
    };
    // SAFETY: of a loaded object (and an `Object` is loaded), `base` is what `mmap` of this map's
    // descriptor returned to libbpf (`bpf_object__create_maps`), or null, or a block of the heap:
    // libbpf's copy of the variables, if the descriptor was reused. The latter is never a mapping
    // of a BPF map. libbpf unmaps it in `bpf_object__close` alone, which libbpf-rs calls when the
    // `Object` is dropped. The clone of the owner keeps it from that: the types of `Owner` give out
    // `&Object` only, and whatever else takes the mapping away, or takes the pointer to it, is
    // `unsafe`. No safe method of `&Object` reaches the bytes of a loaded arena. The references of
    // a skeleton do: the README says not to use them, and libbpf-rs gives `&mut` to memory that
    // programs write.
    let arena: Result<Arena, ArenaError> = unsafe { Arena::adopt_map_with(map.as_fd(), base.cast(), owner.clone()) };
    Ok(arena?)
}
