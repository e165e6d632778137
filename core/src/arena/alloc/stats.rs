//! How many objects there are.

use super::allocator::Allocator;
use super::class::Class;
use super::layout;
use super::opened::Opened;
use super::protocol::{Control, Holder};

/// How many objects there are and were.
///
/// ```
/// # use mapvalue::{Allocator, Arena, arena::Config};
/// let arena = Arena::memfd(1024)?;
/// let config = Config { capacity: 16, ..Config::default() };
/// let objects = Allocator::create(&arena, config)?; // of 13 sizes
/// let _one = objects.alloc([0u64; 5])?; // 40 bytes
/// let stats = objects.stats();
/// assert_eq!((stats.live, stats.free, stats.capacity), (1, 207, 208));
/// let class = stats.classes.into_iter().find(|class| class.live > 0).expect("an object");
/// assert_eq!((class.value_size, class.live, class.capacity), (48, 1, 16));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Objects. While others make and free some, it is an estimate: slots on their way, and up to
    /// 63 that a thread of another process keeps, may count twice or not at all.
    /// [`Closing::remaining`](super::Closing::remaining) is exact.
    pub live: u64,
    /// Slots without an object.
    pub free: u64,
    /// Slots.
    pub capacity: u64,
    /// Objects that were refused, since no slot was free or the list was broken; and slots that
    /// were lost, since somebody had written over their word, or keeps the lists closed.
    pub failed: u64,
    /// The same by size of slot, from small to large.
    pub classes: Vec<ClassStats>,
}

/// Statistics for one slot size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassStats {
    /// Bytes of a value, at most.
    pub value_size: u32,
    /// Objects.
    pub live: u64,
    /// Slots.
    pub capacity: u32,
    /// Slots that were used at some time.
    pub used: u32,
}

impl Opened {
    /// Returns the number of slots that hold an object.
    pub(crate) fn held(&self) -> u64 {
        let is_held =
            |control: Control| control.id() == self.id && matches!(control.holder(), Holder::Shared | Holder::Object);
        let used = self.classes().flat_map(|class| class.used(class.words.fresh.load_acquire()));
        used.filter(|(_, _, control)| is_held(*control)).count() as u64
    }
}

impl Allocator {
    /// Returns how many objects and slots there are.
    pub fn stats(&self) -> Stats {
        // In use are all slots that were ever used, less the free ones, and those on their way.
        let of_class = |class: Class<'_>| {
            let layout::Class { value_size, capacity, .. } = *class.shape;
            let free = class.opened.kept(class.number) + u64::from(class.words.listed.load_acquire());
            // Read last, so that it is not too small.
            let used = class.words.fresh.load_acquire().min(capacity);
            ClassStats { value_size, live: u64::from(used).saturating_sub(free), capacity, used }
        };
        let classes: Vec<_> = self.opened.classes().map(of_class).collect();
        let live = classes.iter().map(|class| class.live).sum();
        let capacity = classes.iter().map(|class| u64::from(class.capacity)).sum::<u64>();
        let failed = self.opened.header.failed.load();
        Stats { live, free: capacity.saturating_sub(live), capacity, failed, classes }
    }
}
