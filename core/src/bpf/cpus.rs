//! How many CPUs there can be: as many values a per-CPU map has of each key.

use std::fs;

use super::sys;
use crate::Error;

/// The CPUs for which per-CPU maps have values (`num_possible_cpus` in the kernel).
const POSSIBLE: &str = "/sys/devices/system/cpu/possible";

/// How many values the kernel has of each key of a per-CPU map.
pub(super) fn possible() -> Result<usize, Error> {
    let text = fs::read_to_string(POSSIBLE).map_err(|error| Error::os("read how many CPUs there can be", &error))?;
    count(&text).ok_or(Error::Os { operation: "understand how many CPUs there can be", errno: libc::EINVAL })
}

/// At least as many, asked of the kernel itself: no memory safety may rest on a file, in whose place a container may have another.
pub(super) fn at_most() -> Result<usize, Error> {
    let bytes = sys::cpu_set_len().map_err(|errno| Error::Os { operation: "ask how many CPUs there can be", errno })?;
    Ok(8 * bytes)
}

/// The number of CPUs in a list: `0-3,8`.
fn count(text: &str) -> Option<usize> {
    text.trim_end().split(',').try_fold(0usize, |sum, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse::<usize>().ok()?, last.parse::<usize>().ok()?);
        sum.checked_add(last.checked_sub(first)?.checked_add(1)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cpus_are_counted() {
        assert_eq!(count("0\n"), Some(1));
        assert_eq!(count("0-3"), Some(4));
        assert_eq!(count("0-3,8,16-17\n"), Some(7));
        for bad in ["", "\n", "0-", "3-0", "a", "0,,1", "0-18446744073709551615"] {
            assert_eq!(count(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn there_are_no_more_than_there_can_be() {
        let (possible, at_most) = (possible().unwrap(), at_most().unwrap());
        assert!((1..=at_most).contains(&possible), "{possible} of {at_most}");
    }
}
