//! In what a Rust type and a C type differ.

use std::fmt;

/// One difference between a Rust type and a C type, of those in [`Mismatches`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// Where: `Stats.by_proto[0].bytes`, from the name of the Rust type on.
    pub path: String,
    /// What Rust has there: `offset 24`, `` `u32` (4 bytes) ``, `nothing`.
    pub rust: String,
    /// What BTF has there.
    pub btf: String,
    /// A hint at what to do; often empty.
    pub hint: String,
}

/// All differences between a Rust type and a C type; never empty.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// use mapvalue::{Btf, BtfError, MapValue};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Proto {
///     packets: u32, // a `__u64` in C
/// #    _pad: u32,
///     octets: u64, // `bytes` in C
/// }
///
/// let checked = Btf::from_object(object)?.check::<Proto>("proto");
/// let Err(BtfError::LayoutMismatch(mismatches)) = checked else { panic!("they differ") };
/// assert_eq!(mismatches.c_type(), "struct proto");
/// for mismatch in mismatches.iter() {
///     println!("{}: {}, but in C {}", mismatch.path, mismatch.rust, mismatch.btf);
/// }
/// let first = mismatches.iter().next().expect("never empty");
/// assert_eq!((&*first.path, &*first.rust), ("Proto.packets", "`u32` (4 bytes)"));
/// assert!(mismatches.iter().any(|mismatch| mismatch.path == "Proto.octets"));
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatches {
    pub(crate) root: String,
    pub(crate) list: Vec<Mismatch>,
    /// How many more were found than are listed.
    pub(crate) more: usize,
    /// How many types have the name that was asked for.
    pub(crate) definitions: usize,
}

impl Mismatches {
    /// The differences, in the order of the Rust fields; then what Rust lacks.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Mismatch> {
        self.list.iter()
    }

    /// The C type, as C spells it.
    pub fn c_type(&self) -> &str {
        &self.root
    }
}

/// One line, or a line a difference.
impl fmt::Display for Mismatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Mismatch { path, rust, btf, hint }) in self.list.iter().enumerate() {
            let line = if i == 0 { "" } else { "\n" };
            write!(f, "{line}{path}: {rust} in Rust, {btf} in BTF ({}){hint}", self.root)?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        if self.definitions > 1 {
            let several = self.definitions;
            write!(f, "\nThe BTF has {several} types of this name; this is the first that is not met.")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mismatches {}
