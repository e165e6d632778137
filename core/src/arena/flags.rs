//! [`ArenaFlags`]: what an arena is created with.

use std::fmt;
use std::ops::BitOr;

use crate::error::ArenaError;

/// `BPF_F_MMAPABLE`, which every arena has.
const MMAPABLE: u32 = 1 << 10;

/// What an arena is created with, beside `BPF_F_MMAPABLE`, which is always set.
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
    /// `BPF_F_SEGV_ON_FAULT`: to touch a page that BPF has not allocated is a SIGSEGV, where otherwise it makes the page.
    ///
    /// Rust can only [`read`](crate::Arena::read) from such an arena.
    pub const SEGV_ON_FAULT: Self = Self { bits: 1 << 17 };
    /// `BPF_F_NO_USER_CONV`: the programs' own conversions to user addresses do nothing, so that memory holds the low 32 bits of some
    /// pointers alone.
    pub const NO_USER_CONV: Self = Self { bits: 1 << 18 };

    const KNOWN: u32 = Self::SEGV_ON_FAULT.bits | Self::NO_USER_CONV.bits;

    /// Flags by their numbers in include/uapi/linux/bpf.h. What is no flag of an arena is refused when one is created.
    ///
    /// ```
    /// use mapvalue::ArenaFlags;
    ///
    /// let both = ArenaFlags::SEGV_ON_FAULT | ArenaFlags::NO_USER_CONV;
    /// assert!(both.contains(ArenaFlags::NO_USER_CONV));
    /// assert_eq!(ArenaFlags::from_bits(both.bits()), both);
    /// assert_eq!(ArenaFlags::from_bits(1 << 10), ArenaFlags::default()); // `BPF_F_MMAPABLE`, which all arenas have
    /// ```
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self { bits: bits & !MMAPABLE }
    }

    /// The numbers, without `BPF_F_MMAPABLE`.
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Whether all of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.bits & other.bits == other.bits
    }

    /// As `BPF_MAP_CREATE` takes them.
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
