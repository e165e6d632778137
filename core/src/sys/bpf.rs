//! `bpf(2)`, command by command.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::sys::errno;

const BPF_MAP_CREATE: libc::c_int = 0;
const BPF_MAP_LOOKUP_ELEM: libc::c_int = 1;
const BPF_MAP_UPDATE_ELEM: libc::c_int = 2;
const BPF_MAP_DELETE_ELEM: libc::c_int = 3;
const BPF_MAP_GET_NEXT_KEY: libc::c_int = 4;
const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_OBJ_PIN: libc::c_int = 6;
const BPF_OBJ_GET: libc::c_int = 7;
const BPF_PROG_TEST_RUN: libc::c_int = 10;
const BPF_MAP_GET_FD_BY_ID: libc::c_int = 14;
const BPF_OBJ_GET_INFO_BY_FD: libc::c_int = 15;
const BPF_BTF_GET_FD_BY_ID: libc::c_int = 19;
const BPF_MAP_FREEZE: libc::c_int = 22;
const BPF_MAP_LOOKUP_BATCH: libc::c_int = 24;
const BPF_MAP_UPDATE_BATCH: libc::c_int = 26;

/// `struct bpf_map_info` (include/uapi/linux/bpf.h) up to `map_extra` (Linux 5.16); an older kernel fills in less,
/// and the rest stays zero.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct BpfMapInfo {
    pub(crate) map_type: u32,
    pub(crate) id: u32,
    pub(crate) key_size: u32,
    pub(crate) value_size: u32,
    pub(crate) max_entries: u32,
    pub(crate) map_flags: u32,
    pub(crate) name: [u8; 16],
    pub(crate) ifindex: u32,
    pub(crate) btf_vmlinux_value_type_id: u32,
    pub(crate) netns_dev: u64,
    pub(crate) netns_ino: u64,
    pub(crate) btf_id: u32,
    pub(crate) btf_key_type_id: u32,
    pub(crate) btf_value_type_id: u32,
    pub(crate) btf_vmlinux_id: u32,
    pub(crate) map_extra: u64,
}

/// `struct bpf_btf_info` (include/uapi/linux/bpf.h) up to the size, which all kernels with the command fill in.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct BpfBtfInfo {
    btf: u64,
    btf_size: u32,
    id: u32,
}

/// The part of `union bpf_attr` that `BPF_MAP_GET_FD_BY_ID` and `BPF_BTF_GET_FD_BY_ID` read.
#[derive(Default)]
#[repr(C)]
struct GetFdById {
    id: u32,
    next_id: u32,
    open_flags: u32,
}

/// The part of `union bpf_attr` that `BPF_OBJ_GET_INFO_BY_FD` reads and writes.
#[repr(C)]
struct GetInfo {
    bpf_fd: u32,
    info_len: u32,
    info: u64,
}

/// The part of `union bpf_attr` that `BPF_MAP_FREEZE` reads.
#[repr(C)]
struct Freeze {
    map_fd: u32,
}

/// The part of `union bpf_attr` that `BPF_MAP_CREATE` reads, up to `map_extra` (Linux 5.16).
#[derive(Default)]
#[repr(C)]
struct MapCreate {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    inner_map_fd: u32,
    numa_node: u32,
    map_name: [u8; 16],
    map_ifindex: u32,
    btf_fd: u32,
    btf_key_type_id: u32,
    btf_value_type_id: u32,
    btf_vmlinux_value_type_id: u32,
    map_extra: u64,
}

/// The part of `union bpf_attr` that `BPF_OBJ_PIN` and `BPF_OBJ_GET` read.
#[derive(Default)]
#[repr(C)]
struct Object {
    pathname: u64,
    bpf_fd: u32,
    file_flags: u32,
}

/// The part of `union bpf_attr` that `BPF_PROG_LOAD` reads, up to the name (Linux 4.15).
#[derive(Default)]
#[repr(C)]
struct ProgLoad {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    prog_name: [u8; 16],
}

/// The part of `union bpf_attr` that `BPF_PROG_TEST_RUN` reads and writes, up to `batch_size`.
#[derive(Default)]
#[repr(C)]
struct TestRun {
    prog_fd: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    ctx_size_in: u32,
    ctx_size_out: u32,
    ctx_in: u64,
    ctx_out: u64,
    flags: u32,
    cpu: u32,
    batch_size: u32,
    // As the compiler would, so that no byte of it is uninitialised.
    padding: u32,
}

/// A descriptor as `union bpf_attr` has it.
fn number(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

/// Asks the kernel what the map behind `fd` is.
pub(crate) fn map_info(fd: BorrowedFd<'_>) -> Result<BpfMapInfo, i32> {
    let mut info = BpfMapInfo::default();
    let mut attr = GetInfo {
        bpf_fd: number(fd),
        info_len: u32::try_from(size_of::<BpfMapInfo>()).expect("a small struct"),
        info: (&raw mut info) as u64,
    };
    // SAFETY: `attr` is what the command expects, of the length that is passed with it, and both it and `info` are
    // writable and live across the call; the kernel writes at most `info_len` bytes into `info`, any bits of which
    // are valid integers.
    let result = unsafe { libc::syscall(libc::SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &raw mut attr, size_of::<GetInfo>()) };
    if result < 0 { Err(errno()) } else { Ok(info) }
}

/// The part of `union bpf_attr` that the commands on one element read.
#[derive(Default)]
#[repr(C)]
struct Element {
    map_fd: u32,
    key: u64,
    /// For `BPF_MAP_GET_NEXT_KEY`, where the key is written.
    value: u64,
    flags: u64,
}

/// Whether the kernel takes `fd` for a map: a lookup with no key gets as far as the key (EFAULT), or is refused for lack of
/// the right to read (EPERM); of anything else it answers EINVAL (`map_lookup_elem` in kernel/bpf/syscall.c).
///
/// An arena has no keys, and answers EINVAL as well. But it refuses by an error of its own (EOPNOTSUPP) to tell the first one
/// (`arena_map_get_next_key` in kernel/bpf/arena.c).
pub(crate) fn is_map(fd: BorrowedFd<'_>) -> bool {
    [BPF_MAP_LOOKUP_ELEM, BPF_MAP_GET_NEXT_KEY].into_iter().any(|command| takes_for_a_map(command, fd))
}

/// Whether the kernel answers anything but EINVAL to a command on the element without a key.
fn takes_for_a_map(command: libc::c_int, fd: BorrowedFd<'_>) -> bool {
    let mut attr = Element { map_fd: number(fd), ..Element::default() };
    // SAFETY: `attr` is what the command expects, of the length that is passed with it; key and value are null, so the kernel
    // neither reads nor writes any other memory of ours.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut attr, size_of::<Element>()) };
    result >= 0 || errno() != libc::EINVAL
}

/// Runs a command on one element.
///
/// # Safety
///
/// The addresses in `attr` are of as many bytes as the command reads and writes there.
unsafe fn on_element(command: libc::c_int, mut attr: Element) -> Result<(), i32> {
    // SAFETY: `attr` is what the command expects, of the length that is passed with it; what the addresses in it are of is the
    // caller's promise.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut attr, size_of::<Element>()) };
    if result < 0 { Err(errno()) } else { Ok(()) }
}

/// Copies the value of a key out of a map.
///
/// # Safety
///
/// `fd` is a map whose keys have the length of `key`, and of which a lookup writes at most the length of `value`.
pub(crate) unsafe fn lookup(fd: BorrowedFd<'_>, key: &[u8], value: &mut [u8]) -> Result<(), i32> {
    let (key, value) = (key.as_ptr() as u64, value.as_mut_ptr() as u64);
    // SAFETY: the kernel reads a key and writes a value; both lengths are the caller's promise.
    unsafe { on_element(BPF_MAP_LOOKUP_ELEM, Element { map_fd: number(fd), key, value, flags: 0 }) }
}

/// Sets the value of a key in a map.
///
/// # Safety
///
/// `fd` is a map whose keys have the length of `key`, and of which an update reads at most the length of `value`.
pub(crate) unsafe fn update(fd: BorrowedFd<'_>, key: &[u8], value: &[u8], flags: u64) -> Result<(), i32> {
    let (key, value) = (key.as_ptr() as u64, value.as_ptr() as u64);
    // SAFETY: the kernel reads a key and a value; both lengths are the caller's promise.
    unsafe { on_element(BPF_MAP_UPDATE_ELEM, Element { map_fd: number(fd), key, value, flags }) }
}

/// Removes a key from a map.
///
/// # Safety
///
/// `fd` is a map whose keys have the length of `key`.
pub(crate) unsafe fn delete(fd: BorrowedFd<'_>, key: &[u8]) -> Result<(), i32> {
    let attr = Element { map_fd: number(fd), key: key.as_ptr() as u64, ..Element::default() };
    // SAFETY: the kernel reads a key, whose length is the caller's promise.
    unsafe { on_element(BPF_MAP_DELETE_ELEM, attr) }
}

/// Replaces a key by the one after it; the first one if `begun` is false.
///
/// # Safety
///
/// As for [`delete`].
pub(crate) unsafe fn next_key(fd: BorrowedFd<'_>, begun: bool, key: &mut [u8]) -> Result<(), i32> {
    let next = key.as_mut_ptr() as u64;
    let attr = Element { map_fd: number(fd), key: if begun { next } else { 0 }, value: next, flags: 0 };
    // SAFETY: the kernel reads a key, unless it is null, before it writes the next one (`map_get_next_key` in
    // kernel/bpf/syscall.c); their length is the caller's promise.
    unsafe { on_element(BPF_MAP_GET_NEXT_KEY, attr) }
}

/// The part of `union bpf_attr` that the commands on many elements read and write.
#[derive(Default)]
#[repr(C)]
struct Batch {
    /// Where to begin, and where the next place is written.
    from: u64,
    next: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

/// Runs a command on many elements; how many of them it was done for, which `attr.count` tells unless the kernel refused it as a
/// whole, comes with the answer.
///
/// # Safety
///
/// As for [`on_element`].
unsafe fn on_batch(command: libc::c_int, mut attr: Batch) -> (u32, Result<(), i32>) {
    // SAFETY: `attr` is what the command expects, of the length that is passed with it, and writable; what the addresses in it are
    // of is the caller's promise.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut attr, size_of::<Batch>()) };
    (attr.count, if result < 0 { Err(errno()) } else { Ok(()) })
}

/// Copies `count` elements out of a map, from a place in it on that `cursor` tells if `begun`; how many they are, and `ENOENT` if there
/// are no more. `cursor` then tells the place after them.
///
/// # Safety
///
/// `fd` is a map; `keys` and `values` have room for `count` of its keys and values, and `cursor` for one key, and 4 bytes.
pub(crate) unsafe fn lookup_batch(
    fd: BorrowedFd<'_>,
    begun: bool,
    cursor: &mut [u8],
    keys: &mut [u8],
    values: &mut [u8],
    count: u32,
) -> (u32, Result<(), i32>) {
    let cursor = cursor.as_mut_ptr() as u64;
    let attr = Batch {
        from: if begun { cursor } else { 0 },
        next: cursor,
        keys: keys.as_mut_ptr() as u64,
        values: values.as_mut_ptr() as u64,
        count,
        map_fd: number(fd),
        ..Batch::default()
    };
    // SAFETY: the kernel writes at most `count` keys and values. It reads its place before it writes the next one: 4 bytes for the
    // hash maps, a key for all others (`__htab_map_lookup_and_delete_batch` and `generic_map_lookup_batch` in kernel/bpf). All
    // these lengths are the caller's promise.
    unsafe { on_batch(BPF_MAP_LOOKUP_BATCH, attr) }
}

/// Sets the values of `count` keys, one after the other; how many were set.
///
/// # Safety
///
/// `fd` is a map; `keys` and `values` are `count` of its keys and values.
pub(crate) unsafe fn update_batch(
    fd: BorrowedFd<'_>,
    keys: &[u8],
    values: &[u8],
    count: u32,
) -> (u32, Result<(), i32>) {
    let (keys, values) = (keys.as_ptr() as u64, values.as_ptr() as u64);
    let attr = Batch { keys, values, count, map_fd: number(fd), ..Batch::default() };
    // SAFETY: the kernel reads `count` keys and values, whose lengths are the caller's promise.
    unsafe { on_batch(BPF_MAP_UPDATE_BATCH, attr) }
}

/// Opens a map by its number.
pub(crate) fn map_by_id(id: u32) -> Result<OwnedFd, i32> {
    let mut attr = GetFdById { id, ..GetFdById::default() };
    // SAFETY: `attr` is what the command expects, of the length that is passed with it; the kernel only reads it.
    owned(unsafe { libc::syscall(libc::SYS_bpf, BPF_MAP_GET_FD_BY_ID, &raw mut attr, size_of::<GetFdById>()) })
}

/// Opens a BTF object by its number.
pub(crate) fn btf_by_id(id: u32) -> Result<OwnedFd, i32> {
    let mut attr = GetFdById { id, ..GetFdById::default() };
    // SAFETY: `attr` is what the command expects, of the length that is passed with it; the kernel only reads it.
    owned(unsafe { libc::syscall(libc::SYS_bpf, BPF_BTF_GET_FD_BY_ID, &raw mut attr, size_of::<GetFdById>()) })
}

/// What a BTF object holds.
pub(crate) fn btf_bytes(fd: BorrowedFd<'_>) -> Result<Vec<u8>, i32> {
    // Without room for the bytes, the kernel only says how many there are.
    let size = btf_info(fd, &mut [])?;
    let mut bytes = vec![0; size as usize];
    let written = btf_info(fd, &mut bytes)?;
    bytes.truncate(written as usize);
    Ok(bytes)
}

/// Copies as much of a BTF object into `bytes` as they have room for, and returns its size.
fn btf_info(fd: BorrowedFd<'_>, bytes: &mut [u8]) -> Result<u32, i32> {
    let btf_size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut info = BpfBtfInfo { btf: bytes.as_mut_ptr() as u64, btf_size, id: 0 };
    let mut attr = GetInfo {
        bpf_fd: number(fd),
        info_len: u32::try_from(size_of::<BpfBtfInfo>()).expect("a small struct"),
        info: (&raw mut info) as u64,
    };
    // SAFETY: `attr` is what the command expects, of the length that is passed with it, and both it and `info` are writable and
    // live across the call; the kernel writes at most `info_len` bytes to `info`, and at most `btf_size` bytes to where
    // `btf` points, which is as many as `bytes` has.
    let result = unsafe { libc::syscall(libc::SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &raw mut attr, size_of::<GetInfo>()) };
    if result < 0 { Err(errno()) } else { Ok(info.btf_size) }
}

/// What `bpf(2)` returned as a descriptor.
fn owned(result: libc::c_long) -> Result<OwnedFd, i32> {
    match i32::try_from(result) {
        // SAFETY: the commands that this is called for return a descriptor that was just made, and nobody else owns it.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(errno()),
    }
}

/// Creates a map without keys and values: an arena.
pub(crate) fn create_map(
    map_type: u32,
    map_flags: u32,
    max_entries: u32,
    map_extra: u64,
    map_name: [u8; 16],
) -> Result<OwnedFd, i32> {
    let mut attr = MapCreate { map_type, max_entries, map_flags, map_name, map_extra, ..MapCreate::default() };
    // SAFETY: `attr` is what the command expects, of the length that is passed with it; the kernel only reads it.
    owned(unsafe { libc::syscall(libc::SYS_bpf, BPF_MAP_CREATE, &raw mut attr, size_of::<MapCreate>()) })
}

/// Gives a BPF object a name in a BPF file system, which keeps it.
pub(crate) fn pin(fd: BorrowedFd<'_>, path: &CStr) -> Result<(), i32> {
    let mut attr = Object { pathname: path.as_ptr() as u64, bpf_fd: number(fd), file_flags: 0 };
    // SAFETY: `attr` is what the command expects, of the length that is passed with it, and the path in it is a C string; the
    // kernel only reads both.
    let result = unsafe { libc::syscall(libc::SYS_bpf, BPF_OBJ_PIN, &raw mut attr, size_of::<Object>()) };
    if result < 0 { Err(errno()) } else { Ok(()) }
}

/// Opens a BPF object by its name in a BPF file system.
pub(crate) fn open_pin(path: &CStr) -> Result<OwnedFd, i32> {
    let mut attr = Object { pathname: path.as_ptr() as u64, ..Object::default() };
    // SAFETY: as in `pin`.
    owned(unsafe { libc::syscall(libc::SYS_bpf, BPF_OBJ_GET, &raw mut attr, size_of::<Object>()) })
}

/// Loads a program of type `BPF_PROG_TYPE_SYSCALL`, which may sleep. If `log` has room, what the verifier says is written there.
pub(crate) fn load_syscall_program(instructions: &[u64], name: [u8; 16], log: &mut [u8]) -> Result<OwnedFd, i32> {
    const BPF_PROG_TYPE_SYSCALL: u32 = 31;
    const BPF_F_SLEEPABLE: u32 = 1 << 4;
    let len = |len: usize| u32::try_from(len).map_err(|_| libc::E2BIG);
    let mut attr = ProgLoad {
        prog_type: BPF_PROG_TYPE_SYSCALL,
        insn_cnt: len(instructions.len())?,
        insns: instructions.as_ptr() as u64,
        // What a program must be under to call functions of the kernel. (Ours are under either license.)
        license: c"Dual MIT/GPL".as_ptr() as u64,
        // Without a buffer, the kernel wants to hear of no log at all.
        log_level: u32::from(!log.is_empty()),
        log_size: len(log.len())?,
        log_buf: if log.is_empty() { 0 } else { log.as_mut_ptr() as u64 },
        prog_flags: BPF_F_SLEEPABLE,
        prog_name: name,
        ..ProgLoad::default()
    };
    // SAFETY: `attr` is what the command expects, of the length that is passed with it; the addresses in it are of as many
    // instructions of 8 bytes as it says, of a C string, and of a writable buffer of the length that it says, and all live across
    // the call.
    owned(unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_LOAD, &raw mut attr, size_of::<ProgLoad>()) })
}

/// Runs a program of type `BPF_PROG_TYPE_SYSCALL` on `context`, which it reads and writes; what it returns.
pub(crate) fn run_syscall_program(program: BorrowedFd<'_>, context: &mut [u64]) -> Result<u32, i32> {
    let mut attr = TestRun {
        prog_fd: number(program),
        ctx_size_in: u32::try_from(size_of_val(context)).map_err(|_| libc::E2BIG)?,
        ctx_in: context.as_mut_ptr() as u64,
        ..TestRun::default()
    };
    // SAFETY: `attr` is what the command expects, of the length that is passed with it; the kernel reads as many bytes at `ctx_in` as
    // `ctx_size_in` says, and writes them back after the run (`bpf_prog_test_run_syscall` in net/bpf/test_run.c); `context` has
    // them, and is ours alone for the time.
    let result = unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_TEST_RUN, &raw mut attr, size_of::<TestRun>()) };
    if result < 0 { Err(errno()) } else { Ok(attr.retval) }
}

pub(crate) fn freeze(fd: BorrowedFd<'_>) -> Result<(), i32> {
    let mut attr = Freeze { map_fd: number(fd) };
    // SAFETY: `attr` is what the command expects, of the length that is passed with it; the kernel only reads it.
    let result = unsafe { libc::syscall(libc::SYS_bpf, BPF_MAP_FREEZE, &raw mut attr, size_of::<Freeze>()) };
    if result < 0 { Err(errno()) } else { Ok(()) }
}
