//! `bpf(2)`, command by command. Each failure is the kernel's `errno`.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;

use zerocopy::IntoBytes;

use crate::sys::{answer, opened};

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
const BPF_MAP_LOOKUP_AND_DELETE_ELEM: libc::c_int = 21;
const BPF_MAP_FREEZE: libc::c_int = 22;
const BPF_MAP_LOOKUP_BATCH: libc::c_int = 24;
const BPF_MAP_LOOKUP_AND_DELETE_BATCH: libc::c_int = 25;
const BPF_MAP_UPDATE_BATCH: libc::c_int = 26;
const BPF_PROG_BIND_MAP: libc::c_int = 35;

/// `struct bpf_map_info` (include/uapi/linux/bpf.h) up to `map_extra` (Linux 5.16). Older kernels
/// fill in less, and the rest stays zero.
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

/// `struct bpf_btf_info` (include/uapi/linux/bpf.h), as far as every kernel fills it in.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct BpfBtfInfo {
    btf: u64,
    btf_size: u32,
    id: u32,
}

/// `struct bpf_prog_info` (include/uapi/linux/bpf.h) up to the program's instructions.
#[derive(Default)]
#[repr(C)]
struct BpfProgInfo {
    prog_type: u32,
    id: u32,
    tag: u64,
    jited_prog_len: u32,
    xlated_prog_len: u32,
    jited_prog_insns: u64,
    xlated_prog_insns: u64,
}

/// The part of `union bpf_attr` that `BPF_OBJ_GET_INFO_BY_FD` reads and writes.
#[repr(C)]
struct GetInfo {
    bpf_fd: u32,
    info_len: u32,
    info: u64,
}

/// The part of `union bpf_attr` that `BPF_MAP_CREATE` reads, to `map_extra` (Linux 5.16).
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

/// The part of `union bpf_attr` that `BPF_PROG_TEST_RUN` uses, up to the context.
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
}

/// The part of `union bpf_attr` that the commands on one element read.
#[derive(Default)]
#[repr(C)]
struct Element {
    map_fd: u32,
    key: u64,
    /// `BPF_MAP_GET_NEXT_KEY` writes the next key here.
    value: u64,
    flags: u64,
}

/// The part of `union bpf_attr` that the commands on many elements read and write.
#[derive(Default)]
#[repr(C)]
struct Elements {
    /// The place to begin at; the next place is written to `next`.
    from: u64,
    next: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
}

/// Makes the system call.
///
/// # Safety
///
/// `attr` is the part of `union bpf_attr` that `command` reads and writes. Each address in it is
/// valid for the bytes that the command reads or writes there, and nothing else uses those it
/// writes.
unsafe fn bpf<T>(command: libc::c_int, attr: &mut T) -> Result<i64, i32> {
    // SAFETY: `attr` is writable for the whole call, and `size_of::<T>()` bytes long, which is the
    // length that the kernel is given. The rest is the caller's promise.
    answer(unsafe { libc::syscall(libc::SYS_bpf, command, ptr::from_mut(attr), size_of::<T>()) })
}

/// Makes the system call, by a command that returns a descriptor.
///
/// # Safety
///
/// As for [`bpf`]; and `command` returns a new descriptor.
unsafe fn bpf_fd<T>(command: libc::c_int, attr: &mut T) -> Result<OwnedFd, i32> {
    // SAFETY: the caller's promise.
    let fd = unsafe { bpf(command, attr) }?;
    // SAFETY: the kernel has just made this descriptor (the caller's promise).
    unsafe { opened(fd) }
}

/// Returns a descriptor as `union bpf_attr` holds it.
fn number(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

/// Returns the address of a key: null if the map has no keys, as the kernel demands.
fn address(key: &[u8]) -> u64 {
    if key.is_empty() { 0 } else { key.as_ptr() as u64 }
}

/// Reads the kernel's description of the object behind `fd`.
///
/// # Safety
///
/// The fields of `T` are integers: any bytes are a value. `T` is a beginning of the kernel's struct
/// for the kind of the object, with addresses that are valid for as many bytes as the length beside
/// each says; or all its bytes are 0.
unsafe fn get_info<T>(fd: BorrowedFd<'_>, info: &mut T) -> Result<(), i32> {
    let info_len = u32::try_from(size_of::<T>()).expect("the structs here are small");
    let mut attr = GetInfo { bpf_fd: number(fd), info_len, info: ptr::from_mut(info) as u64 };
    // SAFETY: the kernel writes at most `info_len` bytes to `info`, which is that long and borrowed
    // by nobody else. The rest is the caller's promise.
    unsafe { bpf(BPF_OBJ_GET_INFO_BY_FD, &mut attr) }.map(drop)
}

/// Reads the kernel's description of the map behind `fd`.
pub(crate) fn map_info(fd: BorrowedFd<'_>) -> Result<BpfMapInfo, i32> {
    let mut info = BpfMapInfo::default();
    // SAFETY: the fields are integers, all 0.
    unsafe { get_info(fd, &mut info) }.map(|()| info)
}

/// Returns whether `fd` is a map, as the kernel sees it.
///
/// A lookup without a key fails at the key (EFAULT), or for lack of the right to read (EPERM). If
/// the descriptor is not a map, it fails with EINVAL (`map_lookup_elem` in kernel/bpf/syscall.c).
///
/// An arena has no keys, and fails with EINVAL as well. But asked for its first key, it fails with
/// EOPNOTSUPP (`arena_map_get_next_key` in kernel/bpf/arena.c).
pub(crate) fn is_map(fd: BorrowedFd<'_>) -> bool {
    [BPF_MAP_LOOKUP_ELEM, BPF_MAP_GET_NEXT_KEY].into_iter().any(|command| {
        let mut attr = Element { map_fd: number(fd), ..Element::default() };
        // SAFETY: key and value are null, so the kernel touches no other memory of this process.
        let answer = unsafe { bpf(command, &mut attr) };
        answer != Err(libc::EINVAL)
    })
}

/// Copies the value of a key out of a map, and removes the key if `take` is true.
///
/// # Safety
///
/// `fd` is a map whose keys have the length of `key`, and whose lookup writes at most the length of
/// `value`.
pub(crate) unsafe fn lookup(fd: BorrowedFd<'_>, take: bool, key: &[u8], value: &mut [u8]) -> Result<(), i32> {
    let (key, value) = (address(key), value.as_mut_ptr() as u64);
    let mut attr = Element { map_fd: number(fd), key, value, flags: 0 };
    let command = if take { BPF_MAP_LOOKUP_AND_DELETE_ELEM } else { BPF_MAP_LOOKUP_ELEM };
    // SAFETY: the kernel reads a key and writes a value (of a bloom filter, reads it), with either
    // command the same bytes (`bpf_map_value_size`). Both lengths are the caller's promise.
    unsafe { bpf(command, &mut attr) }.map(drop)
}

/// Sets the value of a key in a map.
///
/// # Safety
///
/// `fd` is a map whose keys have the length of `key`, and whose update reads at most the length of
/// `value`.
pub(crate) unsafe fn update(fd: BorrowedFd<'_>, key: &[u8], value: &[u8], flags: u64) -> Result<(), i32> {
    let (key, value) = (address(key), value.as_ptr() as u64);
    let mut attr = Element { map_fd: number(fd), key, value, flags };
    // SAFETY: the kernel reads a key and a value. Both lengths are the caller's promise.
    unsafe { bpf(BPF_MAP_UPDATE_ELEM, &mut attr) }.map(drop)
}

/// Removes a key from a map.
///
/// # Safety
///
/// `fd` is a map whose keys have the length of `key`.
pub(crate) unsafe fn delete(fd: BorrowedFd<'_>, key: &[u8]) -> Result<(), i32> {
    let mut attr = Element { map_fd: number(fd), key: key.as_ptr() as u64, ..Element::default() };
    // SAFETY: the kernel reads a key, whose length is the caller's promise.
    unsafe { bpf(BPF_MAP_DELETE_ELEM, &mut attr) }.map(drop)
}

/// Replaces a key by the one after it, or by the first one if `begun` is false.
///
/// # Safety
///
/// As for [`delete`].
pub(crate) unsafe fn next_key(fd: BorrowedFd<'_>, begun: bool, key: &mut [u8]) -> Result<(), i32> {
    let next = key.as_mut_ptr() as u64;
    let mut attr = Element { map_fd: number(fd), key: if begun { next } else { 0 }, value: next, flags: 0 };
    // SAFETY: the kernel reads a key, unless it is null, before it writes the next one
    // (`map_get_next_key` in kernel/bpf/syscall.c). Their length is the caller's promise.
    unsafe { bpf(BPF_MAP_GET_NEXT_KEY, &mut attr) }.map(drop)
}

/// Copies up to `count` elements out of a map, and returns how many it copied. It removes them if
/// `take` is true.
///
/// It begins at the place in `cursor`, or with the first element if `begun` is false. It leaves in
/// `cursor` the place after the last element copied. ENOENT means that there are no more elements.
///
/// # Safety
///
/// `fd` is a map; `keys` and `values` have room for `count` of its keys and values, and `cursor`
/// for one key and for 4 bytes.
pub(crate) unsafe fn lookup_batch(
    fd: BorrowedFd<'_>,
    take: bool,
    begun: bool,
    cursor: &mut [u8],
    keys: &mut [u8],
    values: &mut [u8],
    count: u32,
) -> (u32, Result<(), i32>) {
    let next = cursor.as_mut_ptr() as u64;
    let mut attr = Elements {
        from: if begun { next } else { 0 },
        next,
        keys: keys.as_mut_ptr() as u64,
        values: values.as_mut_ptr() as u64,
        count,
        map_fd: number(fd),
    };
    // SAFETY: the kernel writes at most `count` keys and values. It reads its place before it
    // writes the next one: 4 bytes for the hash maps, a key for all others
    // (`__htab_map_lookup_and_delete_batch` and `generic_map_lookup_batch` in kernel/bpf). All
    // these lengths are the caller's promise.
    let result = unsafe { bpf(if take { BPF_MAP_LOOKUP_AND_DELETE_BATCH } else { BPF_MAP_LOOKUP_BATCH }, &mut attr) };
    (attr.count, result.map(drop))
}

/// Sets the values of `count` keys, one after the other, and returns how many it set.
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
    let mut attr = Elements { keys, values, count, map_fd: number(fd), ..Elements::default() };
    // SAFETY: the kernel reads `count` keys and values, whose lengths are the caller's promise.
    let result = unsafe { bpf(BPF_MAP_UPDATE_BATCH, &mut attr) };
    (attr.count, result.map(drop))
}

/// Opens a map by its id.
pub(crate) fn map_by_id(id: u32) -> Result<OwnedFd, i32> {
    // SAFETY: the attribute is the id, and the command returns a new descriptor.
    unsafe { bpf_fd(BPF_MAP_GET_FD_BY_ID, &mut { id }) }
}

/// Opens a BTF object by its id.
pub(crate) fn btf_by_id(id: u32) -> Result<OwnedFd, i32> {
    // SAFETY: the attribute is the id, and the command returns a new descriptor.
    unsafe { bpf_fd(BPF_BTF_GET_FD_BY_ID, &mut { id }) }
}

/// Copies out the bytes of a BTF object.
pub(crate) fn btf_bytes(fd: BorrowedFd<'_>) -> Result<Vec<u8>, i32> {
    // Without room for the bytes, the kernel only returns their number.
    let mut bytes = vec![0; btf_info(fd, &mut [])? as usize];
    let written = btf_info(fd, &mut bytes)?;
    bytes.truncate(written as usize);
    Ok(bytes)
}

/// Fills `bytes` with as much of a BTF object as fits, and returns the object's size.
fn btf_info(fd: BorrowedFd<'_>, bytes: &mut [u8]) -> Result<u32, i32> {
    let btf_size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut info = BpfBtfInfo { btf: bytes.as_mut_ptr() as u64, btf_size, id: 0 };
    // SAFETY: the fields are integers, and `btf_size` is not more than `bytes` has at `btf`. The
    // caller has opened a BTF object.
    unsafe { get_info(fd, &mut info) }.map(|()| info.btf_size)
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
    // SAFETY: the attribute holds no address, and the command returns a new descriptor.
    unsafe { bpf_fd(BPF_MAP_CREATE, &mut attr) }
}

/// Creates an array map of one value, as loaders do for a section of globals.
pub(crate) fn create_section(value_size: u32, map_flags: u32, map_name: [u8; 16]) -> Result<OwnedFd, i32> {
    const BPF_MAP_TYPE_ARRAY: u32 = 2;
    let (map_type, key_size) = (BPF_MAP_TYPE_ARRAY, 4);
    let mut attr =
        MapCreate { map_type, key_size, value_size, max_entries: 1, map_flags, map_name, ..MapCreate::default() };
    // SAFETY: the attribute holds no address, and the command returns a new descriptor.
    unsafe { bpf_fd(BPF_MAP_CREATE, &mut attr) }
}

/// Makes a BPF file system that only its descriptor leads to (Linux 5.2). It is nowhere in the tree
/// of files, and ends with the descriptor and with what is open in it.
pub(crate) fn private_file_system() -> Result<OwnedFd, i32> {
    const CLOSE_ON_EXEC: libc::c_int = 1; // FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC
    const CREATE: libc::c_int = 6; // FSCONFIG_CMD_CREATE
    // SAFETY: the kernel reads the name, which is a C string.
    let context = unsafe { libc::syscall(libc::SYS_fsopen, c"bpf".as_ptr(), CLOSE_ON_EXEC) };
    // SAFETY: the call returned a new descriptor.
    let context = unsafe { opened(context) }?;
    let (fd, none) = (context.as_raw_fd(), ptr::null::<libc::c_void>());
    // SAFETY: this command takes neither a key nor a value.
    answer(unsafe { libc::syscall(libc::SYS_fsconfig, fd, CREATE, none, none, 0) })?;
    // SAFETY: the arguments are integers.
    let root = unsafe { libc::syscall(libc::SYS_fsmount, fd, CLOSE_ON_EXEC, 0) };
    // SAFETY: the call returned a new descriptor.
    unsafe { opened(root) }
}

/// Pins a BPF object: gives it a name in a BPF file system, which keeps it alive.
pub(crate) fn pin(fd: BorrowedFd<'_>, path: &CStr) -> Result<(), i32> {
    let mut attr = Object { pathname: path.as_ptr() as u64, bpf_fd: number(fd), file_flags: 0 };
    // SAFETY: the kernel reads the path, which is a C string.
    unsafe { bpf(BPF_OBJ_PIN, &mut attr) }.map(drop)
}

/// Opens a BPF object by its name in a BPF file system.
pub(crate) fn open_pin(path: &CStr) -> Result<OwnedFd, i32> {
    let mut attr = Object { pathname: path.as_ptr() as u64, bpf_fd: 0, file_flags: 0 };
    // SAFETY: the kernel reads the path, which is a C string. The command returns a new descriptor.
    unsafe { bpf_fd(BPF_OBJ_GET, &mut attr) }
}

/// Loads a program of type `BPF_PROG_TYPE_SYSCALL`, which may sleep.
///
/// The verifier's log is written to `log`, unless that is empty.
pub(crate) fn load_syscall_program(instructions: &[u64], name: [u8; 16], log: &mut [u8]) -> Result<OwnedFd, i32> {
    const BPF_PROG_TYPE_SYSCALL: u32 = 31;
    const BPF_F_SLEEPABLE: u32 = 1 << 4;
    let len = |len: usize| u32::try_from(len).map_err(|_| libc::E2BIG);
    let mut attr = ProgLoad {
        prog_type: BPF_PROG_TYPE_SYSCALL,
        insn_cnt: len(instructions.len())?,
        insns: instructions.as_ptr() as u64,
        // Only GPL programs may call functions of the kernel. (Ours are under either license.)
        license: c"Dual MIT/GPL".as_ptr() as u64,
        // Without a buffer, the kernel refuses any level but 0.
        log_level: u32::from(!log.is_empty()),
        log_size: len(log.len())?,
        log_buf: if log.is_empty() { 0 } else { log.as_mut_ptr() as u64 },
        prog_flags: BPF_F_SLEEPABLE,
        prog_name: name,
        ..ProgLoad::default()
    };
    // SAFETY: the kernel reads `insn_cnt` instructions of 8 bytes and a C string, and writes at
    // most `log_size` bytes to `log_buf`: the slices' lengths. The command returns a new
    // descriptor.
    unsafe { bpf_fd(BPF_PROG_LOAD, &mut attr) }
}

/// Runs a program of type `BPF_PROG_TYPE_SYSCALL` on words, as [`run_program`] does.
pub(crate) fn run_syscall_program(program: BorrowedFd<'_>, context: &mut [u64]) -> Result<u32, i32> {
    run_program(program, context.as_mut_bytes())
}

/// Runs a program of type `BPF_PROG_TYPE_SYSCALL` on `context`, which the program reads and writes;
/// returns its return value.
///
/// A program of another type may run too, or be refused with EINVAL; it leaves `context` as it was.
pub(crate) fn run_program(program: BorrowedFd<'_>, context: &mut [u8]) -> Result<u32, i32> {
    let (ctx_in, len) = (context.as_mut_ptr() as u64, context.len());
    let ctx_size_in = u32::try_from(len).map_err(|_| libc::E2BIG)?;
    let mut attr = TestRun { prog_fd: number(program), ctx_size_in, ctx_in, ..TestRun::default() };
    // SAFETY: the kernel reads `ctx_size_in` bytes at `ctx_in`, and writes them back after the run
    // (`bpf_prog_test_run_syscall` in net/bpf/test_run.c): those of `context`, borrowed mutably.
    // All other addresses are null, and so are lengths.
    unsafe { bpf(BPF_PROG_TEST_RUN, &mut attr) }?;
    Ok(attr.retval)
}

/// Returns the type of a program (`enum bpf_prog_type`). EINVAL if `fd` is not a program.
pub(crate) fn program_type(fd: BorrowedFd<'_>) -> Result<u32, i32> {
    assert_program(fd)?;
    let mut info = BpfProgInfo::default();
    // SAFETY: the fields are integers, all 0.
    unsafe { get_info(fd, &mut info) }?;
    Ok(info.prog_type)
}

/// Fails with EINVAL if `fd` is not a program.
fn assert_program(fd: BorrowedFd<'_>) -> Result<(), i32> {
    // The command checks that first, and then fails with EBADF, since -1 is not a map.
    // SAFETY: the attribute is two descriptors.
    match unsafe { bpf(BPF_PROG_BIND_MAP, &mut [number(fd), u32::MAX]) } {
        Err(libc::EBADF) => Ok(()),
        answer => Err(answer.err().unwrap_or(libc::EINVAL)),
    }
}

/// Reads the instructions of a loaded program, as the verifier left them.
///
/// EINVAL if `fd` is not a program, EPERM without `CAP_BPF`, ENODATA if the kernel does not show
/// them (`net.core.bpf_jit_harden` is 2).
pub(crate) fn program_instructions(fd: BorrowedFd<'_>) -> Result<Vec<u64>, i32> {
    // Descriptors of other kinds have other structs, with addresses in them.
    assert_program(fd)?;
    let mut info = BpfProgInfo::default();
    // SAFETY: the fields are integers, all 0.
    unsafe { get_info(fd, &mut info) }?;
    if info.xlated_prog_len == 0 {
        return Err(libc::EPERM);
    }
    let mut instructions = vec![0u64; info.xlated_prog_len as usize / 8];
    let (len, address) = (info.xlated_prog_len, instructions.as_mut_ptr() as u64);
    info = BpfProgInfo { xlated_prog_len: len, xlated_prog_insns: address, ..BpfProgInfo::default() };
    // SAFETY: `fd` is a program, so the kernel writes at most `xlated_prog_len` bytes of
    // instructions, which `instructions` has. The other addresses are null, their lengths 0.
    unsafe { get_info(fd, &mut info) }?;
    if info.xlated_prog_insns == 0 { Err(libc::ENODATA) } else { Ok(instructions) }
}

/// Makes a map read-only for user space, for good.
pub(crate) fn freeze(fd: BorrowedFd<'_>) -> Result<(), i32> {
    // SAFETY: the attribute is the descriptor.
    unsafe { bpf(BPF_MAP_FREEZE, &mut number(fd)) }.map(drop)
}
