//! Features of BPF that tests need (see [`feature`](crate::feature)).

use std::fs;
use std::io;

use super::map::{self, flags, map_type};
use super::{instruction, load_callable, load_classifier};
use crate::feature::{Feature, Version};

/// Arenas.
pub const ARENA: Feature = Feature { name: "arenas", since: Version(6, 9), probe: arena };
/// Atomic instructions that return the old value.
pub const FETCH: Feature =
    Feature { name: "atomic instructions that return a value", since: Version(5, 12), probe: fetch };
/// Ring buffers.
pub const RING: Feature = Feature { name: "ring buffers", since: Version(5, 8), probe: ring };
/// Programs that are called.
pub const SYSCALL: Feature = Feature { name: "programs of type syscall", since: Version(5, 14), probe: syscall };
/// Ring buffers that programs drain.
pub const USER_RING: Feature = Feature { name: "user ring buffers", since: Version(6, 1), probe: user_ring };
/// `bpf_arena_reserve_pages`.
pub const RESERVE: Feature = Feature { name: "reserved pages of arenas", since: Version(6, 17), probe: reserve };
/// `bpf_get_current_comm` in classifiers.
pub const COMM: Feature = Feature { name: "names of tasks in classifiers", since: Version(6, 16), probe: comm };

fn arena() -> io::Result<()> {
    map::create(map_type::ARENA, flags::MMAPABLE, 0, 1, "probe").map(drop)
}

fn ring() -> io::Result<()> {
    map::create(map_type::RINGBUF, 0, 0, page_size(), "probe").map(drop)
}

/// `r0 = 0; exit`
fn syscall() -> io::Result<()> {
    load_callable(&[instruction(0xb7, 0, 0, 0), instruction(0x95, 0, 0, 0)]).map(drop)
}

fn user_ring() -> io::Result<()> {
    map::create(map_type::USER_RINGBUF, 0, 0, page_size(), "probe").map(drop)
}

fn page_size() -> u32 {
    // SAFETY: it only reads its argument.
    u32::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).expect("the size of a page")
}

/// `r2 = 0; *(u64 *)(r10 - 8) = r2; r2 = lock *(u64 *)(r10 - 8) += r2; r0 = 0; exit`
fn fetch() -> io::Result<()> {
    let at = |instruction: u64| {
        // The offset, -8, is the two bytes after the code and the registers.
        let [code, registers, _, _, numbers @ ..] = instruction.to_ne_bytes();
        let [low, high] = (-8_i16).to_ne_bytes();
        let [n0, n1, n2, n3] = numbers;
        u64::from_ne_bytes([code, registers, low, high, n0, n1, n2, n3])
    };
    let zero = |register| instruction(0xb7, register, 0, 0);
    let add_and_fetch = at(instruction(0xdb, 10, 2, 1));
    load_classifier(&[zero(2), at(instruction(0x7b, 10, 2, 0)), add_and_fetch, zero(0), instruction(0x95, 0, 0, 0)])
        .map(drop)
}

/// `r1 = r10; r1 += -16; r2 = 16; call bpf_get_current_comm; r0 = 0; exit`
fn comm() -> io::Result<()> {
    let room = 16_i16;
    let to_room = instruction(0x07, 1, 0, i32::from(-room).cast_unsigned());
    let call = instruction(0x85, 0, 0, 16);
    let zero = instruction(0xb7, 0, 0, 0);
    let length = instruction(0xb7, 2, 0, u32::from(room.unsigned_abs()));
    load_classifier(&[instruction(0xbf, 1, 10, 0), to_room, length, call, zero, instruction(0x95, 0, 0, 0)]).map(drop)
}

/// The names of the kernel's functions are there for everybody to read.
fn reserve() -> io::Result<()> {
    let symbols = fs::read_to_string("/proc/kallsyms")?;
    let mut names = symbols.lines().filter_map(|line| line.split_whitespace().nth(2));
    names.any(|name| name == "bpf_arena_reserve_pages").then_some(()).ok_or(io::ErrorKind::Unsupported.into())
}
