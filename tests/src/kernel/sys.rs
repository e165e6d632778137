//! The commands of `bpf(2)` that the tests call themselves.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::c_int;

/// Commands (`enum bpf_cmd` in include/uapi/linux/bpf.h).
const MAP_CREATE: c_int = 0;
const MAP_LOOKUP_ELEM: c_int = 1;
const MAP_UPDATE_ELEM: c_int = 2;
const MAP_DELETE_ELEM: c_int = 3;
const PROG_LOAD: c_int = 5;
const MAP_GET_FD_BY_ID: c_int = 14;
const OBJ_GET_INFO_BY_FD: c_int = 15;
const BTF_GET_FD_BY_ID: c_int = 19;
const MAP_FREEZE: c_int = 22;

const PROG_TYPE_SCHED_CLS: u32 = 3;
const PROG_TYPE_SYSCALL: u32 = 31;
const F_SLEEPABLE: u32 = 1 << 4;

// Each struct is one command's part of `union bpf_attr`. The kernel takes everything after its end
// as zeros.

#[repr(C)]
pub(super) struct MapCreate {
    pub(super) map_type: u32,
    pub(super) key_size: u32,
    pub(super) value_size: u32,
    pub(super) max_entries: u32,
    pub(super) map_flags: u32,
    pub(super) inner_map_fd: u32,
    pub(super) numa_node: u32,
    pub(super) name: [u8; 16],
    /// Interface and types: these maps have none.
    pub(super) no_types: [u32; 5],
    pub(super) map_extra: u64,
}

#[repr(C)]
struct Element {
    map_fd: u32,
    key: u64,
    value: u64,
    flags: u64,
}

#[repr(C)]
struct GetFdById {
    id: u32,
    next_id: u32,
    open_flags: u32,
}

#[repr(C)]
struct ProgLoad {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    /// Level, size and address.
    log: [u64; 2],
    kern_version: u32,
    prog_flags: u32,
}

#[repr(C)]
struct GetInfo {
    fd: u32,
    len: u32,
    info: u64,
}

#[repr(C)]
struct Freeze {
    map_fd: u32,
}

/// # Safety
///
/// `A` is the `repr(C)` struct that `command` takes, and has only integers. The addresses in `attr`
/// are valid for the command's reads and writes there.
unsafe fn bpf<A>(command: c_int, mut attr: A) -> io::Result<c_int> {
    // SAFETY: the kernel reads and writes at most `size_of::<A>()` bytes of `attr`, and integers
    // have no invalid values. The caller promises the rest.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut attr, size_of::<A>()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(c_int::try_from(result).expect("an int")) }
}

/// # Safety
/// As for [`bpf`]. The command also returns a new descriptor.
unsafe fn new_fd<A>(command: c_int, attr: A) -> io::Result<OwnedFd> {
    // SAFETY: the caller promises it.
    let fd = unsafe { bpf(command, attr) }?;
    // SAFETY: the descriptor is new, so nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn number(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

pub(super) fn create_map(attr: MapCreate) -> io::Result<OwnedFd> {
    // SAFETY: the command takes a `MapCreate`, which holds no address, and returns a new
    // descriptor.
    unsafe { new_fd(MAP_CREATE, attr) }
}

/// # Safety
///
/// `map` is a map with keys of 4 bytes and values as long as `value`.
pub(super) unsafe fn lookup(map: BorrowedFd<'_>, key: u32, value: &mut [u8]) -> io::Result<()> {
    let (key, value) = ((&raw const key) as u64, value.as_mut_ptr() as u64);
    let attr = Element { map_fd: number(map), key, value, flags: 0 };
    // SAFETY: the command takes an `Element`, reads a key and writes a value, whose lengths the
    // caller promises.
    unsafe { bpf(MAP_LOOKUP_ELEM, attr) }.map(drop)
}

/// # Safety
///
/// As for [`lookup`].
pub(super) unsafe fn update(map: BorrowedFd<'_>, key: u32, value: &[u8]) -> io::Result<()> {
    let (key, value) = ((&raw const key) as u64, value.as_ptr() as u64);
    let attr = Element { map_fd: number(map), key, value, flags: 0 };
    // SAFETY: the command takes an `Element`, and reads a key and a value, whose lengths the caller
    // promises.
    unsafe { bpf(MAP_UPDATE_ELEM, attr) }.map(drop)
}

pub(super) fn delete(map: BorrowedFd<'_>, key: u32) -> io::Result<()> {
    let attr = Element { map_fd: number(map), key: (&raw const key) as u64, value: 0, flags: 0 };
    // SAFETY: the command takes an `Element`, and reads a key of 4 bytes, as all maps of these
    // tests have.
    unsafe { bpf(MAP_DELETE_ELEM, attr) }.map(drop)
}

pub(super) fn map_by_id(id: u32, open_flags: u32) -> io::Result<OwnedFd> {
    let attr = GetFdById { id, next_id: 0, open_flags };
    // SAFETY: the command takes a `GetFdById`, which holds no address, and returns a new
    // descriptor.
    unsafe { new_fd(MAP_GET_FD_BY_ID, attr) }
}

pub(super) fn btf_by_id(id: u32) -> io::Result<OwnedFd> {
    let attr = GetFdById { id, next_id: 0, open_flags: 0 };
    // SAFETY: the command takes a `GetFdById`, which holds no address, and returns a new
    // descriptor.
    unsafe { new_fd(BTF_GET_FD_BY_ID, attr) }
}

pub(super) fn freeze(map: BorrowedFd<'_>) -> io::Result<()> {
    let attr = Freeze { map_fd: number(map) };
    // SAFETY: the command takes a `Freeze`, which holds no address.
    unsafe { bpf(MAP_FREEZE, attr) }.map(drop)
}

/// Succeeds if this process may query the object behind `fd`.
pub(super) fn may_query(fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut info = [0u8; 8];
    let attr = GetInfo { fd: number(fd), len: 8, info: info.as_mut_ptr() as u64 };
    // SAFETY: the command takes a `GetInfo` and writes at most `len` bytes to `info`, which is as
    // long.
    unsafe { bpf(OBJ_GET_INFO_BY_FD, attr) }.map(drop)
}

/// Loads a classifier of these instructions.
pub(super) fn load_classifier(instructions: &[u64]) -> io::Result<OwnedFd> {
    load(PROG_TYPE_SCHED_CLS, 0, instructions)
}

/// Loads a program of these instructions that is called.
pub(super) fn load_callable(instructions: &[u64]) -> io::Result<OwnedFd> {
    load(PROG_TYPE_SYSCALL, F_SLEEPABLE, instructions)
}

fn load(prog_type: u32, prog_flags: u32, instructions: &[u64]) -> io::Result<OwnedFd> {
    let attr = ProgLoad {
        prog_type,
        insn_cnt: u32::try_from(instructions.len()).expect("a short program"),
        insns: instructions.as_ptr() as u64,
        license: c"Dual MIT/GPL".as_ptr() as u64,
        log: [0; 2],
        kern_version: 0,
        prog_flags,
    };
    // SAFETY: the command takes a `ProgLoad`, reads `insn_cnt` instructions of 8 bytes and a C
    // string, and returns a new descriptor.
    unsafe { new_fd(PROG_LOAD, attr) }
}
