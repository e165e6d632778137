//! The programs, of a dozen instructions each, that call the kernel functions which only programs
//! may call.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::error::SystemError;
use crate::sys::bpf as sys;

/// The name of the programs.
const NAME: [u8; 16] = *b"arena_pages\0\0\0\0\0";
/// The length of the verifier's log in bytes.
const LOG: usize = 16 * 1024;

/// One instruction (`struct bpf_insn` in include/uapi/linux/bpf.h).
const fn instruction(code: u8, target: u8, source: u8, offset: i16, number: i32) -> u64 {
    let registers = if cfg!(target_endian = "little") { source << 4 | target } else { target << 4 | source };
    let [o0, o1] = offset.to_ne_bytes();
    let [n0, n1, n2, n3] = number.to_ne_bytes();
    u64::from_ne_bytes([code, registers, o0, o1, n0, n1, n2, n3])
}

/// `target = source`
fn copy(target: u8, source: u8) -> u64 {
    instruction(0xbf, target, source, 0, 0)
}

/// `target = number`
const fn set(target: u8, number: i32) -> u64 {
    instruction(0xb7, target, 0, 0, number)
}

/// `target = *(u64 *)(source + offset)`
fn load_word(target: u8, source: u8, offset: i16) -> u64 {
    instruction(0x79, target, source, offset, 0)
}

/// `*(u64 *)(target + offset) = source`
fn store_word(target: u8, offset: i16, source: u8) -> u64 {
    instruction(0x7b, target, source, offset, 0)
}

/// `target = map`
fn load_map(target: u8, map: BorrowedFd<'_>) -> [u64; 2] {
    const PSEUDO_MAP_FD: u8 = 1;
    [instruction(0x18, target, PSEUDO_MAP_FD, 0, map.as_raw_fd()), 0]
}

/// Calls one of the kernel's functions.
fn call_kernel(function: u32) -> u64 {
    const PSEUDO_KFUNC_CALL: u8 = 2;
    instruction(0x85, 0, PSEUDO_KFUNC_CALL, 0, function.cast_signed())
}

/// Returns 0 from the program.
const END: [u64; 2] = [set(0, 0), instruction(0x95, 0, 0, 0, 0)];

/// Returns a program that calls `function(map, context[0], context[1], NUMA_NO_NODE, 0)`. A
/// function with fewer arguments ignores the rest.
pub(crate) fn calling(map: BorrowedFd<'_>, function: u32) -> Vec<u64> {
    let [map, rest] = load_map(1, map);
    let arguments = [copy(6, 1), load_word(2, 6, 0), load_word(3, 6, 8), set(4, -1), set(5, 0), map, rest];
    [&arguments[..], &[call_kernel(function)], &END].concat()
}

/// Returns a program that also stores the result in `context[2]`.
pub(crate) fn calling_for_result(map: BorrowedFd<'_>, function: u32) -> Vec<u64> {
    let mut program = calling(map, function);
    program.insert(program.len() - END.len(), store_word(6, 16, 0));
    program
}

/// Returns a program that copies two words of the kernel's `struct bpf_arena` to its context.
pub(crate) fn reading(map: BorrowedFd<'_>, [first, second]: [i16; 2]) -> Vec<u64> {
    let first = [load_word(3, 2, first), store_word(1, 0, 3)];
    let second = [load_word(3, 2, second), store_word(1, 8, 3)];
    [load_map(2, map), first, second, END].concat()
}

/// What the verifier says if an arena has no address yet, which a program needs (`__add_used_map`
/// in kernel/bpf/verifier.c).
pub(crate) const NOT_YET_MAPPED: &str = "user address must be set";

/// Loads a program. If the kernel refuses it, a second try asks for the reason.
pub(crate) fn load(program: &[u64], purpose: &'static str) -> Result<OwnedFd, SystemError> {
    sys::load_syscall_program(program, NAME, &mut []).or_else(|errno| {
        if errno == libc::EPERM {
            let (operation, capability) = ("load a BPF program that uses an arena", "CAP_BPF and CAP_PERFMON");
            return Err(SystemError::PermissionDenied { operation, capability });
        }
        let mut log = vec![0; LOG];
        let loaded = sys::load_syscall_program(program, NAME, &mut log);
        loaded.map_err(|_| SystemError::ProgramRefused { purpose, errno, log: last_words(&log) })
    })
}

/// Returns the verifier's last words before it counts its steps.
fn last_words(log: &[u8]) -> String {
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    let text = String::from_utf8_lossy(&log[..end]);
    let mut lines = text.lines().rev().filter(|line| !line.is_empty() && !line.starts_with("processed "));
    lines.next().unwrap_or("no word why").to_owned()
}

/// Runs a program with an address and a number. Returns the third word of its context.
pub(crate) fn run(program: &OwnedFd, address: u64, count: u32) -> Result<u64, SystemError> {
    let mut context = [address, count.into(), 0];
    sys::run_syscall_program(program.as_fd(), &mut context)
        .map(|_| context[2])
        .map_err(|errno| SystemError::Os { operation: "run a BPF program on an arena", errno })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_encoded_as_the_kernel_has_them() {
        let bytes = |instruction: u64| instruction.to_ne_bytes();
        let registers = if cfg!(target_endian = "little") { 0x26 } else { 0x62 };
        assert_eq!(bytes(store_word(6, 16, 2))[..2], [0x7b, registers]);
        assert_eq!(bytes(store_word(6, 16, 2))[2..4], 16i16.to_ne_bytes());
        assert_eq!(bytes(set(4, -1))[4..], [0xff; 4]);
    }

    #[test]
    fn the_last_words_of_the_verifier_are_found() {
        let log =
            b"0: (bf) r6 = r1\narena's user address must be set via map_extra or mmap()\nprocessed 0 insns\n\0\0\0";
        assert_eq!(last_words(log), "arena's user address must be set via map_extra or mmap()");
        assert!(last_words(log).contains(NOT_YET_MAPPED));
        assert_eq!(last_words(b"\0\0"), "no word why");
    }
}
