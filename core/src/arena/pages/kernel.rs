//! What the running kernel offers for arenas: functions that programs call, and where an arena
//! lies.

use std::os::fd::{AsFd, BorrowedFd};

use crate::arena::pages::program::{NOT_YET_MAPPED, load, reading};
use crate::arena::span::Span;
use crate::btf::{Btf, Type, TypeKind};
use crate::error::{ArenaError, BtfError, KernelVersion, MapName, SystemError};
use crate::sys::bpf as sys;
use crate::sys::once::Once;
use crate::sys::process;

/// What this crate looks up in the kernel's BTF. That takes milliseconds, and the result stays the
/// same while the kernel runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KernelSupport {
    pub(crate) alloc: Function,
    pub(crate) free: Function,
    pub(crate) reserve: Function,
    /// The offsets of the arena's start and end in `struct bpf_arena`.
    span_offsets: Option<[i16; 2]>,
}

/// A function that programs may call, since Linux 6.`minor`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function {
    name: &'static str,
    minor: u16,
    id: Option<u32>,
}

impl Function {
    /// Returns the function's type number, if the kernel has it.
    pub(crate) fn id(self) -> Result<u32, SystemError> {
        let (name, needs) = (self.name, KernelVersion { major: 6, minor: self.minor });
        self.id.ok_or_else(|| SystemError::NoKernelFunction { name, needs, running: process::kernel_version() })
    }
}

impl KernelSupport {
    pub(crate) fn find() -> Result<&'static Self, BtfError> {
        static FOUND: Once<KernelSupport> = Once::new();
        FOUND.get_or(|| Ok(Box::leak(Box::new(Self::of(&Btf::from_vmlinux()?)))))
    }

    fn of(btf: &Btf) -> Self {
        let function = |name, minor| {
            let id = btf.find(name).find(|ty| matches!(ty.kind(), TypeKind::Function { .. })).map(Type::id);
            Function { name, minor, id }
        };
        Self {
            alloc: function("bpf_arena_alloc_pages", 9),
            free: function("bpf_arena_free_pages", 9),
            reserve: function("bpf_arena_reserve_pages", 17),
            span_offsets: span_offsets(btf),
        }
    }
}

fn span_offsets(btf: &Btf) -> Option<[i16; 2]> {
    let arena = btf.find("bpf_arena").find_map(|ty| match ty.kind() {
        TypeKind::Struct(arena) => Some(arena),
        _ => None,
    })?;
    let offset = |name: &str| {
        let member = arena.members().find(|member| member.name == name)?;
        i16::try_from(member.bit_offset / 8).ok()
    };
    Some([offset("user_vm_start")?, offset("user_vm_end")?])
}

/// Asks the kernel where an arena lies. `None` if it was created without an address and nobody has
/// mapped it yet.
pub(crate) fn ask_span(map: BorrowedFd<'_>, name: MapName) -> Result<Option<Span>, ArenaError> {
    let unknown = |reason: String| ArenaError::AddressUnknown { map: name, reason };
    let kernel = KernelSupport::find().map_err(|error| unknown(error.to_string()))?;
    let ends =
        kernel.span_offsets.ok_or_else(|| unknown("the kernel's `struct bpf_arena` has other members".to_owned()))?;
    let operation = "ask where an arena lies";
    let program = match load(&reading(map, ends), operation) {
        Ok(program) => program,
        Err(SystemError::ProgramRefused { log, .. }) if log.contains(NOT_YET_MAPPED) => return Ok(None),
        Err(error) => return Err(unknown(error.to_string())),
    };
    let mut context = [0; 2];
    sys::run_syscall_program(program.as_fd(), &mut context).map_err(|errno| SystemError::Os { operation, errno })?;
    let [start, end] = context;
    Span::new(start, end.wrapping_sub(start)).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_without_a_function_is_told_its_name_and_since_when_there_is_one() {
        // BTF without types: a header, and the empty string.
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&0xeb9f_u16.to_ne_bytes());
        bytes.extend_from_slice(&[1, 0]);
        for word in [24u32, 0, 0, 0, 1] {
            bytes.extend_from_slice(&word.to_ne_bytes());
        }
        bytes.push(0);
        let kernel = KernelSupport::of(&Btf::parse(&bytes).unwrap());
        assert!(kernel.span_offsets.is_none());
        for (missing, name, minor) in [
            (kernel.alloc, "bpf_arena_alloc_pages", 9),
            (kernel.free, "bpf_arena_free_pages", 9),
            (kernel.reserve, "bpf_arena_reserve_pages", 17),
        ] {
            let (error, since) = (missing.id().unwrap_err(), KernelVersion { major: 6, minor });
            assert!(matches!(error, SystemError::NoKernelFunction { needs, .. } if needs == since), "{error:?}");
            assert!(error.to_string().contains(&format!("has no function `{name}`")), "{error}");
        }
    }
}
