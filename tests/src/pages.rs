//! The cost of memory for this process: resident pages, pages of the page table, faults.

use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

/// Bytes in a page.
///
/// # Panics
///
/// If the kernel refuses.
pub fn size() -> usize {
    // SAFETY: takes an integer and touches no memory.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).expect("the size of a page")
}

/// Resident pages of the mapping around `place`, as the kernel counts them (`Rss` in
/// /proc/self/smaps).
///
/// # Panics
///
/// If nothing is mapped there, or /proc is not mounted.
pub fn resident<T>(place: &T) -> usize {
    of_mapping(place, "Rss:")
}

/// Pages of the mapping around `place` that are this process's own, not a file's or a map's.
///
/// # Panics
///
/// As for [`resident`].
pub fn own<T>(place: &T) -> usize {
    of_mapping(place, "Anonymous:")
}

fn of_mapping<T>(place: &T, key: &str) -> usize {
    let address = std::ptr::from_ref(place).addr();
    let smaps = fs::read_to_string("/proc/self/smaps").expect("read /proc/self/smaps");
    let mut lines = smaps.lines();
    lines.find(|line| holds(line, address)).unwrap_or_else(|| panic!("nothing is mapped at {address:#x}"));
    pages(lines, key)
}

/// Whether a line of maps or smaps is the first of the mapping around an address: `START-END FLAGS
/// ...`, in hexadecimal.
fn holds(line: &str, address: usize) -> bool {
    let range = line.split(' ').next().and_then(|range| range.split_once('-'));
    let number = |digits| usize::from_str_radix(digits, 16).ok();
    range.and_then(|(start, end)| Some(number(start)?..number(end)?)).is_some_and(|range| range.contains(&address))
}

/// The inode number of a file. No other open file of its kind has it.
///
/// # Panics
///
/// If the kernel refuses.
pub fn inode(file: impl AsFd) -> u64 {
    let file = file.as_fd().try_clone_to_owned().expect("duplicate a descriptor");
    fs::File::from(file).metadata().expect("ask for a file").ino()
}

/// Whether this process has the file with that inode number mapped at this address. (Another thread
/// may have mapped something else there by now.)
///
/// # Panics
///
/// If /proc is not mounted.
pub fn is_mapped(address: usize, inode: u64) -> bool {
    let maps = fs::read_to_string("/proc/self/maps").expect("read /proc/self/maps");
    // `START-END FLAGS OFFSET DEVICE INODE NAME`
    let is_of_file = |line: &str| line.split_whitespace().nth(4) == Some(inode.to_string().as_str());
    maps.lines().any(|line| holds(line, address) && is_of_file(line))
}

/// Pages in the page table of this process.
///
/// # Panics
///
/// If /proc is not mounted.
pub fn of_page_table() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("read /proc/self/status");
    pages(status.lines(), "VmPTE:")
}

/// The pages in the first line that begins with `key`, which counts kilobytes.
fn pages<'a>(mut lines: impl Iterator<Item = &'a str>, key: &str) -> usize {
    let kilobytes: Option<usize> =
        lines.find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB")?.trim().parse().ok());
    kilobytes.unwrap_or_else(|| panic!("no line `{key} NUMBER kB`")) * 1024 / size()
}

/// Page faults of this thread so far that needed no disk.
///
/// # Panics
///
/// If the kernel refuses.
pub fn faults() -> usize {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is valid for writes of one `rusage`.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    assert_eq!(result, 0, "getrusage of a thread");
    // SAFETY: zeroed, then written by the call, and all fields are integers.
    let usage = unsafe { usage.assume_init() };
    usize::try_from(usage.ru_minflt).expect("a count")
}
