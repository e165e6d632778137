//! The report of a comparison: places in both types, and the differences between them.

use std::fmt;

use crate::btf::types::{Type, TypeKind};
use crate::error::Mismatch;
use crate::layout::table::FieldPath;
use crate::layout::{Layout, Spelled};

/// A place in both types: its path, and bytes from the start of the root.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) path: &'a FieldPath<'a>,
    pub(crate) rust: u64,
    pub(crate) btf: u64,
    /// How many structs and unions in a row were looked through to get here.
    pub(crate) unwrapped: usize,
    /// Whether it is inside a union in Rust, which has no `bool`.
    pub(crate) in_union: bool,
}

/// A size in words.
fn bytes(size: Option<u64>) -> String {
    match size {
        Some(1) => "1 byte".to_owned(),
        Some(size) => format!("{size} bytes"),
        None => "no size".to_owned(),
    }
}

/// A type in Rust and its size. Only those that are printed are spelled.
pub(crate) struct InRust<'a>(pub(crate) &'a Layout);

impl fmt::Display for InRust<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", Spelled(self.0), bytes(Some(self.0.size() as u64)))
    }
}

/// A type in C and its size.
pub(crate) struct InBtf<'a>(pub(crate) Type<'a>);

impl fmt::Display for InBtf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ty = self.0;
        write!(f, "`{ty}`")?;
        // `__u32` says what it is, `pid_t` does not.
        let is_opaque = matches!(ty.kind(), TypeKind::Typedef(_)) && !ty.name().ends_with(|c: char| c.is_ascii_digit());
        if let Some(behind) = ty.resolved().filter(|_| is_opaque) {
            write!(f, ", `{behind}`")?;
        }
        write!(f, " ({})", bytes(ty.size()))
    }
}

/// The differences found so far.
#[derive(Default)]
pub(crate) struct Differences {
    pub(crate) list: Vec<Mismatch>,
    pub(crate) more: usize,
    /// How many can still be listed, and in how many bytes of text together.
    pub(crate) room: usize,
    pub(crate) text: usize,
}

impl Differences {
    pub(crate) fn is_none(&self) -> bool {
        self.list.is_empty() && self.more == 0
    }

    /// Lists the difference, if there is room, and returns its index.
    pub(crate) fn add(&mut self, mismatch: impl FnOnce() -> Mismatch) -> Option<usize> {
        if self.room == 0 || self.text == 0 {
            self.more += 1;
            return None;
        }
        let mismatch = mismatch();
        let Mismatch { path, rust, btf, hint } = &mismatch;
        self.text = self.text.saturating_sub(path.len() + rust.len() + btf.len() + hint.len());
        self.room -= 1;
        self.list.push(mismatch);
        Some(self.list.len() - 1)
    }

    /// Takes over the differences of an attempt that began with the same room.
    pub(crate) fn append(&mut self, mut attempt: Self) {
        self.list.append(&mut attempt.list);
        self.more += attempt.more;
        (self.room, self.text) = (attempt.room, attempt.text);
    }
}
