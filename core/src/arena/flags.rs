//! [`ArenaFlags`]: the flags an arena is created with.

use std::fmt;
use std::ops::BitOr;

use crate::error::ArenaError;

/// `BPF_F_MMAPABLE`, which every arena has.
const MMAPABLE: u32 = 1 << 10;

/// The flags an arena is created with, besides `BPF_F_MMAPABLE`, which is always set.
///
/// ```
/// use mapvalue::ArenaFlags;
///
/// let both = ArenaFlags::SEGV_ON_FAULT | ArenaFlags::NO_USER_CONV;
/// assert!(both.contains(ArenaFlags::SEGV_ON_FAULT) && !ArenaFlags::default().contains(both));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ArenaFlags {
    bits: u32,
}

impl ArenaFlags {
    /// `BPF_F_SEGV_ON_FAULT`: touching a page that BPF has not allocated is a SIGSEGV. Without the
    /// flag, it makes the page.
    ///
    /// Rust can only [`read`](crate::Arena::read) from such an arena.
    pub const SEGV_ON_FAULT: Self = Self { bits: 1 << 17 };
    /// `BPF_F_NO_USER_CONV`: the programs' own conversions to user addresses do nothing. So memory
    /// holds only the low 32 bits of some pointers.
    pub const NO_USER_CONV: Self = Self { bits: 1 << 18 };

    const KNOWN: u32 = Self::SEGV_ON_FAULT.bits | Self::NO_USER_CONV.bits;

    /// Takes flags by their numbers in include/uapi/linux/bpf.h. An unknown flag is refused when an
    /// arena is created.
    ///
    /// ```
    /// use mapvalue::ArenaFlags;
    ///
    /// let both = ArenaFlags::SEGV_ON_FAULT | ArenaFlags::NO_USER_CONV;
    /// assert!(both.contains(ArenaFlags::NO_USER_CONV));
    /// assert_eq!(ArenaFlags::from_bits(both.bits()), both);
    /// // `BPF_F_MMAPABLE`, which all arenas have:
    /// assert_eq!(ArenaFlags::from_bits(1 << 10), ArenaFlags::default());
    /// ```
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self { bits: bits & !MMAPABLE }
    }

    /// Returns the numbers, without `BPF_F_MMAPABLE`.
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Returns whether all flags of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.bits & other.bits == other.bits
    }

    /// Returns the flags for `BPF_MAP_CREATE`, if all are known.
    pub(crate) fn to_kernel(self) -> Result<u32, ArenaError> {
        match self.bits & !Self::KNOWN {
            0 => Ok(self.bits | MMAPABLE),
            unknown => Err(ArenaError::Flags { flags: self.bits, unknown }),
        }
    }
}

impl BitOr for ArenaFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self { bits: self.bits | other.bits }
    }
}

impl fmt::Debug for ArenaFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArenaFlags({:#x})", self.bits)
    }
}
