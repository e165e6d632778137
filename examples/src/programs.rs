//! BPF programs that libbpf-rs has loaded. They run on our own packets by `BPF_PROG_TEST_RUN` and
//! are attached to nothing.

use std::sync::Arc;

use libbpf_rs::{Map, MapCore, Object, ObjectBuilder, OpenObject, ProgramInput};
use mapvalue::Mapping;

use crate::{Result, memfd_asked_for, no_bpf_reason};

/// A loaded object.
#[derive(Debug)]
pub struct Programs(Object);

impl Programs {
    /// Loads an object, after a call of `prepare`. Returns `None` and prints the reason if this
    /// process may not use BPF, or was asked not to.
    ///
    /// # Errors
    ///
    /// The error of libbpf.
    pub fn load(object: &[u8], prepare: impl FnOnce(&mut OpenObject) -> Result<()>) -> Result<Option<Self>> {
        if memfd_asked_for() {
            return Ok(None);
        }
        let load = || -> Result<Self> {
            let mut open = ObjectBuilder::default().open_memory(object)?;
            prepare(&mut open)?;
            Ok(Self(open.load()?))
        };
        match load() {
            Ok(loaded) => Ok(Some(loaded)),
            Err(error) => match no_bpf_reason(error.as_ref()) {
                // Where the kernel's BPF is required, doing without it is a failure.
                Some(reason) if std::env::var_os("MAPVALUE_REQUIRE_KERNEL").is_none_or(|value| value != "1") => {
                    println!("No BPF here ({reason}).");
                    Ok(None)
                }
                _ => Err(error),
            },
        }
    }

    /// The map of this name; for a section of globals, the name of the section.
    ///
    /// # Errors
    ///
    /// If there is no such map.
    pub fn map(&self, name: &str) -> Result<Map<'_>> {
        // The map of `.bss` is called after the object too: `OBJECT.bss`.
        let is = |found: &str| found == name || name.starts_with('.') && found.ends_with(name);
        let found = self.0.maps().find(|map| map.name().to_str().is_some_and(is));
        found.ok_or_else(|| format!("no map `{name}`").into())
    }

    /// The map of this name, mapped.
    ///
    /// # Errors
    ///
    /// If there is no such map, or it cannot be mapped.
    pub fn mapping(&self, name: &str) -> Result<Arc<Mapping>> {
        Ok(Mapping::from_map(self.map(name)?)?)
    }

    /// Runs a program on a packet, `times` times. Returns the result of the last run.
    ///
    /// # Errors
    ///
    /// If there is no such program, or the kernel refuses.
    pub fn run(&self, program: &str, packet: &[u8], times: u32) -> Result<u32> {
        let found = self.0.progs_mut().find(|found| found.name() == program);
        let found = found.ok_or_else(|| format!("no program `{program}`"))?;
        let input = ProgramInput { data_in: Some(packet), repeat: times, ..ProgramInput::default() };
        Ok(found.test_run(input)?.return_value)
    }
}
