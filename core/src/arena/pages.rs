//! [`Pages`]: allocating, freeing and reserving pages of an arena.
//!
//! The kernel lets BPF programs do that, and nobody else. So there is a program for each operation, a dozen instructions that are put
//! together here: it takes its arguments from its context, calls one function of the kernel, and puts the result there. It is of type
//! `BPF_PROG_TYPE_SYSCALL`, which runs when it is called (`BPF_PROG_TEST_RUN`), is attached to nothing, and may sleep.

use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use super::span::Span;
use super::{Arena, ArenaPtr};
use crate::bpf::sys;
use crate::btf::{Kind, Type};
use crate::{Btf, Error, KernelVersion, MapName};

/// The name of the programs.
const NAME: [u8; 16] = *b"arena_pages\0\0\0\0\0";
/// Bytes for what the verifier says.
const LOG: usize = 16 * 1024;

/// Pages of an arena that are allocated, freed and reserved from user space, by BPF programs that this crate loads.
///
/// It takes `CAP_BPF` and `CAP_PERFMON`, and a kernel with its own types (`CONFIG_DEBUG_INFO_BTF`), which take milliseconds to read the first time. Each call
/// is a system call of 10 microseconds or so: not for hot paths. Many arenas need it not at all, since a page is made when it is
/// first touched. But nothing else gives pages back, keeps programs from allocating what user space means to use, or makes
/// pages where the arena has `BPF_F_SEGV_ON_FAULT`.
///
/// Pages are numbered from 0, the first of the arena.
///
/// ```no_run
/// use mapvalue::{Arena, ArenaFlags};
///
/// let arena = Arena::create(1024, ArenaFlags::default())?;
/// let pages = arena.pages()?;
/// let ours = pages.alloc(4)?;
/// arena.get(arena.page::<u64>(ours.start))?.store(7);
/// pages.free(ours)?;
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Debug)]
pub struct Pages {
    arena: Arena,
    alloc: OwnedFd,
    free: OwnedFd,
    kernel: &'static Kernel,
}

impl Arena {
    /// Loads the programs that allocate and free pages (Linux 6.9).
    ///
    /// ```no_run
    /// use mapvalue::{Arena, ArenaFlags};
    ///
    /// let arena = Arena::create(64, ArenaFlags::default())?;
    /// let pages = arena.pages()?; // once: it takes milliseconds the first time
    /// assert_eq!(pages.arena().start(), arena.start());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoArenaMap`] of a memfd, [`Error::PermissionDenied`] without `CAP_BPF` and `CAP_PERFMON`, [`Error::NoVmlinux`],
    /// [`Error::NoKernelFunction`], [`Error::ProgramRefused`].
    pub fn pages(&self) -> Result<Pages, Error> {
        let map = self.map("allocate pages")?;
        let kernel = Kernel::find()?;
        let alloc = load(&calling_for_result(map, kernel.alloc()?), "allocate pages of an arena")?;
        let free = load(&calling(map, kernel.free()?), "free pages of an arena")?;
        Ok(Pages { arena: self.clone(), alloc, free, kernel })
    }
}

impl Pages {
    /// The arena.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Allocates `pages` zeroed pages side by side, wherever there are as many free.
    ///
    /// They belong to the caller: no BPF program gets them until they are freed.
    ///
    /// ```no_run
    /// # let arena = mapvalue::Arena::create(64, mapvalue::ArenaFlags::default())?;
    /// let pages = arena.pages()?;
    /// let ours = pages.alloc(2)?; // numbers of pages
    /// assert_eq!(ours.end - ours.start, 2);
    /// arena.get(arena.page::<u64>(ours.start))?.store(7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoFreePages`], also for 0; [`Error::Os`].
    pub fn alloc(&self, pages: u64) -> Result<Range<u64>, Error> {
        let none = Error::NoFreePages { pages };
        let Ok(count) = u32::try_from(pages) else { return Err(none) };
        let address = run(&self.alloc, 0, count)?;
        if address == 0 {
            return Err(none);
        }
        let pointer = self.arena.full(ArenaPtr::<u8>::from_address(address));
        let first = (pointer.address() - self.arena.start()) / self.arena.page_size();
        Ok(first..first + pages)
    }

    /// Allocates these pages, zeroed.
    ///
    /// ```no_run
    /// # use mapvalue::Error;
    /// # let arena = mapvalue::Arena::create(64, mapvalue::ArenaFlags::default())?;
    /// let pages = arena.pages()?;
    /// pages.alloc_at(0..4)?;
    /// assert!(matches!(pages.alloc_at(3..5), Err(Error::PagesTaken { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::PagesTaken`] if one of them is not free, [`Error::PagesOutOfRange`], [`Error::NoFreePages`] if there are none in the
    /// range, [`Error::Os`].
    pub fn alloc_at(&self, pages: Range<u64>) -> Result<(), Error> {
        let (address, count) = self.arguments(&pages)?;
        if count == 0 {
            return Err(Error::NoFreePages { pages: 0 });
        }
        match run(&self.alloc, address, count)? {
            0 => Err(Error::PagesTaken { start: pages.start, end: pages.end }),
            _ => Ok(()),
        }
    }

    /// Frees these pages, whoever made them: they go from all processes and from BPF programs. Those that are not there are passed over.
    ///
    /// A handle to a freed page shows zeros: the next access to it makes a new page. (In an arena with `BPF_F_SEGV_ON_FAULT`, where
    /// that were a SIGSEGV, there are no handles.)
    ///
    /// ```no_run
    /// # let arena = mapvalue::Arena::create(64, mapvalue::ArenaFlags::default())?;
    /// let word = arena.var(arena.page::<u64>(3))?;
    /// word.store(7);
    /// arena.pages()?.free(3..4)?;
    /// assert_eq!(word.load(), 0); // another page, of zeros
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::PagesOutOfRange`], [`Error::Os`].
    pub fn free(&self, pages: Range<u64>) -> Result<(), Error> {
        let (address, count) = self.arguments(&pages)?;
        if count > 0 {
            run(&self.free, address, count)?;
        }
        Ok(())
    }

    /// Keeps these pages from being allocated by BPF programs and [`alloc`](Self::alloc). User space can touch them all the same, which
    /// makes a region that is its own without further calls. Freeing them ends that.
    ///
    /// Loads a program each time.
    ///
    /// ```no_run
    /// # let arena = mapvalue::Arena::create(64, mapvalue::ArenaFlags::default())?;
    /// arena.pages()?.reserve(0..16)?; // user space's own from now on
    /// arena.get(arena.page::<u64>(0))?.store(1);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::PagesTaken`] if one of them is allocated or reserved, [`Error::PagesOutOfRange`], [`Error::NoKernelFunction`] before
    /// Linux 6.17, [`Error::Os`].
    pub fn reserve(&self, pages: Range<u64>) -> Result<(), Error> {
        let (address, count) = self.arguments(&pages)?;
        if count == 0 {
            return Ok(());
        }
        let map = self.arena.map("reserve pages")?;
        let program = load(&calling_for_result(map, self.kernel.reserve()?), "reserve pages of an arena")?;
        // The function returns an `int`: the high half of the register is anything.
        #[expect(clippy::cast_possible_truncation, reason = "see above")]
        let result = (run(&program, address, count)? as u32).cast_signed();
        match -result {
            0 => Ok(()),
            libc::EBUSY => Err(Error::PagesTaken { start: pages.start, end: pages.end }),
            errno => Err(Error::Os { operation: "reserve pages of an arena", errno }),
        }
    }

    /// The address at which the arena is mapped in all processes that have it mapped, as the kernel has it.
    ///
    /// ```no_run
    /// # let arena = mapvalue::Arena::create(64, mapvalue::ArenaFlags::default())?;
    /// assert_eq!(arena.pages()?.user_vm_start()?, arena.start());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ArenaAddressUnknown`], with the reason.
    pub fn user_vm_start(&self) -> Result<u64, Error> {
        let map = self.arena.map("ask where it lies")?;
        let span = ask_span(map, self.arena.rest.mapping.map_name())?;
        Ok(span.map_or(0, Span::start))
    }

    /// Pages as the kernel's functions take them: the address of the first, and their number.
    fn arguments(&self, pages: &Range<u64>) -> Result<(u64, u32), Error> {
        self.arena.bytes_of(pages)?;
        // There are at most 2^20.
        let count = u32::try_from(pages.end - pages.start).unwrap_or(u32::MAX);
        Ok((self.arena.page::<u8>(pages.start).address(), count))
    }
}

/// What is looked up in the kernel's BTF. That takes milliseconds, and it stays the same while the kernel runs.
#[derive(Clone, Copy, Debug)]
struct Kernel {
    /// Functions, by their numbers.
    alloc: Option<u32>,
    free: Option<u32>,
    reserve: Option<u32>,
    /// Where `struct bpf_arena` has the two ends of the arena.
    ends: Option<[i16; 2]>,
}

impl Kernel {
    fn find() -> Result<&'static Self, Error> {
        static FOUND: OnceLock<Kernel> = OnceLock::new();
        if let Some(found) = FOUND.get() {
            return Ok(found);
        }
        let btf = Btf::from_vmlinux()?;
        Ok(FOUND.get_or_init(|| Self::of(&btf)))
    }

    fn of(btf: &Btf) -> Self {
        let id = |name| btf.find(name).find(|ty| matches!(ty.kind(), Kind::Function { .. })).map(Type::id);
        Self {
            alloc: id("bpf_arena_alloc_pages"),
            free: id("bpf_arena_free_pages"),
            reserve: id("bpf_arena_reserve_pages"),
            ends: ends(btf),
        }
    }

    fn alloc(&self) -> Result<u32, Error> {
        known(self.alloc, "bpf_arena_alloc_pages", 9)
    }

    fn free(&self) -> Result<u32, Error> {
        known(self.free, "bpf_arena_free_pages", 9)
    }

    fn reserve(&self) -> Result<u32, Error> {
        known(self.reserve, "bpf_arena_reserve_pages", 17)
    }
}

fn ends(btf: &Btf) -> Option<[i16; 2]> {
    let arena = btf.find("bpf_arena").find_map(|ty| match ty.kind() {
        Kind::Struct(arena) => Some(arena),
        _ => None,
    })?;
    let offset = |name: &str| {
        let member = arena.members().find(|member| member.name == name)?;
        i16::try_from(member.bit_offset / 8).ok()
    };
    Some([offset("user_vm_start")?, offset("user_vm_end")?])
}

/// The function's number, if the kernel has it: since 6.`minor`.
fn known(id: Option<u32>, name: &'static str, minor: u16) -> Result<u32, Error> {
    let needs = KernelVersion { major: 6, minor };
    id.ok_or_else(|| Error::NoKernelFunction { name, needs, running: sys::kernel_version() })
}

/// One instruction (`struct bpf_insn` in include/uapi/linux/bpf.h).
fn instruction(code: u8, target: u8, source: u8, offset: i16, number: i32) -> u64 {
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
fn set(target: u8, number: i32) -> u64 {
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

/// A call of one of the kernel's functions.
fn call_kernel(function: u32) -> u64 {
    const PSEUDO_KFUNC_CALL: u8 = 2;
    instruction(0x85, 0, PSEUDO_KFUNC_CALL, 0, function.cast_signed())
}

/// Returns 0.
fn end() -> [u64; 2] {
    [set(0, 0), instruction(0x95, 0, 0, 0, 0)]
}

/// `function(map, context[0], context[1], NUMA_NO_NODE, 0)`. Functions that take fewer arguments look at no more.
fn call(map: BorrowedFd<'_>, function: u32) -> Vec<u64> {
    let mut program = vec![copy(6, 1), load_word(2, 6, 0), load_word(3, 6, 8), set(4, -1), set(5, 0)];
    program.extend_from_slice(&load_map(1, map));
    program.push(call_kernel(function));
    program
}

/// A program that makes a call.
fn calling(map: BorrowedFd<'_>, function: u32) -> Vec<u64> {
    let mut program = call(map, function);
    program.extend_from_slice(&end());
    program
}

/// A program that makes a call and puts what it returns into `context[2]`.
fn calling_for_result(map: BorrowedFd<'_>, function: u32) -> Vec<u64> {
    let mut program = call(map, function);
    program.push(store_word(6, 16, 0));
    program.extend_from_slice(&end());
    program
}

/// A program that puts two words of the kernel's `struct bpf_arena` into its context.
fn reading(map: BorrowedFd<'_>, offsets: [i16; 2]) -> Vec<u64> {
    let mut program = vec![copy(6, 1)];
    program.extend_from_slice(&load_map(1, map));
    for (place, offset) in [(0, offsets[0]), (8, offsets[1])] {
        program.extend_from_slice(&[load_word(2, 1, offset), store_word(6, place, 2)]);
    }
    program.extend_from_slice(&end());
    program
}

/// The words of the verifier when an arena has no address yet, which a program must know (`__add_used_map` in kernel/bpf/verifier.c).
const NOT_YET_MAPPED: &str = "user address must be set";

/// Loads a program. Why not, if the kernel refuses, it is asked in a second try.
fn load(program: &[u64], purpose: &'static str) -> Result<OwnedFd, Error> {
    let errno = match sys::load_syscall_program(program, NAME, &mut []) {
        Ok(program) => return Ok(program),
        Err(libc::EPERM) => {
            return Err(Error::PermissionDenied {
                operation: "load a BPF program that uses an arena",
                capability: "CAP_BPF and CAP_PERFMON",
            });
        }
        Err(errno) => errno,
    };
    let mut log = vec![0; LOG];
    match sys::load_syscall_program(program, NAME, &mut log) {
        Ok(program) => Ok(program),
        Err(_) => Err(Error::ProgramRefused { purpose, errno, log: last_words(&log) }),
    }
}

/// What the verifier said before it counted its steps.
fn last_words(log: &[u8]) -> String {
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    let text = String::from_utf8_lossy(&log[..end]);
    let mut lines = text.lines().rev().filter(|line| !line.is_empty() && !line.starts_with("processed "));
    lines.next().unwrap_or("no word why").to_owned()
}

/// Runs a program on an address and a number; what it leaves in the third word of its context.
fn run(program: &OwnedFd, address: u64, count: u32) -> Result<u64, Error> {
    let mut context = [address, count.into(), 0];
    match sys::run_syscall_program(program.as_fd(), &mut context) {
        Ok(_) => Ok(context[2]),
        Err(errno) => Err(Error::Os { operation: "run a BPF program on an arena", errno }),
    }
}

/// Where an arena lies, as the kernel has it; `None` if it was created without an address, and nobody has mapped it yet.
pub(super) fn ask_span(map: BorrowedFd<'_>, name: MapName) -> Result<Option<Span>, Error> {
    let unknown = |reason: String| Error::ArenaAddressUnknown { map: name, reason };
    let kernel = Kernel::find().map_err(|error| unknown(error.to_string()))?;
    let ends = kernel.ends.ok_or_else(|| unknown("the kernel's `struct bpf_arena` has other members".to_owned()))?;
    let program = match load(&reading(map, ends), "ask where an arena lies") {
        Ok(program) => program,
        Err(Error::ProgramRefused { log, .. }) if log.contains(NOT_YET_MAPPED) => return Ok(None),
        Err(error) => return Err(unknown(error.to_string())),
    };
    let mut context = [0; 2];
    sys::run_syscall_program(program.as_fd(), &mut context)
        .map_err(|errno| Error::Os { operation: "ask where an arena lies", errno })?;
    let [start, end] = context;
    Span::new(start, end.wrapping_sub(start)).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_without_a_function_is_told_its_name_and_since_when_there_is_one() {
        // Types of nothing: a header, and the empty string.
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&0xeb9f_u16.to_ne_bytes());
        bytes.extend_from_slice(&[1, 0]);
        for word in [24u32, 0, 0, 0, 1] {
            bytes.extend_from_slice(&word.to_ne_bytes());
        }
        bytes.push(0);
        let kernel = Kernel::of(&Btf::parse(&bytes).unwrap());
        assert!(kernel.ends.is_none());
        let since = |minor| KernelVersion { major: 6, minor };
        for (missing, name, needs) in [
            (kernel.alloc(), "bpf_arena_alloc_pages", since(9)),
            (kernel.free(), "bpf_arena_free_pages", since(9)),
            (kernel.reserve(), "bpf_arena_reserve_pages", since(17)),
        ] {
            let error = missing.unwrap_err();
            assert!(
                matches!(error, Error::NoKernelFunction { name: n, needs: v, .. } if (n, v) == (name, needs)),
                "{error:?}"
            );
            assert!(error.to_string().contains(&format!("has no function `{name}`")), "{error}");
        }
    }

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
