//! What can go wrong, with the numbers and names that a person needs, and what to do about it.
//!
//! It stands below all that can fail, so each area may return its errors; what an error tells of (names, numbers, differences) are plain
//! values beside it.

#[cfg(feature = "std")]
pub(crate) mod btf;
pub(crate) mod kernel;
#[cfg(feature = "std")]
pub(crate) mod mismatch;
#[cfg(feature = "std")]
pub(crate) mod nearest;
pub(crate) mod value;

#[cfg(feature = "std")]
use crate::layout::Endianness;
use core::fmt;

#[cfg(feature = "std")]
pub use btf::InvalidBtf;
pub use kernel::{Found, KernelVersion, MapName, MapType, ReadOnlyReason};
#[cfg(feature = "std")]
pub use mismatch::{Mismatch, Mismatches};
#[cfg(feature = "std")]
pub use nearest::Nearest;
#[cfg(target_has_atomic = "64")]
pub(crate) use value::TRIES;
pub use value::{Busy, InvalidValue};

/// Why a map could not be opened, a place in it not be made into a handle, or bytes not be decoded.
///
/// Nothing is changed when an error is returned, unless the function says otherwise.
///
/// ```
/// use mapvalue::{Error, Mapping};
///
/// match Mapping::memfd(64)?.var::<u64>(60) {
///     Err(Error::OutOfRange { offset, size, len }) => assert_eq!((offset, size, len), (60, 8, 64)),
///     other => panic!("{other:?}"),
/// }
/// // What it is printed as is for people.
/// let error = Mapping::memfd(64)?.var::<u64>(4).unwrap_err().to_string();
/// assert!(error.contains("u64") && error.contains('4'), "{error}");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A byte buffer is longer or shorter than the type.
    #[error("`{type_name}` is {expected} bytes long, but {given} bytes were given")]
    WrongLength {
        /// The type to decode or encode.
        type_name: &'static str,
        /// Length of the buffer in bytes.
        given: usize,
        /// Size of the type in bytes.
        expected: usize,
    },

    /// An enum inside the value holds a number that is not one of its variants.
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),

    /// A [`SeqCell`](crate::SeqCell) was being written each time that it was looked at.
    #[error(transparent)]
    Busy(#[from] Busy),

    /// Text that has more bytes than the array for it.
    #[error(
        "the text is {given} bytes long, but a `CharArray` of {max} bytes is to hold it: shorten it, or use `CharArray::truncated`"
    )]
    TextTooLong {
        /// The length of the text in bytes.
        given: usize,
        /// The length of the array in bytes.
        max: usize,
    },

    /// Text with a NUL inside, where it would end for all who read it.
    #[error(
        "the text has a NUL at byte {at}, where it would end for all who read it: remove it, or use `CharArray::truncated`, which ends it there"
    )]
    TextHasNul {
        /// Bytes before the first NUL.
        at: usize,
    },

    /// The offset is not a multiple of the type's alignment.
    #[error("`{type_name}` at offset {offset} is misaligned: it needs a multiple of {align}")]
    Misaligned {
        /// The type.
        type_name: &'static str,
        /// The offset asked for, in bytes.
        offset: usize,
        /// The alignment in bytes that the type needs.
        align: usize,
    },

    /// The memory itself begins at an address that does not suit the type, although the offset does: adopted memory alone can.
    #[error(
        "`{type_name}` needs a multiple of {align}, but the memory itself begins at address {base:#x}, which is none"
    )]
    MisalignedBase {
        /// The type.
        type_name: &'static str,
        /// The address where the mapping begins.
        base: usize,
        /// The alignment in bytes that the type needs.
        align: usize,
    },

    /// The place does not lie inside the mapping.
    #[error("offset {offset} + {size} bytes is out of range: the mapping ends at {len}")]
    OutOfRange {
        /// The offset asked for, in bytes.
        offset: usize,
        /// Size in bytes of what was asked for; `usize::MAX` if computing it overflowed.
        size: usize,
        /// Length of the mapping in bytes.
        len: usize,
    },

    /// The place reaches beyond the value that it starts in, into bytes that a BPF program does not see.
    #[error(
        "`{type_name}` at offset {offset} ({size} bytes) reaches past the end of its map value: values are \
         {value_size} bytes long and start every {stride} bytes"
    )]
    CrossesValue {
        /// The type.
        type_name: &'static str,
        /// The offset asked for, in bytes.
        offset: usize,
        /// Size of the type in bytes.
        size: usize,
        /// The map's value size in bytes.
        value_size: usize,
        /// Bytes from one value to the next.
        stride: usize,
    },

    /// A type without size has no place in a map.
    #[error("`{type_name}` is zero-sized: there is nothing to read or write")]
    ZeroSized {
        /// The type.
        type_name: &'static str,
    },

    /// A mapping, file or array of no bytes.
    #[error("{what} has length zero: there is nothing to map")]
    Empty {
        /// What has no length.
        what: &'static str,
    },

    /// More bytes than this process can address.
    #[error("{len} bytes are more than can be mapped: at most {max}")]
    TooLong {
        /// The length in bytes.
        len: u64,
        /// The largest possible.
        max: u64,
    },

    /// A pointer that must not be null is.
    #[error("the memory to adopt is at a null pointer")]
    NullPointer,

    /// An index past the end of an array.
    #[error("index {index} is out of range: the array has {len} elements")]
    IndexOutOfRange {
        /// The index asked for.
        index: usize,
        /// The number of elements.
        len: usize,
    },

    /// A range of indices that ends past the end of an array, or before its own start.
    #[error("the range {start}..{end} is out of range: the array has {len} elements")]
    RangeOutOfRange {
        /// Its first index.
        start: usize,
        /// The index after its last.
        end: usize,
        /// The number of elements.
        len: usize,
    },

    /// A slice of another length than the array.
    #[error("{given} elements were given for {expected}: both sides of a copy must have the same length")]
    LengthMismatch {
        /// Length of the caller's slice.
        given: usize,
        /// Number of elements in the map.
        expected: usize,
    },

    /// An iterator makes more values than the array has elements; it is not asked how many more.
    #[error(
        "more values were given than the {expected} elements that they are for: both sides of a copy must have the same length"
    )]
    TooManyValues {
        /// Number of elements in the map.
        expected: usize,
    },

    /// The elements of an array map are larger or smaller than the type.
    #[error("`{type_name}` is {size} bytes long, but the values of {map} are {value_size} bytes long")]
    ValueSize {
        /// The type.
        type_name: &'static str,
        /// Size of the type in bytes.
        size: usize,
        /// The map's value size in bytes.
        value_size: usize,
        /// The map.
        map: MapName,
    },

    /// Memory without a geometry of its own is not a whole number of elements long.
    #[error(
        "a mapping of {len} bytes is not a whole number of `{type_name}`, which lie every {stride} bytes: make it \
         {stride} bytes long an element"
    )]
    Geometry {
        /// The type.
        type_name: &'static str,
        /// Bytes from one element to the next.
        stride: usize,
        /// Length of the mapping in bytes.
        len: usize,
    },

    /// A bank of values is not padded to a whole number of cache lines.
    #[error(
        "a bank of {size} bytes of `{type_name}` is padded to {of_64} bytes (cache lines of 64) or to {of_128} (of 128), but its stride is \
         said to be {stride}"
    )]
    BankStride {
        /// The type of the values in the bank.
        type_name: &'static str,
        /// Bytes of the values in one bank.
        size: usize,
        /// The bytes from one bank to the next that were asked for.
        stride: usize,
        /// The size, rounded up to a multiple of 64.
        of_64: usize,
        /// The size, rounded up to a multiple of 128.
        of_128: usize,
    },

    /// A map or memory is longer or shorter than its banks.
    #[error("{banks} banks of {stride} bytes are not what {map} holds, which has {len} bytes of values")]
    BankGeometry {
        /// The number of banks asked for.
        banks: usize,
        /// Bytes from one bank to the next.
        stride: usize,
        /// Bytes of values that there are.
        len: usize,
        /// The map.
        map: MapName,
    },

    /// The values of all CPUs are longer or shorter than they must be.
    #[error(
        "the values of `{type_name}` on {cpus} possible CPUs are {expected} bytes long, {stride} for each, but {given} bytes were given"
    )]
    PerCpuLength {
        /// The type of one value.
        type_name: &'static str,
        /// Bytes from one CPU's value to the next one's.
        stride: usize,
        /// The number of possible CPUs of this machine.
        cpus: usize,
        /// Length of the buffer in bytes.
        given: usize,
        /// `stride * cpus`, in bytes.
        expected: usize,
    },

    /// There is not one value for each CPU.
    #[error("{given} values were given for {expected} possible CPUs: there is one for each, online or not")]
    CpuCount {
        /// The number of values.
        given: usize,
        /// The number of possible CPUs of this machine.
        expected: usize,
    },

    /// What one CPU has is wrong.
    #[cfg(feature = "std")]
    #[error("CPU {cpu}: {error}")]
    OnCpu {
        /// The number of the CPU.
        cpu: usize,
        /// What is wrong with it.
        #[source]
        error: Box<Error>,
    },

    /// The kernel does not say which CPUs there may be.
    #[cfg(feature = "std")]
    #[error("the possible CPUs cannot be read from {path}: {reason}")]
    NoPossibleCpus {
        /// Where they should be.
        path: &'static str,
        /// What is wrong there.
        reason: String,
    },

    /// The elements of a slice would not all be aligned.
    #[error("`{type_name}` is {size} bytes long, not a multiple of its alignment {align}: pad it, or use `array`")]
    Unsliceable {
        /// The type.
        type_name: &'static str,
        /// Size of the type in bytes.
        size: usize,
        /// The alignment in bytes that it needs.
        align: usize,
    },

    /// A write, or a handle that could write, on a read-only mapping.
    #[error("the mapping of {map} is read-only ({reason}): use `var_ro`, `array_ro`, `slice_ro` or `banks_ro`")]
    ReadOnly {
        /// The map.
        map: MapName,
        /// Why it is.
        reason: ReadOnlyReason,
    },

    /// The descriptor is not open.
    #[error("file descriptor {fd} is not open")]
    BadDescriptor {
        /// Its number.
        fd: i32,
    },

    /// The descriptor is open, but not a BPF map.
    #[error("file descriptor {fd} is not a BPF map but {found}")]
    NotAMap {
        /// Its number.
        fd: i32,
        /// What the kernel says it is.
        found: Found,
    },

    /// The map was opened with `BPF_F_RDONLY`; the kernel maps such a descriptor neither writable nor read-only.
    #[error(
        "{map} was opened with BPF_F_RDONLY, and the kernel does not map such a descriptor: open the map without the flag \
         (the mapping is made read-only when it must be), or read it by system calls, with `AnyArray`"
    )]
    ReadOnlyDescriptor {
        /// The map.
        map: MapName,
    },

    /// The map was opened with `BPF_F_WRONLY`.
    #[error(
        "{map} was opened with BPF_F_WRONLY, so that nothing of it can be read, nor mapped: open it without the flag"
    )]
    WriteOnlyDescriptor {
        /// The map.
        map: MapName,
    },

    /// The map was created without `BPF_F_MMAPABLE`.
    #[error(
        "{map} was created without BPF_F_MMAPABLE: add `__uint(map_flags, BPF_F_MMAPABLE)` to its definition, or use \
         system calls, with `AnyArray`; of a section of globals, whose loader did not ask for the flag, use \
         `DataSection::from_map_with_btf` and `any_var`"
    )]
    NotMmapable {
        /// The map.
        map: MapName,
    },

    /// The map is of a type that is not mapped as values.
    #[error(
        "{map} is of type {map_type}: only maps of type array can be mapped as values (`bpf::TypedMap` looks \
             values of hash tables up)"
    )]
    UnsupportedMapType {
        /// The map.
        map: MapName,
        /// Its type.
        map_type: MapType,
    },

    /// The map's values have fields that the kernel guards.
    #[error(
        "{map} has a spin lock, timer, kptr or another special field in its values (errno 524), which the kernel does not \
         let anyone map: move that field to a map of its own"
    )]
    SpecialFields {
        /// The map.
        map: MapName,
    },

    /// The map is mapped writable somewhere, so it cannot be frozen.
    #[error(
        "{map} cannot be frozen while it is mapped writable or being updated (EBUSY): drop every writable mapping of it \
         first, also those of other processes and of the loader"
    )]
    MappedWritable {
        /// The map.
        map: MapName,
    },

    /// The process lacks a capability.
    #[error("not permitted to {operation}: it needs {capability}")]
    PermissionDenied {
        /// What was refused.
        operation: &'static str,
        /// The capability that would allow it.
        capability: &'static str,
    },

    /// The kernel does not have what is asked for.
    #[error("the running kernel {running} is too old for {feature}: Linux {needs} or newer is needed")]
    KernelTooOld {
        /// What is missing.
        feature: &'static str,
        /// The first version that has it.
        needs: KernelVersion,
        /// The version that runs.
        running: KernelVersion,
    },

    /// The file could be cut short by others, so mapping it is not safe.
    #[error(
        "the file is not a memfd of ordinary pages that is sealed against shrinking (F_SEAL_SHRINK): make it with `Mapping::memfd`, or use the unsafe \
         `Mapping::from_file`"
    )]
    NotSealed,

    /// A null pointer leads nowhere.
    #[error("a null pointer to `{type_name}`: look with `is_null` before following it")]
    NullArenaPtr {
        /// The type that it should lead to.
        type_name: &'static str,
    },

    /// A pointer into other memory than the arena's, by its high 32 bits.
    #[error(
        "the pointer {address:#x} to `{type_name}` leads out of the arena, which lies at {start:#x} and is {len:#x} bytes long: its high 32 bits \
         are neither the arena's nor 0"
    )]
    ForeignArenaPtr {
        /// The type that it should lead to.
        type_name: &'static str,
        /// The pointer, as memory holds it.
        address: u64,
        /// The arena's first address.
        start: u64,
        /// The arena's length in bytes.
        len: u64,
    },

    /// A pointer to a place that is not, or not whole, inside the arena.
    #[error(
        "the pointer {address:#x} to {size} bytes of `{type_name}` leads out of the arena, which lies at {start:#x} and is {len:#x} bytes long"
    )]
    ArenaPtrOutOfRange {
        /// The type that it should lead to.
        type_name: &'static str,
        /// The pointer, as memory holds it: a full address, or its low 32 bits alone.
        address: u64,
        /// Size in bytes of what was asked for; `usize::MAX` if computing it overflowed.
        size: usize,
        /// The arena's first address.
        start: u64,
        /// The arena's length in bytes.
        len: u64,
    },

    /// A pointer to a place that is not aligned for the type.
    #[error("the pointer {address:#x} to `{type_name}` is misaligned: it needs a multiple of {align}")]
    MisalignedArenaPtr {
        /// The type that it should lead to.
        type_name: &'static str,
        /// The pointer, as memory holds it.
        address: u64,
        /// The alignment in bytes that the type needs.
        align: usize,
    },

    /// A handle to a place in an arena whose absent pages are a SIGSEGV.
    #[error(
        "{map} was created with BPF_F_SEGV_ON_FAULT: to touch a page that is not there would end this process, so no handle is given out. Copy \
         values with `read`, or create the arena without the flag"
    )]
    ArenaFaults {
        /// The arena.
        map: MapName,
    },

    /// A page of an arena with `BPF_F_SEGV_ON_FAULT` that is not there.
    #[error("there is no page at {address:#x}, which `{type_name}` reaches into: nobody allocated it, or it was freed")]
    ArenaPageAbsent {
        /// The type to read.
        type_name: &'static str,
        /// The first byte that is not there.
        address: u64,
    },

    /// An arena of more than 4 GiB.
    #[error("an arena of {len} bytes is more than there can be: at most 4 GiB, {max} bytes")]
    ArenaTooLong {
        /// The length in bytes; `u64::MAX` if computing it overflowed.
        len: u64,
        /// The largest possible.
        max: u64,
    },

    /// A memfd whose length is no whole number of pages.
    #[error("a memfd of {len} bytes is no arena, whose length is a multiple of a page: {page} bytes")]
    ArenaLength {
        /// The length in bytes.
        len: u64,
        /// Bytes of a page.
        page: u64,
    },

    /// The map is no arena.
    #[error("{map} is of type {map_type}, not an arena: values of an array map are mapped with `Mapping::from_map`")]
    NotAnArena {
        /// The map.
        map: MapName,
        /// Its type.
        map_type: MapType,
    },

    /// Flags that are none of an arena's.
    #[error(
        "flags {flags:#x} of an arena: {unknown:#x} is unknown. There are BPF_F_SEGV_ON_FAULT ({:#x}) and BPF_F_NO_USER_CONV ({:#x})",
        1 << 17, 1 << 18
    )]
    ArenaFlags {
        /// The flags asked for.
        flags: u32,
        /// Those among them that are none.
        unknown: u32,
    },

    /// An arena can only begin with a page.
    #[error("an arena at {start:#x} is misaligned: it needs a multiple of a page, {page} bytes, and not 0")]
    MisalignedArena {
        /// The address asked for.
        start: u64,
        /// Bytes of a page.
        page: u64,
    },

    /// The low 32 bits of a pointer must tell the place, so they cannot go on from 0 within an arena.
    #[error("an arena of {len:#x} bytes at {start:#x} crosses a multiple of 4 GiB: let it begin at one")]
    ArenaCrosses {
        /// The address asked for.
        start: u64,
        /// The length in bytes.
        len: u64,
    },

    /// There is something else in this process where the arena has to be.
    #[cfg(feature = "std")]
    #[error(
        "{map} must be mapped at {start:#x}, {len:#x} bytes, where this process has something already: {by}. Open the arena before that is \
         there, or create it elsewhere"
    )]
    ArenaAddressTaken {
        /// The arena.
        map: MapName,
        /// Where it has to be.
        start: u64,
        /// Its length in bytes.
        len: u64,
        /// What is there, in the words of /proc.
        by: String,
    },

    /// An arena is mapped once in a process.
    #[error(
        "there is an arena mapped at {start:#x} in this process already, where {map} has to be. If it is the same, clone the `Arena` that \
         has it, or take over the loader's mapping with `Arena::adopt`; an arena is mapped once in a process"
    )]
    ArenaMappedHere {
        /// The arena.
        map: MapName,
        /// Where it has to be.
        start: u64,
    },

    /// The arena was created without an address, so the kernel does not tell where it lies.
    #[cfg(feature = "std")]
    #[error(
        "{map} was created without an address (map_extra is 0), and where it lies could not be found out ({reason}): set map_extra when it \
         is created, or ask who mapped it (for libbpf's own mapping there is `Arena::adopt`)"
    )]
    ArenaAddressUnknown {
        /// The arena.
        map: MapName,
        /// Why a program could not ask for it.
        reason: String,
    },

    /// It could not be found out where a program's global variables lie in an arena.
    #[cfg(feature = "std")]
    #[error("where the program's global variables lie in {map} is not known: {reason}")]
    ArenaGlobalsUnknown {
        /// The arena.
        map: MapName,
        /// Why, and what to do.
        reason: String,
    },

    /// The kernel did not map the arena where it has to be.
    #[error("{map} cannot be mapped at {start:#x}, {len:#x} bytes: {}{}", Errno(*errno), unmappable_hint(*errno))]
    ArenaUnmappable {
        /// The arena.
        map: MapName,
        /// Where it has to be.
        start: u64,
        /// Its length in bytes.
        len: u64,
        /// The error number.
        errno: i32,
    },

    /// A map cannot be pinned at a path, or not be opened by it.
    #[cfg(feature = "std")]
    #[error("cannot {operation} at {}: {}{}", path.display(), Errno(*errno), pin_hint(*errno))]
    PinFailed {
        /// What was refused.
        operation: &'static str,
        /// The path.
        path: std::path::PathBuf,
        /// The error number.
        errno: i32,
    },

    /// There is no free range of addresses for an arena in this process.
    #[error(
        "there are no {len:#x} bytes of addresses free between two multiples of 4 GiB (is there a limit on address space, `ulimit -v`?)"
    )]
    NoRoomForArena {
        /// The length in bytes.
        len: u64,
    },

    /// Memory that is not what `Arena::adopt` takes over.
    #[cfg(feature = "std")]
    #[error(
        "{len:#x} bytes at {base:#x} are not the mapping of an arena, but {found}. With libbpf: `bpf_map__initial_value` of an arena whose \
         descriptor was reused or pinned is a copy on the heap; open such an arena with `Arena::from_map`"
    )]
    NotArenaMemory {
        /// Where it begins.
        base: usize,
        /// Its length in bytes.
        len: usize,
        /// What it is, in the words of /proc.
        found: String,
    },

    /// The arena has no map of the kernel's, or none that is known.
    #[error(
        "not possible to {operation}: the arena is a memfd, or memory adopted without its map (`Arena::adopt_map`)"
    )]
    NoArenaMap {
        /// What was asked for.
        operation: &'static str,
    },

    /// The kernel has no arenas on this machine.
    #[error(
        "the kernel has no arenas here: it needs its JIT compiler for BPF, and one that knows arenas on this architecture"
    )]
    NoArenas,

    /// Pages that are not in the arena.
    #[error("pages {start}..{end} are out of range: the arena has {pages}")]
    PagesOutOfRange {
        /// The first page.
        start: u64,
        /// The page after the last.
        end: u64,
        /// The number of pages.
        pages: u64,
    },

    /// There are not as many free pages side by side as were asked for.
    #[error("{}", NoFreePages(*pages))]
    NoFreePages {
        /// The number asked for.
        pages: u64,
    },

    /// Pages that somebody has.
    #[error(
        "pages {start}..{end} are not free: BPF programs allocated or reserved some, or a process touched them (or the kernel has no memory)"
    )]
    PagesTaken {
        /// The first page.
        start: u64,
        /// The page after the last.
        end: u64,
    },

    /// The kernel has no function of this name for BPF programs.
    #[error("the running kernel {running} has no function `{name}` for BPF programs: Linux {needs} or newer has it")]
    NoKernelFunction {
        /// Its name.
        name: &'static str,
        /// The first version that has it.
        needs: KernelVersion,
        /// The version that runs.
        running: KernelVersion,
    },

    /// The kernel refused to load a program of this crate.
    #[cfg(feature = "std")]
    #[error("the kernel refused the program to {purpose}: {} ({log})", Errno(*errno))]
    ProgramRefused {
        /// What the program is for.
        purpose: &'static str,
        /// The error number.
        errno: i32,
        /// The last words of the verifier.
        log: String,
    },

    /// A place that is not in the arena it is said to be in.
    #[error(
        "the place at {place:#x} is not inside of this arena, which is mapped at {base:#x} and is {len:#x} bytes long"
    )]
    NotInArena {
        /// Its address in this process.
        place: usize,
        /// Where the arena is mapped in this process.
        base: usize,
        /// The arena's length in bytes.
        len: u64,
    },

    /// A pointer of a list or table leads to no element.
    #[error(
        "the pointer at {at:#x} is {value:#x}, where no `{type_name}` of the list can be: it is misaligned, or outside of the arena, which lies at {start:#x} \
         and is {len:#x} bytes long. Somebody wrote over the list, or its elements are of another type"
    )]
    WildPointer {
        /// The type of the elements.
        type_name: &'static str,
        /// Where in the arena the pointer is.
        at: u64,
        /// What it is.
        value: u64,
        /// The arena's first address.
        start: u64,
        /// The arena's length in bytes.
        len: u64,
    },

    /// The pointers of a list or table go in a circle.
    #[error(
        "a walk that came to {at:#x} has met one `{type_name}` again and again, or more than the {max} that the arena has room for: the pointers go in a \
         circle, or a writer moved elements about meanwhile"
    )]
    Cycle {
        /// The type of the elements.
        type_name: &'static str,
        /// Where in the arena the walk was given up.
        at: u64,
        /// As many elements fit into the arena.
        max: usize,
    },

    /// An element of a list or table was removed while a walk stood on it.
    #[error("the `{type_name}` with the pointer at {at:#x} was removed while a walk stood on it: walk again")]
    ElementRemoved {
        /// The type of the elements.
        type_name: &'static str,
        /// Where in the arena its pointer to the next one is.
        at: u64,
    },

    /// An element to link is in a list or table already.
    #[error(
        "the `{type_name}` at {at:#x} is in a list already, as its node says: remove it from there first, or, if that list is no longer, store \
         `ListNode::default()` in the node"
    )]
    AlreadyLinked {
        /// The type of the element.
        type_name: &'static str,
        /// Where in the arena it is.
        at: u64,
    },

    /// An element to remove is in no list or table.
    #[error(
        "the `{type_name}` at {at:#x} is in no list: its back pointer, {pprev:#x}, does not lead to a pointer to it. (If it is in one, a writer \
         died before it had set the back pointer: use `repair`)"
    )]
    NotLinked {
        /// The type of the element.
        type_name: &'static str,
        /// Where in the arena it is.
        at: u64,
        /// Its back pointer.
        pprev: u64,
    },

    /// The back pointer of an element in a list or table is wrong.
    #[error(
        "the back pointer of the `{type_name}` at {at:#x} is {found:#x}, but the pointer to it is at {expected:#x}: a writer died before it had set it, \
         or somebody wrote over it. Use `repair`"
    )]
    BackPointer {
        /// The type of the element.
        type_name: &'static str,
        /// Where in the arena it is.
        at: u64,
        /// Its back pointer.
        found: u64,
        /// Where the pointer to it is.
        expected: u64,
    },

    /// An element of a hash table is in a bucket where its hash does not belong.
    #[error(
        "the `{type_name}` at {at:#x} is in bucket {bucket}, where its hash {hash:#x} does not belong: somebody wrote over the table, or removed the \
         element and used its memory again while a walk stood on it"
    )]
    WrongBucket {
        /// The type of the elements.
        type_name: &'static str,
        /// Where in the arena it is.
        at: u64,
        /// Its hash.
        hash: u32,
        /// The number of the bucket.
        bucket: usize,
    },

    /// A hash table has more buckets than the caller expects.
    #[error(
        "the table has {found} buckets, more than {max}: somebody wrote over the number, or the table is larger than expected \
         (`ArenaHashMap::open_up_to` takes the largest number as an argument)"
    )]
    TooManyBuckets {
        /// The number.
        found: usize,
        /// The most that are expected.
        max: usize,
    },

    /// A hash table cannot have this many buckets.
    #[error(
        "{found} is no number of buckets, which is a power of two, at most 2^30: the table is not set up yet (`ArenaHashMap::init`, `mv_table_init`), or it \
         is not one"
    )]
    BucketCount {
        /// The number.
        found: i32,
    },

    /// All memory for values of a type is in use.
    #[error("all {slots} slots for `{type_name}` are taken: give some back, or make the region larger")]
    NoRoom {
        /// The type.
        type_name: &'static str,
        /// How many there are.
        slots: usize,
    },

    /// Bytes are not the BTF, or not the object file, that they should be.
    #[cfg(feature = "std")]
    #[error(transparent)]
    Btf(#[from] InvalidBtf),

    /// The map was created without the types of its program.
    #[cfg(feature = "std")]
    #[error(
        "{map} has no BTF, so the kernel does not know its types: compile the program with `-g`, and name the types of a map in its \
         definition (`__type(value, struct ..)`). If it is a section of globals (aya creates their maps without BTF), use \
         `DataSection::from_map_with_btf` with `Btf::from_object` of the object file that was loaded"
    )]
    NoBtf {
        /// The map.
        map: MapName,
    },

    /// The map has the BTF of its program, but says of its keys or values no type in it.
    #[cfg(feature = "std")]
    #[error("{map} has BTF, but names no type of its {part}: name it in the definition (`__type(value, struct ..)`)")]
    Untyped {
        /// The map.
        map: MapName,
        /// Keys or values.
        part: &'static str,
    },

    /// The kernel does not offer its own types.
    #[cfg(feature = "std")]
    #[error("the kernel's own BTF cannot be read from {path}: {reason} (it takes a kernel with CONFIG_DEBUG_INFO_BTF)")]
    NoVmlinux {
        /// Where it should be.
        path: &'static str,
        /// What the system said.
        reason: String,
    },

    /// The Rust type is not laid out as the C type is.
    #[cfg(feature = "std")]
    #[error(transparent)]
    LayoutMismatch(Box<Mismatches>),

    /// There is no C type of this name.
    #[cfg(feature = "std")]
    #[error("there is no type `{name}` in the BTF{nearest}")]
    UnknownType {
        /// The name asked for.
        name: String,
        /// Names like it.
        nearest: Nearest,
    },

    /// The map holds values of another kind than a section of globals.
    #[cfg(feature = "std")]
    #[error(
        "{map} is no section of global variables: its values are `{found}`. Use `Mapping::from_map`, and \
         `bpf::check_map_value` to check their layout"
    )]
    NotASection {
        /// The map.
        map: MapName,
        /// The type of its values.
        found: String,
    },

    /// The BTF has no section of this name.
    #[cfg(feature = "std")]
    #[error("there is no section `{name}` in the BTF{nearest}")]
    UnknownSection {
        /// The name asked for.
        name: String,
        /// Names like it.
        nearest: Nearest,
    },

    /// The BTF does not tell where the variables of the section lie.
    #[cfg(feature = "std")]
    #[error(
        "the BTF does not say where the variables of `{name}` lie: clang leaves that open. Read the whole object file, with \
         `Btf::from_object` (or, where the loader lays the section out, as `.kconfig`, open its map with \
         `DataSection::from_map`)"
    )]
    OpenSection {
        /// The section.
        name: String,
    },

    /// A section is the one value of its map.
    #[cfg(feature = "std")]
    #[error("{map} has {entries} values, but a section of globals is the one value of its map")]
    SeveralValues {
        /// The map.
        map: MapName,
        /// The number of its values.
        entries: u32,
    },

    /// The memory has another length than the section.
    #[cfg(feature = "std")]
    #[error(
        "the section `{name}` is {size} bytes long by its BTF, but {map} has {len}: the BTF must be that of the object which the \
         map was created from"
    )]
    SectionSize {
        /// The section.
        name: String,
        /// Its size in bytes by the BTF.
        size: usize,
        /// The map.
        map: MapName,
        /// The length of the memory in bytes.
        len: usize,
    },

    /// The BTF is that of a program for a machine of the other byte order.
    #[cfg(feature = "std")]
    #[error("the BTF is {found:?}-endian, but this machine is not: take the object that was compiled for it")]
    ForeignByteOrder {
        /// That of the BTF.
        found: Endianness,
    },

    /// The section has no variable of this name.
    #[cfg(feature = "std")]
    #[error("the section `{section}` has no variable `{name}`{}{nearest}", if *hidden { ", but one that is `static` or hidden, \
             whose place is not known: make it global" } else { "" })]
    UnknownVariable {
        /// The section.
        section: String,
        /// The name asked for.
        name: String,
        /// Whether there is one that only its own file sees.
        hidden: bool,
        /// Names like it.
        nearest: Nearest,
    },

    /// A path into a variable leads nowhere.
    #[cfg(feature = "std")]
    #[error("`{path}`: {reason}")]
    NoSuchPart {
        /// The whole path.
        path: String,
        /// Which step fails, and why.
        reason: String,
    },

    /// The Rust type is not laid out as the variable is.
    #[cfg(feature = "std")]
    #[error("the variable `{variable}` of `{section}` has another layout:\n{mismatches}")]
    VariableLayout {
        /// The section.
        section: String,
        /// The variable, or the part of one.
        variable: String,
        /// All differences.
        mismatches: Box<Mismatches>,
    },

    /// A place in memory is asked for in a section that is not mapped.
    #[cfg(feature = "std")]
    #[error(
        "{map} is not mapped, since it was created without BPF_F_MMAPABLE, or before Linux 5.5: use `any_var`, which \
         loads and stores by system calls, or load the program with libbpf, which maps its sections"
    )]
    NotMapped {
        /// The map.
        map: MapName,
    },

    /// A store to a map that is not mapped, and that user space cannot write.
    #[cfg(feature = "std")]
    #[error("{map} cannot be written ({reason}): its values can only be loaded")]
    NotWritable {
        /// The map.
        map: MapName,
        /// Why.
        reason: ReadOnlyReason,
    },

    /// A store by a system call would overwrite what programs write at the same time.
    #[cfg(feature = "std")]
    #[error(
        "{map} is not mapped, and a store by a system call writes all of its {len} bytes, {size} of them new: what BPF programs \
         write to the others meanwhile would be lost. Create the map with BPF_F_MMAPABLE, or use `store_exclusive` while no \
         program runs"
    )]
    WouldLoseWrites {
        /// The map.
        map: MapName,
        /// The bytes to store.
        size: usize,
        /// The bytes of the section.
        len: usize,
    },

    /// The keys of a map are longer or shorter than the type.
    #[error("`{type_name}` is {size} bytes long, but the keys of {map} are {key_size} bytes long")]
    KeySize {
        /// The type.
        type_name: &'static str,
        /// Size of the type in bytes.
        size: usize,
        /// The map's key size.
        key_size: usize,
        /// The map.
        map: MapName,
    },

    /// The map is of a type that has no values to look up.
    #[error(
        "{map} is of type {map_type}, which has no values to look up: maps of type array, hash, lru_hash and lpm_trie have, and the per-CPU ones"
    )]
    NoLookups {
        /// The map.
        map: MapName,
        /// Its type.
        map_type: MapType,
    },

    /// The map has a value for each CPU, where one is asked for.
    #[error(
        "cannot {operation} {map} with one value a key, since it is of type {map_type} and has one for each CPU: go by their bytes, with \
         `bpf::lookup_bytes` and `bpf::update_bytes`"
    )]
    PerCpuValues {
        /// What was asked for.
        operation: &'static str,
        /// The map.
        map: MapName,
        /// Its type.
        map_type: MapType,
    },

    /// A key to insert is there already. (Of an array, each is.)
    #[error("the key is in {map} already: update it with `Update::Always` or `Update::IfPresent`")]
    KeyExists {
        /// The map.
        map: MapName,
    },

    /// A key to update is not there.
    #[error("the key is not in {map}: insert it with `Update::Always` or `Update::IfAbsent`")]
    NoSuchKey {
        /// The map.
        map: MapName,
    },

    /// There is no room for another key.
    #[error(
        "{map} is full: it has room for {max_entries} entries. Remove some, or create it with a larger `max_entries`"
    )]
    MapFull {
        /// The map.
        map: MapName,
        /// As many entries it can have.
        max_entries: u32,
    },

    /// The elements of an array cannot be removed.
    #[error("{map} is of type {map_type}, whose elements are always there: store a value that means nothing instead")]
    NotRemovable {
        /// The map.
        map: MapName,
        /// Its type.
        map_type: MapType,
    },

    /// A walk over a map did not come to an end, since others inserted and removed keys meanwhile.
    #[error(
        "a walk over {map} was given up after {steps} steps, twice as many as it can have entries: others insert and remove keys so fast that \
         it began anew. Walk again, or at a quieter time"
    )]
    MapChanging {
        /// The map.
        map: MapName,
        /// How many steps it took.
        steps: u64,
    },

    /// Of several updates, one failed: those before it were made.
    #[cfg(feature = "std")]
    #[error("{done} of {len} entries were updated, then: {error}")]
    BatchStopped {
        /// How many were made.
        done: usize,
        /// How many there were to make.
        len: usize,
        /// What is wrong with the next one.
        error: Box<Error>,
    },

    /// There is no map of this number.
    #[error("there is no map with the id {id}: a map goes with the last descriptor, pin, program and mapping of it")]
    NoMapWithId {
        /// The number.
        id: u32,
    },

    /// What is pinned is not a map.
    #[cfg(feature = "std")]
    #[error("what is pinned at {} is not a BPF map but {found}", path.display())]
    PinnedOther {
        /// The path.
        path: std::path::PathBuf,
        /// What the kernel says it is.
        found: Found,
    },

    /// The kernel refused an operation for another reason.
    #[error("cannot {operation}: {}", Errno(*errno))]
    Os {
        /// What was refused.
        operation: &'static str,
        /// The error number.
        errno: i32,
    },
}

#[cfg(feature = "std")]
impl Error {
    /// A refusal by the operating system.
    pub(crate) fn os(operation: &'static str, error: &std::io::Error) -> Self {
        Self::Os { operation, errno: error.raw_os_error().unwrap_or(libc::EIO) }
    }
}

/// That there are not as many free pages, or that none were asked for.
struct NoFreePages(u64);

impl fmt::Display for NoFreePages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("no pages were asked for: allocate at least 1"),
            pages => write!(
                f,
                "the arena has no {pages} free pages side by side (or the kernel has no memory for them, or the memory cgroup of the arena's \
                 creator is full)"
            ),
        }
    }
}

/// What an error number means where an arena has to be mapped.
fn unmappable_hint(errno: i32) -> &'static str {
    match errno {
        #[cfg(feature = "std")]
        libc::ENOMEM => {
            ". A process has no such addresses (they begin at `vm.mmap_min_addr`, and have 47 bits on most machines), or no more of them \
             (`ulimit -v`): create the arena elsewhere, as `Arena::create` does"
        }
        _ => "",
    }
}

/// What to do about a pin that cannot be made or opened.
#[cfg(feature = "std")]
fn pin_hint(errno: i32) -> &'static str {
    match errno {
        libc::EEXIST => {
            ". Something is pinned there: open it with `from_pin` (of an arena, `Arena::from_pin`), or remove it first"
        }
        libc::EPERM | libc::EINVAL | libc::EACCES => {
            ". A pin has a path in a BPF file system, which this process may reach: `mount -t bpf bpf /sys/fs/bpf` makes one"
        }
        libc::ENOENT => ". There is no such file, or no such folder",
        _ => "",
    }
}

/// An error number in words.
struct Errno(i32);

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "std")]
        return std::io::Error::from_raw_os_error(self.0).fmt(f);
        #[cfg(not(feature = "std"))]
        return write!(f, "errno {}", self.0);
    }
}
