//! The CPUs that may come online. A `PERCPU` map has a value for each, in this order.

use std::fs;

use crate::error::SystemError;
use crate::sys::once::Once;
use crate::sys::process;

const PATH: &str = "/sys/devices/system/cpu/possible";

/// More CPUs than any kernel has; a greater number is a mistake.
const MOST: usize = 1 << 20;

/// Returns how many CPUs may ever be online: the values in one lookup in a `PERCPU` map.
///
/// The kernel fixes this when it boots, so it is read once. The CPUs' own numbers may have gaps:
/// they need not be `0..possible_cpus()`.
///
/// ```
/// let online = std::thread::available_parallelism().map_or(1, |online| online.get());
/// assert!(mapvalue::possible_cpus()? >= online);
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// # Errors
///
/// [`SystemError::NoPossibleCpus`] if `/sys` is not mounted or its file is not a list of CPUs.
pub fn possible_cpus() -> Result<usize, SystemError> {
    PossibleCpus::of_this_machine().map(PossibleCpus::count)
}

/// Asks the kernel itself for an upper bound of that count. Memory safety may not rest on a file,
/// which a container may replace.
pub(crate) fn at_most() -> Result<usize, SystemError> {
    let operation = "ask how many CPUs there can be";
    process::cpu_set_len().map(|bytes| 8 * bytes).map_err(|errno| SystemError::Os { operation, errno })
}

/// The numbers of the CPUs, ascending; at least one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PossibleCpus(Vec<usize>);

impl PossibleCpus {
    pub(crate) fn of_this_machine() -> Result<&'static Self, SystemError> {
        static FOUND: Once<PossibleCpus> = Once::new();
        FOUND.get_or(|| Ok(Box::leak(Box::new(Self::read()?))))
    }

    fn read() -> Result<Self, SystemError> {
        let wrong = |reason| SystemError::NoPossibleCpus { path: PATH, reason };
        let list = fs::read_to_string(PATH).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&list).ok_or_else(|| wrong(format!("`{}` is no list of CPUs", list.trim_end())))
    }

    /// Reads the kernel's format of lists: `0-3,5,8-11`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut numbers = Vec::new();
        for part in text.trim_end().split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            let ascending = numbers.last().is_none_or(|before| *before < first);
            if !ascending || last < first || last >= MOST {
                return None;
            }
            numbers.extend(first..=last);
        }
        Some(Self(numbers))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn numbers(&self) -> &[usize] {
        &self.0
    }

    /// Returns the number after the last CPU's.
    pub(crate) fn end(&self) -> usize {
        self.0.last().map_or(0, |last| last + 1)
    }

    /// Returns how many CPUs come before this one; `None` if it is not listed.
    pub(crate) fn index_of(&self, cpu: usize) -> Option<usize> {
        self.0.binary_search(&cpu).ok()
    }
}

/// Parses digits only; `parse` alone would accept a sign.
fn number(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_the_kernel_are_read() {
        let cpus = |list| PossibleCpus::parse(list).unwrap();
        assert_eq!(cpus("0\n").numbers(), [0]);
        assert_eq!((cpus("0-1023\n").count(), cpus("0-1023").index_of(1023)), (1024, Some(1023)));
        let gaps = cpus("0-3,5,8-9\n");
        assert_eq!(gaps.numbers(), [0, 1, 2, 3, 5, 8, 9]);
        assert_eq!((gaps.count(), gaps.end()), (7, 10));
        for (index, cpu) in gaps.numbers().iter().enumerate() {
            assert_eq!(gaps.index_of(*cpu), Some(index));
        }
        assert_eq!([4, 6, 7, 10].map(|cpu| gaps.index_of(cpu)), [None; 4]);
    }

    #[test]
    fn there_are_no_more_than_there_can_be() {
        let (possible, at_most) = (possible_cpus().unwrap(), at_most().unwrap());
        assert!((1..=at_most).contains(&possible), "{possible} of {at_most}");
    }

    #[test]
    fn what_is_no_such_list_is_refused() {
        for list in "|\n|-|0-|-3|a|0,,1|0-3,|3-0|0-3,2|1,0|0 1|+1|0-18446744073709551615|0-99999999".split('|') {
            assert_eq!(PossibleCpus::parse(list), None, "{list:?}");
        }
    }
}
