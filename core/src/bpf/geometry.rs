//! Where the values of an array map lie: `value_size` bytes each, one every
//! `round_up(value_size, 8)` bytes.
//!
//! This is computed in 64 bits: `value_size` and `max_entries` have 32 bits each, and their product
//! may need all 64.

use crate::bpf::info::MapInfo;
use crate::error::{KernelVersion, MapError, MapType, SystemError};

/// `BPF_F_MMAPABLE` of include/uapi/linux/bpf.h.
pub(crate) const BPF_F_MMAPABLE: u32 = 1 << 10;
/// The first kernel that has the flag.
const MMAPABLE_SINCE: KernelVersion = KernelVersion { major: 5, minor: 5 };

/// The size, the distance and the number of the values in a mapped array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ValueGrid {
    pub(crate) value_size: usize,
    pub(crate) stride: usize,
    pub(crate) max_entries: usize,
}

impl ValueGrid {
    /// Computes where an array's values lie (`array_map_alloc` in kernel/bpf/arraymap.c).
    ///
    /// It is an error if they have no bytes, or more than can be addressed.
    fn new(value_size: u32, max_entries: u32, page: u64) -> Result<Self, MapError> {
        let stride = u64::from(value_size).next_multiple_of(8);
        // This does not overflow: `stride` is at most 2^32 (a `value_size` above 2^32 - 8 rounds up
        // to it), and `max_entries` is at most 2^32 - 1.
        let bytes = stride * u64::from(max_entries);
        let max = isize::MAX.unsigned_abs() as u64;
        let mapped = bytes.checked_next_multiple_of(page).unwrap_or(u64::MAX);
        if mapped > max {
            return Err(MapError::TooLong { len: mapped, max });
        }
        if mapped == 0 {
            return Err(MapError::Empty { what: "the map" });
        }
        // The crate supports 64-bit targets alone.
        let (value_size, max_entries) = (value_size as usize, max_entries as usize);
        Ok(Self { value_size, stride: value_size.next_multiple_of(8), max_entries })
    }

    /// Computes where the values of the map in `info` lie, if its values can be mapped.
    pub(crate) fn of(info: &MapInfo, running: KernelVersion, page: u64) -> Result<Self, MapError> {
        if info.map_type != MapType::ARRAY {
            return Err(MapError::UnsupportedType { map: info.name, map_type: info.map_type });
        }
        if info.map_flags & BPF_F_MMAPABLE == 0 {
            return Err(if running < MMAPABLE_SINCE {
                SystemError::KernelTooOld { feature: "BPF_F_MMAPABLE array maps", needs: MMAPABLE_SINCE, running }
                    .into()
            } else {
                MapError::NotMmapable { map: info.name }
            });
        }
        Self::new(info.value_size, info.max_entries, page)
    }

    /// Bytes from the first value's start to the last value's end.
    ///
    /// The map ends here for its users, before the padding up to the stride and to the page.
    pub(crate) fn len(&self) -> usize {
        self.stride * (self.max_entries - 1) + self.value_size
    }

    /// Bytes that the kernel maps.
    pub(crate) fn mapped_len(&self, page: usize) -> usize {
        (self.stride * self.max_entries).next_multiple_of(page)
    }

    /// Whether all bytes of `offset..offset + size` belong to values.
    ///
    /// They always do if there is no padding between values. Otherwise they must lie in one value.
    pub(crate) fn inside_values(&self, offset: usize, size: usize) -> bool {
        self.stride == self.value_size || self.in_value(offset) + size <= self.value_size
    }

    /// Where an offset lies in its value. The first value costs no division.
    #[inline]
    pub(crate) fn in_value(&self, offset: usize) -> usize {
        if offset < self.stride { offset } else { offset % self.stride }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MapName;

    const NOW: KernelVersion = KernelVersion { major: 6, minor: 18 };

    fn info(map_type: u32, map_flags: u32) -> MapInfo {
        MapInfo {
            map_type: MapType(map_type),
            id: 1,
            key_size: 4,
            value_size: 12,
            max_entries: 3,
            map_flags,
            name: MapName::new(*b"counters\0\0\0\0\0\0\0\0"),
            btf_id: 0,
            btf_key_type_id: 0,
            btf_value_type_id: 0,
            map_extra: 0,
        }
    }

    #[test]
    fn values_lie_every_eight_bytes_rounded_up() {
        let geometry = ValueGrid::of(&info(2, BPF_F_MMAPABLE), NOW, 4096).unwrap();
        assert_eq!(geometry, ValueGrid { value_size: 12, stride: 16, max_entries: 3 });
        assert_eq!(geometry.len(), 16 + 16 + 12);
        assert_eq!(geometry.mapped_len(4096), 4096);
        assert!(geometry.inside_values(16, 12) && geometry.inside_values(24, 4));
        assert!(!geometry.inside_values(24, 8) && !geometry.inside_values(12, 4));
    }

    #[test]
    fn lengths_beyond_32_bits_do_not_wrap() {
        // 2^32 bytes, which is 0 in 32 bits.
        let geometry = ValueGrid::new(1 << 20, 1 << 12, 4096).unwrap();
        assert_eq!(geometry.len(), 1 << 32);
        assert_eq!(geometry.mapped_len(4096), 1 << 32);
        // 2^32 - 4 rounds up to 2^32, times 2^30 is 2^62: the most that still fits.
        assert_eq!(ValueGrid::new(u32::MAX - 3, 1 << 30, 4096).unwrap().mapped_len(4096), 1 << 62);
        let error = ValueGrid::new(u32::MAX, u32::MAX, 4096).unwrap_err();
        assert!(matches!(error, MapError::TooLong { .. }), "{error:?}");
    }

    #[test]
    fn an_empty_map_is_an_error() {
        assert!(matches!(ValueGrid::new(0, 1, 4096), Err(MapError::Empty { .. })));
        assert!(matches!(ValueGrid::new(8, 0, 4096), Err(MapError::Empty { .. })));
    }

    #[test]
    fn other_types_are_refused_by_name() {
        let error = ValueGrid::of(&info(1, 0), NOW, 4096).unwrap_err();
        assert_eq!(
            error.to_string(),
            "map `counters` is of type hash (1): only maps of type array can be mapped as values (`bpf::TypedMap` looks values of \
             hash tables up)"
        );
        let error = ValueGrid::of(&info(33, BPF_F_MMAPABLE), NOW, 4096).unwrap_err();
        assert!(error.to_string().contains("arena (33)"), "{error}");
        let error = ValueGrid::of(&info(777, BPF_F_MMAPABLE), NOW, 4096).unwrap_err();
        assert!(error.to_string().contains("unknown (777)"), "{error}");
    }

    #[test]
    fn a_missing_flag_is_named_or_the_kernel_is_too_old_for_it() {
        let error = ValueGrid::of(&info(2, 0), NOW, 4096).unwrap_err();
        assert!(matches!(error, MapError::NotMmapable { .. }), "{error:?}");
        assert!(error.to_string().contains("BPF_F_MMAPABLE"), "{error}");
        let old = KernelVersion { major: 5, minor: 4 };
        let error = ValueGrid::of(&info(2, 0), old, 4096).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the running kernel 5.4 is too old for BPF_F_MMAPABLE array maps: Linux 5.5 or newer is needed"
        );
    }
}
