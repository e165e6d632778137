//! How many objects there are.

use super::config::Geometry;
use super::control::{Control, Holder};
use super::inner::Inner;

/// How many objects there are and were.
///
/// ```
/// use mapvalue::arena::Config;
/// use mapvalue::{Allocator, Arena};
///
/// let arena = Arena::memfd(16)?;
/// let objects = Allocator::create(
///     &arena,
///     Config { value_size: 8, capacity: 100, ..Config::default() },
/// )?;
/// let one = objects.alloc(1u64)?;
/// let stats = objects.stats();
/// assert_eq!((stats.live, stats.free, stats.capacity), (1, 99, 100));
/// assert_eq!((stats.classes[0].value_size, stats.classes[0].live), (8, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Objects. While others make and free some, it is an estimate: a slot on its way may count
    /// twice or not at all, as may up to 63 slots that a thread of another process keeps.
    /// [`Closing::remaining`](super::Closing::remaining) is exact.
    pub live: u64,
    /// Slots without an object.
    pub free: u64,
    /// Slots.
    pub capacity: u64,
    /// Objects that were refused, since no slot was free or the list was broken; and slots that
    /// were lost, since somebody had written over their word.
    pub failed: u64,
    /// The same by size of slot, from small to large.
    pub classes: Vec<ClassStats>,
}

/// Statistics for one slot size.
///
/// ```
/// use mapvalue::arena::Config;
/// use mapvalue::{Allocator, Arena};
///
/// let arena = Arena::memfd(1024)?;
/// let config = Config { capacity: 16, ..Config::default() };
/// let objects = Allocator::create(&arena, config)?; // of 13 sizes
/// let _one = objects.alloc([0u64; 5])?; // 40 bytes
/// let classes = objects.stats().classes;
/// let class = classes.into_iter().find(|class| class.live > 0).expect("an object");
/// assert_eq!((class.value_size, class.live, class.capacity), (48, 1, 16));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

impl Inner {
    /// Returns the number of slots that hold an object.
    pub(crate) fn held(&self) -> u64 {
        let is_held =
            |control: Control| control.id() == self.id && matches!(control.holder(), Holder::Shared | Holder::Object);
        let held = |class| self.used(class).filter(|(_, _, control)| is_held(*control)).count() as u64;
        (0..self.class_count()).map(held).sum()
    }

    /// The slots in use, by class: all that were ever used, less the free ones. A slot on its way
    /// counts as in use.
    pub(crate) fn stats(&self) -> Stats {
        let classes: Vec<_> = (0..self.class_count())
            .map(|class| {
                let Geometry { value_size, capacity, .. } = self.classes[class as usize];
                let header = &self.header.classes[class as usize];
                let free = self.kept(class) + u64::from(header.listed.load_acquire());
                // Read last, so that it is not too small.
                let used = header.fresh.load_acquire().min(capacity);
                ClassStats { value_size, live: u64::from(used).saturating_sub(free), capacity, used }
            })
            .collect();
        let live = classes.iter().map(|class| class.live).sum();
        let capacity = classes.iter().map(|class| u64::from(class.capacity)).sum::<u64>();
        Stats { live, free: capacity.saturating_sub(live), capacity, failed: self.header.failed.load(), classes }
    }
}
