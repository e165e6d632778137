//! How an allocator is laid out: from the user's [`Config`] to the header; and from a header, which
//! anybody may have written, to bounds that hold.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::Range;
use std::thread;
use std::time::Duration;

use super::cache::MAGAZINE;
use super::layout::{CLASSES, Class, Header, HeaderShared, MAGIC, MAKING, SHARDS, SLOT_HEADER, Shard, VERSION, state};
use crate::arena::handle::Arena;
use crate::error::AllocError;
use crate::handle::{Slice, Var};
use crate::sys::membarrier;
use crate::sys::process::Thread;
use crate::value::{ArenaPtr, MapValue, Mirror};

/// The least alignment of values.
pub(crate) const MIN_ALIGN: usize = 8;
const MAX_VALUE: u32 = 1 << 20;
const MAX_ALIGN: usize = 4096;
/// The least capacity of an allocator of which threads keep slots.
const LARGE: u32 = 512;
/// Where none is given.
const SIZES: [u32; 13] = [16, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192];

/// How large an allocator is, and where.
///
/// ```
/// # use mapvalue::{Allocator, Arena, arena::Config};
/// # let arena = Arena::memfd(64)?;
/// let at = Some(arena.page(8));
/// let config = Config { value_size: 48, capacity: 1000, at, ..Config::default() };
/// assert!(config.bytes()? >= 1000 * 64); // each slot has 16 bytes of its own
/// assert_eq!(Allocator::create(&arena, config)?.as_ptr(), arena.page(8));
/// assert!(Allocator::create(&arena, Config { capacity: 1 << 20, ..config }).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Bytes of a value: each slot has room for one. 0 (the default) makes slots of 13 sizes, from
    /// 16 to 8192 bytes. A value gets the smallest that has room, or the next if those are in use.
    pub value_size: usize,
    /// Number of slots, of each size (1024 by default).
    pub capacity: u32,
    /// Alignment: a power of two, 8 (the default) to 4096. Above 8 it can cost as much a slot.
    pub align: usize,
    /// Whether all pages are made at once (the default). BPF programs cannot make any: what they
    /// store to a missing page is lost. Without BPF programs, `false` saves what is not used.
    pub prefault: bool,
    /// Where it begins: at a multiple of 64 bytes, and of `align`, that the caller reserved. By
    /// default that is one page into the arena, which suits an arena that nothing else is in.
    pub at: Option<ArenaPtr<()>>,
}

impl Default for Config {
    fn default() -> Self {
        Self { value_size: 0, capacity: 1024, align: 8, prefault: true, at: None }
    }
}

impl Config {
    /// Bytes of the arena that it takes, from `at` on.
    ///
    /// # Errors
    ///
    /// [`AllocError::Config`].
    pub fn bytes(&self) -> Result<u64, AllocError> {
        Ok(self.lay_out()?.1)
    }

    /// The classes one after the other, and where the last ends: all from the header on.
    fn lay_out(&self) -> Result<(Vec<Class>, u64), AllocError> {
        let Self { value_size, capacity, align, .. } = *self;
        let wrong = |field, given: usize, needed| Err(AllocError::Config { field, given: given as u64, needed });
        if !align.is_power_of_two() || !(MIN_ALIGN..=MAX_ALIGN).contains(&align) {
            return wrong("align", align, "it must be a power of two from 8 to 4096");
        }
        if capacity == 0 || capacity == u32::MAX {
            return wrong("capacity", capacity as usize, "it must be from 1 to 2^32 - 2");
        }
        let sizes: &[u32] = match u32::try_from(value_size) {
            Ok(0) => &SIZES,
            Ok(size @ ..=MAX_VALUE) => &[size],
            _ => return wrong("value_size", value_size, "it must be at most 1,048,576"),
        };
        let (header, align) = (SLOT_HEADER as u64, align as u64);
        let mut end = size_of::<Header>() as u64;
        let class = |&value_size: &u32| {
            let stride = (header + u64::from(value_size)).next_multiple_of(align);
            // Values are aligned, not their slots' headers.
            let first = (end + header).next_multiple_of(align) - header;
            let class = Class::new(value_size, capacity, u32::try_from(stride).unwrap_or(u32::MAX), first);
            end = class.end();
            class
        };
        Ok((sizes.iter().map(class).collect(), end))
    }
}

/// The number by which slots name their allocator: it leads from any object to the header.
#[expect(clippy::cast_possible_truncation, reason = "the low 32 bits tell the place")]
fn id_of(header: u64) -> u32 {
    header as u32 / align_of::<Header>() as u32
}

/// The gate of a visitor that nobody uses: a number that nothing else in memory is likely to be.
pub(crate) const fn vacant(live: u32) -> u64 {
    (live as u64) << 32 | 0x6d76_6174
}

/// Returns the places of the allocators that this process has open and that overlap with a range.
type OpenAt = fn(Range<usize>) -> Vec<Range<usize>>;

/// Checks that there is no allocator where one shall be made: here, as its header says, or
/// overlapping, as far as this process knows. One that it has open counts also if somebody
/// overwrote its header, until that says that it is drained.
fn check_free(header: &Var<Header>, at: u64, bytes: u64, open: OpenAt) -> Result<(), AllocError> {
    let start = std::ptr::from_ref(&**header).addr();
    let place = start..start + usize::try_from(bytes).unwrap_or(0);
    let in_arena = |address: usize| at.wrapping_add(address as u64).wrapping_sub(start as u64);
    let open = open(place);
    if let Some(other) = open.iter().find(|open| open.start != start) {
        return Err(AllocError::Occupied { start: in_arena(other.start), end: in_arena(other.end) });
    }
    let magic = header.magic.load_acquire();
    check_drained(header, at, magic)?;
    match open.first() {
        Some(open) if magic != MAGIC || header.state.load() & state::BITS != state::DRAINED => {
            Err(AllocError::Overwritten { start: at, end: in_arena(open.end) })
        }
        _ => Ok(()),
    }
}

/// Checks that the allocator with this header and magic number, if it is one, may be replaced.
fn check_drained(header: &Var<Header>, at: u64, magic: u64) -> Result<(), AllocError> {
    let is_alive = || !matches!(header.state.load() & state::BITS, 0 | state::DRAINED | state::BITS);
    if magic == MAGIC && header.id.load() == id_of(at) && is_alive() {
        return Err(AllocError::Occupied { start: at, end: at.saturating_add(header.len.load()) });
    }
    Ok(())
}

/// How often a thread looks for others, which are gone after some hundred nanoseconds unless they
/// are stopped. (Looks and not time: a busy machine stops the thread that looks, too.)
pub(crate) const PATIENCE: u32 = 1000;

/// Looks at most so often, until there is something, and sleeps for a millisecond between two looks
/// after the first tenth. `look` is told whether it is that late.
pub(crate) fn look_often<T>(looks: u32, mut look: impl FnMut(bool) -> Option<T>) -> Option<T> {
    for turn in 0..looks {
        let is_late = turn >= looks / 10;
        if let Some(found) = look(is_late) {
            return Some(found);
        }
        if is_late { thread::sleep(Duration::from_millis(1)) } else { thread::yield_now() }
    }
    None
}

const LOW_HALF: u64 = u32::MAX as u64;

/// Whether somebody makes an allocator there.
const fn is_being_made(magic: u64) -> bool {
    magic & !LOW_HALF == MAKING
}

/// Takes the place for the one thread that makes an allocator there; returns the number in `magic`.
/// Others find it occupied, until the allocator is made or the thread has ended. If they cannot
/// know whether it has (`Thread::is_gone`), they take the place after a while. `len` and `failed`
/// say which thread it is, once `version` is the lower half of `magic`.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is asked for")]
fn claim(header: &Var<Header>, at: u64) -> Result<u64, AllocError> {
    let here = Thread::current();
    let occupied = || AllocError::Occupied { start: at, end: at.saturating_add(size_of::<Header>() as u64) };
    let mut found = 0;
    let is_taken = look_often(PATIENCE, |_| {
        found = header.magic.load_acquire();
        let is_known = u64::from(header.version.load_acquire()) == found & LOW_HALF;
        let maker = Thread { number: header.len.load(), space: header.failed.load() };
        let is_open = !is_being_made(found) || is_known && maker.is_gone();
        (is_open || is_known && maker.space == here.space).then_some(!is_open)
    });
    if is_taken == Some(true) {
        return Err(occupied());
    }
    check_drained(header, at, found)?;
    let making = if is_being_made(found) { MAKING | (found + 1) & LOW_HALF } else { MAKING | 1 << 31 };
    header.magic.compare_exchange_acq_rel(found, making).map_err(|_| occupied())?;
    // Another may have been made here since that look.
    check_drained(header, at, found).inspect_err(|_| _ = header.magic.compare_exchange(making, found))?;
    header.len.store(here.number);
    header.failed.store(here.space);
    header.version.store_release(making as u32);
    Ok(making)
}

/// Makes the header of an allocator; `open` finds those that this process has open.
pub(crate) fn write(arena: &Arena, config: &Config, open: OpenAt) -> Result<Var<Header>, AllocError> {
    let (classes, bytes) = config.lay_out()?;
    let at = config.at.unwrap_or_else(|| ArenaPtr::from_address(arena.start() + 4096));
    let header: Var<Header> = arena.var(at.cast())?;
    let start = arena.ptr_of(&*header)?.address();
    if id_of(start) == 0 {
        let needed = "it must not be at a multiple of 4 GiB, the address that looks like null to BPF programs";
        return Err(AllocError::Config { field: "at", given: start, needed });
    }
    // Values are laid out from there on.
    if !start.is_multiple_of(config.align as u64) {
        return Err(AllocError::Config { field: "at", given: start, needed: "it must be a multiple of `align`" });
    }
    let all = whole(arena, start, bytes)?;
    check_free(&header, start, bytes, open)?;
    let was_here = header.magic.load() == MAGIC && header.id.load() == id_of(start);
    // How far there can be words of an allocator that was here: a missing page stays missing.
    let mut old = if was_here { header.len.load().min(bytes) } else { 0 };
    if config.prefault {
        let (offset, page) = (start - arena.start(), arena.page_size());
        arena.prefault(offset / page..(offset + bytes).div_ceil(page))?;
        old = bytes;
    }

    // Nobody takes it for an allocator while it is written.
    let making = claim(&header, start)?;
    for class in &classes {
        for at in (class.first..class.end().min(old)).step_by(class.stride as usize) {
            // It names no allocator now. The generation goes on: there may be old pointers.
            let word = &all[usize::try_from(at / 8).unwrap_or(0)];
            word.store(word.load() & !LOW_HALF);
        }
    }
    for class in &header.classes {
        class.store(Class::new(0, 0, 0, 0));
    }
    // A random number, so that two allocators in the same place hardly ever have the same.
    let live = (RandomState::new().hash_one(()) >> 32) as u32 & !state::BITS | state::LIVE;
    for (i, shard) in header.shards.iter().enumerate() {
        shard.store(Shard { owner: if i < SHARDS { 0 } else { vacant(live) }, space: 0, kept: [0; CLASSES] });
    }
    // All threads together keep at most a sixteenth, in as many shards as a `u64` has bits.
    let few = if config.capacity < LARGE { 0 } else { (config.capacity / 16).div_ceil(u64::BITS) };
    header.failed.store(0);
    header.state.store_release(live);
    let (align, magazine) = (config.align.try_into().unwrap_or(0), few.min(MAGAZINE));
    let (id, asymmetric, classes) = (id_of(start), membarrier::register(), classes.into());
    Shape { start, id, live, align, magazine, asymmetric, classes, all }.store(&header);
    // If this thread was taken for gone, another has the place.
    let made = header.magic.compare_exchange_acq_rel(making, MAGIC);
    made.map_err(|_| AllocError::Occupied { start, end: start + bytes })?;
    Ok(header)
}

/// What an allocator says of itself, as this process has checked it.
pub(crate) struct Shape {
    /// Where it is in the arena.
    pub(crate) start: u64,
    pub(crate) id: u32,
    /// The state in the header while the allocator hands out objects.
    pub(crate) live: u32,
    pub(crate) align: u32,
    /// Free slots of a class that a thread keeps at most, if its process may use `membarrier`.
    pub(crate) magazine: u32,
    /// Whether threads of some process keep slots, and leave a fence to the closing thread.
    pub(crate) asymmetric: bool,
    pub(crate) classes: Box<[Class]>,
    /// All of it, slots too: a reference to one place may not be used for the others.
    pub(crate) all: Slice<u64>,
}

impl Shape {
    /// Writes what never changes into a header, but the magic number.
    pub(crate) fn store(&self, header: &HeaderShared) {
        for (class, is) in header.classes.iter().zip(&self.classes) {
            class.capacity.store(is.capacity);
            class.value_size.store(is.value_size);
            class.stride.store(is.stride);
            class.first.store(is.first);
        }
        header.version.store(VERSION);
        header.id.store(self.id);
        header.class_count.store(self.classes.len().try_into().unwrap_or(0));
        header.align.store(self.align);
        header.magazine.store(self.magazine);
        header.asymmetric.store(self.asymmetric.into());
        header.len.store(self.len());
    }

    pub(crate) fn len(&self) -> u64 {
        self.classes.last().map_or(0, Class::end)
    }

    /// Returns a number that hardly another allocator of this machine has, wherever it is mapped.
    pub(crate) const fn identity(&self) -> u64 {
        (self.live as u64) << 32 | self.id as u64
    }
}

/// Reads a header, if all of it makes sense: each word once, since it may change at any time.
pub(crate) fn read(arena: &Arena, header: &Var<Header>) -> Result<Shape, AllocError> {
    let start = arena.ptr_of(&**header)?.address();
    let check = |is_right: bool, what, found: u64, expected: u64| {
        if is_right { Ok(()) } else { Err(AllocError::NoAllocator { at: start, what, found, expected }) }
    };
    // Another thread that would make one here puts it back at once if it comes too late (`claim`).
    let mut magic = MAKING;
    look_often(PATIENCE / 10, |_| {
        magic = header.magic.load_acquire();
        (!is_being_made(magic)).then_some(())
    });
    check(magic == MAGIC, "the magic number", magic, MAGIC)?;
    let version = header.version.load();
    check(version == VERSION, "the version", version.into(), VERSION.into())?;
    let id = header.id.load();
    check(id != 0 && id == id_of(start), "its number", id.into(), id_of(start).into())?;
    let align = header.align.load();
    let is_right = align.is_power_of_two() && (MIN_ALIGN..=MAX_ALIGN).contains(&(align as usize));
    check(is_right, "the alignment", align.into(), MAX_ALIGN as u64)?;
    let count = header.class_count.load();
    check(count != 0 && count as usize <= CLASSES, "the number of classes", count.into(), CLASSES as u64)?;
    let slot_header = SLOT_HEADER as u64;
    let (mut end, most) = (size_of::<Header>() as u64, arena.start() + arena.len() - start);
    let mut classes = Vec::new();
    for class in &header.classes[..count as usize] {
        let Class { value_size, stride, capacity, first, .. } = class.load();
        // A value gets a slot of a later class if its own has none left (`Opened::take`).
        let least = classes.last().map_or(0, |class: &Class| class.value_size);
        check(value_size >= least, "the size of values", value_size.into(), least.into())?;
        check(first <= arena.len(), "the place of a class", first, arena.len())?;
        let is_right = first >= end && (start + first + slot_header).is_multiple_of(align.into());
        check(is_right, "the place of a class", first, end)?;
        let least = slot_header + u64::from(value_size);
        let is_right = u64::from(stride) >= least && stride.is_multiple_of(align) && capacity != 0;
        check(is_right, "the distance of slots", stride.into(), least)?;
        let after = u64::from(stride).checked_mul(capacity.into()).and_then(|len| first.checked_add(len));
        check(after.is_some(), "the number of slots", capacity.into(), arena.len())?;
        end = after.unwrap_or(u64::MAX);
        check(end <= most && capacity != u32::MAX, "the end of a class", end, most)?;
        classes.push(Class::new(value_size, capacity, stride, first));
    }
    let (magazine, asymmetric) = (header.magazine.load().min(MAGAZINE), header.asymmetric.load() != 0);
    let live = header.state.load() & !state::BITS | state::LIVE;
    let (all, classes) = (whole(arena, start, end)?, classes.into());
    Ok(Shape { start, id, live, align, magazine, asymmetric, classes, all })
}

/// All of an allocator, if it is inside of the arena.
fn whole(arena: &Arena, start: u64, bytes: u64) -> Result<Slice<u64>, AllocError> {
    let words = usize::try_from(bytes.div_ceil(8)).unwrap_or(usize::MAX);
    Ok(arena.slice(ArenaPtr::from_address(start), words)?)
}

const _: () = assert!(Header::LAYOUT.align() == 64);
