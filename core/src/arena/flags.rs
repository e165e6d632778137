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
/// assert_eq!(ArenaFlags::from_bits(both.bits() | 1 << 10), both); // `BPF_F_MMAPABLE` is no flag
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ArenaFlags(u32);

impl ArenaFlags {
    /// `BPF_F_SEGV_ON_FAULT`: touching a page that BPF has not allocated is a SIGSEGV. Without the
    /// flag, it makes the page. Rust can only [`read`](crate::Arena::read) from such an arena.
    pub const SEGV_ON_FAULT: Self = Self(1 << 17);
    /// `BPF_F_NO_USER_CONV`: the programs' own conversions to user addresses do nothing. So memory
    /// holds only the low 32 bits of some pointers.
    pub const NO_USER_CONV: Self = Self(1 << 18);

    const KNOWN: u32 = Self::SEGV_ON_FAULT.0 | Self::NO_USER_CONV.0;

    /// Takes flags by their numbers in include/uapi/linux/bpf.h. An unknown flag is refused when an
    /// arena is created; `BPF_F_MMAPABLE`, which all arenas have, is left out.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & !MMAPABLE)
    }

    /// Returns the numbers, without `BPF_F_MMAPABLE`.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether all flags of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the flags for `BPF_MAP_CREATE`, if all are known.
    pub(crate) fn to_kernel(self) -> Result<u32, ArenaError> {
        match self.0 & !Self::KNOWN {
            0 => Ok(self.0 | MMAPABLE),
            unknown => Err(ArenaError::Flags { flags: self.0, unknown }),
        }
    }
}

impl BitOr for ArenaFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for ArenaFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArenaFlags({:#x})", self.0)
    }
}
