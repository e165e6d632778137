//! Writes Rust from BTF: the types that an agent shares with a program that is there already.
//!
//! Each type is written once, after the types inside it. What the derive or the layout cannot
//! express is refused with its reason, and so is what holds it; the rest is written all the same.
//! Names come from outside and become source text: only C identifiers of a limited length do, and
//! the rest of the text is this module's own. A type is looked at once or twice, so the work is as
//! long as the BTF.

mod bits;
mod leaves;
mod names;
mod text;
mod writer;
mod written;

use std::collections::HashMap;

use self::writer::Writer;
use self::written::tag;
use crate::btf::Btf;
use crate::btf::named;
use crate::btf::types::Type;
use crate::error::{BtfError, Nearest};

pub use self::writer::RustSource;

impl Btf {
    /// Writes Rust source for the C types of these names, and for all types inside them.
    ///
    /// A name is that of [`check`](Self::check): `stats`, `struct stats`, or a typedef. The source
    /// is items to `include!` in a module. [`RustSource`] says how C types are written, and
    /// [`rust_source`](Self::rust_source) writes what can be where other types are refused.
    ///
    /// ```
    /// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
    /// use mapvalue::Btf;
    ///
    /// let btf = Btf::from_object(object)?;
    /// assert_eq!(
    ///     btf.rust_declarations(["struct proto"])?,
    ///     "\
    /// /// `struct proto`: 16 bytes.
    /// #[derive(::mapvalue::MapValue, Clone, Copy, Debug, PartialEq)]
    /// #[map_value(rename = \"proto\")]
    /// #[repr(C)]
    /// pub struct Proto {
    ///     /// `packets`: 8 bytes at offset 0.
    ///     pub packets: u64,
    ///     /// `bytes`: 8 bytes at offset 8.
    ///     pub bytes: u64,
    /// }
    /// "
    /// );
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BtfError::NotInRust`] lists all types that are refused or missing, each with the reason.
    pub fn rust_declarations<N: AsRef<str>>(&self, names: impl IntoIterator<Item = N>) -> Result<String, BtfError> {
        let RustSource { text, refused, .. } = self.rust_source(names);
        if refused.is_empty() { Ok(text) } else { Err(BtfError::NotInRust { refused }) }
    }

    /// Writes the same, without the types that are refused.
    pub fn rust_source<N: AsRef<str>>(&self, names: impl IntoIterator<Item = N>) -> RustSource {
        let names: Vec<N> = names.into_iter().collect();
        // All names are looked up in one pass.
        let mut found: HashMap<&str, Vec<Type<'_>>> =
            names.iter().map(|name| (named::split(name.as_ref()).1, Vec::new())).collect();
        for ty in self.types().filter(|ty| tag(*ty).is_some() && !ty.name().is_empty()) {
            if let Some(found) = found.get_mut(ty.name()) {
                found.push(ty);
            }
        }
        let mut writer = Writer::default();
        for name in &names {
            let (wanted, bare) = named::split(name.as_ref());
            let fits = |ty: &Type<'_>| tag(*ty).is_some() && named::has_keyword(*ty, wanted);
            let mut found = found.get(bare).into_iter().flatten().copied().filter(fits).peekable();
            if found.peek().is_none() {
                let nearest = Nearest::of(bare, self.types().filter(fits).map(Type::name));
                writer.refuse(name.as_ref(), &format!("there is no such type in the BTF{nearest}"));
            }
            found.for_each(|ty| writer.root(ty));
        }
        writer.finish(self)
    }

    /// Writes all structs, unions and enums that have a name and a size.
    ///
    /// ```no_run
    /// // As an agent's build script does, which then has `include!` of it in a module.
    /// let btf = mapvalue::Btf::from_object(&std::fs::read("agent.bpf.o")?)?;
    /// let source = btf.rust_source_of_all();
    /// source.refused.iter().for_each(|refused| println!("cargo::warning={refused}"));
    /// std::fs::write("agent.rs", source.text)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rust_source_of_all(&self) -> RustSource {
        let mut writer = Writer::default();
        let is_whole = |ty: &Type<'_>| {
            tag(*ty).is_some_and(|tag| !tag.is_empty()) && !ty.name().is_empty() && ty.size() != Some(0)
        };
        self.types().filter(is_whole).for_each(|ty| writer.root(ty));
        writer.finish(self)
    }
}
