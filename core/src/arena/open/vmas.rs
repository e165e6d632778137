//! The mappings of this process, by /proc: what is in an arena's way, and what memory to adopt is.

use std::fs;
use std::io;
use std::ops::Range;

use crate::arena::span::Span;
use crate::bpf::info::MAP_TARGET;

/// One mapping of this process.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Vma {
    pub(crate) addresses: Range<u64>,
    pub(crate) writable: bool,
    name: String,
}

impl Vma {
    /// Returns whether this is a mapping of a BPF map: an arena, or the values of an array.
    pub(crate) fn is_map(&self) -> bool {
        self.name == MAP_TARGET
    }

    /// Returns whether the mapping contains all of `span`.
    pub(crate) fn holds(&self, span: Span) -> bool {
        self.addresses.contains(&span.start()) && self.addresses.contains(&(span.start() + (span.len() - 1)))
    }

    /// Returns the mapping's name for an error.
    pub(crate) fn describe(&self) -> &str {
        if self.name.is_empty() { "memory without a name" } else { &self.name }
    }

    /// Parses a line of /proc/self/maps: `START-END rw-s OFFSET DEVICE INODE NAME`.
    fn parse(line: &str) -> Option<Self> {
        let (addresses, rest) = line.split_once(' ')?;
        let (start, end) = addresses.split_once('-')?;
        let number = |hex| u64::from_str_radix(hex, 16).ok();
        let (access, rest) = rest.split_once(' ')?;
        let name = rest.splitn(4, ' ').nth(3).unwrap_or("").trim_start();
        Some(Self { addresses: number(start)?..number(end)?, writable: access.contains('w'), name: name.to_owned() })
    }
}

/// Finds the first mapping in these addresses; an error if /proc cannot be read.
pub(crate) fn first_in(span: Span) -> io::Result<Option<Vma>> {
    Ok(find(&fs::read("/proc/self/maps")?, span))
}

/// The same, in the text of /proc, where file names that are not text are still of mappings.
fn find(maps: &[u8], span: Span) -> Option<Vma> {
    String::from_utf8_lossy(maps).lines().filter_map(Vma::parse).find(|vma| span.overlaps(&vma.addresses))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_parsed_with_and_without_a_name() {
        let line = "100000000000-100000010000 rw-s 00000000 00:10 26                         anon_inode:bpf-map";
        let vma = Vma::parse(line).unwrap();
        assert_eq!(vma.addresses, 0x1000_0000_0000..0x1000_0001_0000);
        assert!(vma.writable && vma.is_map());
        let vma = Vma::parse("7f00-8000 r--p 00000000 00:00 0 ").unwrap();
        assert!(!vma.writable && !vma.is_map());
        assert_eq!(vma.describe(), "memory without a name");
        let vma = Vma::parse("7f00-8000 r--p 00001000 08:01 77   /usr/lib/with a space.so").unwrap();
        assert_eq!(vma.describe(), "/usr/lib/with a space.so");
        assert!(Vma::parse("").is_none() && Vma::parse("xyz-8000 r--p 0 0 0").is_none());
    }

    #[test]
    fn what_is_in_the_way_is_found() {
        let local = 0u8;
        let here = (&raw const local).addr() as u64;
        let page = crate::sys::process::page_size() as u64;
        let vma = first_in(Span::new(here / page * page, page).unwrap()).unwrap().unwrap();
        assert!(vma.addresses.contains(&here) && !vma.is_map());
    }

    #[test]
    fn names_that_are_no_text_hide_nothing() {
        let maps = b"100000000000-100000010000 rw-s 00000000 00:10 26     /a/\xff\xfe.so\n\
            200000000000-200000010000 rw-s 00000000 00:10 26                         anon_inode:bpf-map\n";
        let page = crate::sys::process::page_size() as u64;
        let at = |start| find(maps, Span::new(start, page).unwrap());
        assert!(at(0x2000_0000_0000).unwrap().is_map());
        assert_eq!(at(0x1000_0000_0000).unwrap().describe(), "/a/\u{fffd}\u{fffd}.so");
        assert!(at(0x3000_0000_0000).is_none());
    }
}
