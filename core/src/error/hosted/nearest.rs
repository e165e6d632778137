//! Names that are like one which was not found.

use std::fmt;

/// Up to three names, the most similar first; printed as a hint, or as nothing where there are
/// none.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// use mapvalue::{Btf, BtfError, Error};
///
/// let error = Btf::from_object(object)?.check::<u64>("prot").unwrap_err();
/// let BtfError::UnknownType { nearest, .. } = error else { panic!("{error}") };
/// assert_eq!(nearest.names().next(), Some("proto"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nearest(Vec<String>);

/// How many names are offered.
const OFFERED: usize = 3;
/// Longer names are not compared: nobody mistypes one.
const MAX_LEN: usize = 64;

impl Nearest {
    /// Those of `names` that are similar to `name`: at most a third of its letters differ, or one
    /// is a part of the other. None that would not be printed on one line: they may come from a
    /// hostile object, and a build script prints them for cargo.
    pub(crate) fn of<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Self {
        let mut near: Vec<(usize, &str)> = Vec::new();
        for candidate in names.filter(|candidate| !candidate.is_empty()) {
            let Some(distance) = similarity(name, candidate) else { continue };
            if candidate.contains(char::is_control) {
                continue;
            }
            let known = near.iter().any(|(_, other)| *other == candidate);
            let at = near.partition_point(|(other, _)| *other <= distance);
            if !known && at < OFFERED {
                near.insert(at, (distance, candidate));
                near.truncate(OFFERED);
            }
        }
        Self(near.into_iter().map(|(_, name)| name.to_owned()).collect())
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// How far apart two names are, `None` if too far.
fn similarity(a: &str, b: &str) -> Option<usize> {
    if a.len().max(b.len()) > MAX_LEN {
        return None;
    }
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let (long, short) = if a.len() < b.len() { (&b, &a) } else { (&a, &b) };
    let limit = long.len() / 3;
    let part = short.len() >= 3 && long.contains(short.as_str());
    // Too different in length, before the work of comparing.
    if !part && long.len() - short.len() > limit {
        return None;
    }
    let distance = edits(a.as_bytes(), b.as_bytes());
    (part || distance <= limit).then_some(distance)
}

/// The number of letters to insert, delete or replace.
fn edits(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.names().map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [] => Ok(()),
            [only] => write!(f, "; did you mean {only}?"),
            [first @ .., last] => write!(f, "; did you mean {} or {last}?", first.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(name: &str) -> String {
        let names = ["packets", "bytes", "by_proto", "packets_dropped", "config", "", "packets"];
        Nearest::of(name, names.into_iter()).to_string()
    }

    #[test]
    fn slips_of_the_pen_and_parts_are_offered() {
        assert_eq!(nearest("packet"), "; did you mean `packets` or `packets_dropped`?");
        assert_eq!(nearest("byte"), "; did you mean `bytes`?");
        assert_eq!(nearest("CONFIG"), "; did you mean `config`?");
    }

    #[test]
    fn what_is_like_nothing_gets_no_offer() {
        assert_eq!(nearest("latency"), "");
        assert_eq!(nearest(""), "");
        assert_eq!(nearest(&"x".repeat(100_000)), "");
    }
}
