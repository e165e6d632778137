//! Runs of bytes in and out of shared memory as fast as `memcpy`, by instructions that each move whole leaves.
//!
//! # Why this is a relaxed access a leaf
//!
//! A data race is what the language says of *its* accesses; what a block of `asm!` does must be something that it could have done in
//! the language. What these blocks do to shared memory is what relaxed atomic accesses of each leaf do, because no leaf is ever
//! moved in two parts:
//!
//! - Every access is aligned to its own width, 1, 2, 4, 8 or 16 bytes, and a leaf (of at most 8 bytes, aligned to its own width) lies
//!   inside of one or outside. Up to 16 bytes' alignment the widths rise by the place's own alignment, at the end they fall by
//!   what is left; the run begins and ends with a leaf, so no leaf is cut at either end.
//! - Up to 8 bytes, an aligned access of ordinary memory is atomic on every x86-64.
//! - With 16 bytes it is on processors with AVX, which is asked at run time, by `vmovdqa` with a register of 128 bits. Intel 64 and IA-32 Architectures
//!   Software Developer's Manual, volume 3, "Guaranteed Atomic Operations": processors with AVX "guarantee that the 16-byte
//!   memory operations performed by the following instructions will always be carried out atomically", among which are "MOVAPD, MOVAPS,
//!   and MOVDQA" and their VEX.128 forms. AMD64 Architecture Programmer's Manual, volume 2, "Access Atomicity": processors with AVX "extend the
//!   atomicity for cacheable, naturally-aligned single loads or stores from a quadword to a double quadword". Nobody guarantees
//!   32 bytes, so those are not used on shared memory; on private memory they may be.
//!
//! Relaxed accesses may be reordered with each other; these are even in program order, as all of x86-64 is. A string instruction (`rep
//! movs`), which is what `memcpy` often is, has no such guarantee for a leaf, and so is not used.

use std::arch::asm;
use std::ptr::NonNull;

/// Two pieces of 16 bytes.
const PAIR: usize = 32;

/// Pairs that the loop moves at once: 256 bytes.
const UNROLLED: usize = 8;

/// The least that is worth a run: less is moved as fast by an instruction a leaf.
const LEAST: usize = 256;

/// A run of so many bytes, on a processor that has AVX.
pub(crate) struct Run {
    len: usize,
}

/// A run of `len` bytes, if that is worth it and this processor guarantees what it needs.
#[inline]
pub(crate) fn of(len: usize) -> Option<Run> {
    // No `asm!` under an interpreter.
    (len >= LEAST && !cfg!(miri) && is_x86_feature_detected!("avx")).then_some(Run { len })
}

impl Run {
    /// Loads the bytes at `from`.
    ///
    /// # Safety
    ///
    /// At `from` there are `len` bytes of ordinary memory that are reached by atomic accesses alone, which begin and end with a leaf, each leaf being
    /// aligned to its width. `to` is valid for writes of `len` bytes, which are other ones.
    pub(crate) unsafe fn load(&self, from: NonNull<u8>, to: *mut u8) {
        let mut at = Cursor { shared: from.as_ptr(), private: to, len: self.len };
        // SAFETY: the caller's promise.
        unsafe { at.approach(load_step) };
        let pairs = at.len / PAIR;
        if pairs > 0 {
            // SAFETY: as many pairs are left, and `approach` has aligned the shared side to 16.
            unsafe { load_pairs(at.shared, at.private, pairs) };
            at.advance(pairs * PAIR);
        }
        // SAFETY: the caller's promise.
        unsafe { at.finish(load_step) };
    }

    /// Stores the bytes at `from`.
    ///
    /// # Safety
    ///
    /// As for [`load`](Self::load) with the sides exchanged; the shared memory is writable, and the private bytes are initialised.
    pub(crate) unsafe fn store(&self, to: NonNull<u8>, from: *const u8) {
        let mut at = Cursor { shared: to.as_ptr(), private: from.cast_mut(), len: self.len };
        // SAFETY: the caller's promise.
        unsafe { at.approach(store_step) };
        let pairs = at.len / PAIR;
        if pairs > 0 {
            // SAFETY: as many pairs are left, and `approach` has aligned the shared side to 16.
            unsafe { store_pairs(at.shared, at.private, pairs) };
            at.advance(pairs * PAIR);
        }
        // SAFETY: the caller's promise.
        unsafe { at.finish(store_step) };
    }
}

/// Moves one piece of 1, 2, 4, 8 or 16 bytes between the shared side, which is aligned to that, and the private side.
type Step = unsafe fn(shared: *mut u8, private: *mut u8, width: usize);

/// Where a run has come to on both sides, and how far it is still to go.
struct Cursor {
    shared: *mut u8,
    private: *mut u8,
    len: usize,
}

impl Cursor {
    fn advance(&mut self, width: usize) {
        self.shared = self.shared.wrapping_add(width);
        self.private = self.private.wrapping_add(width);
        self.len -= width;
    }

    /// Goes on until the shared side is aligned to 16 and, if that can be, the private side to 32: stores of that width are slow
    /// across two cache lines.
    ///
    /// # Safety
    ///
    /// As for [`Run::load`] or [`Run::store`], with the `step` of that direction.
    unsafe fn approach(&mut self, step: Step) {
        while self.len >= 16 {
            let width = match self.shared.addr() % 16 {
                0 if self.private.addr() % 32 == 16 => 16,
                0 => return,
                // The alignment that the place has.
                unaligned => 1 << unaligned.trailing_zeros(),
            };
            // SAFETY: at least 16 bytes are left, and the place is aligned to `width`.
            unsafe { step(self.shared, self.private, width) };
            self.advance(width);
        }
    }

    /// Goes on to the end from where the shared side is aligned to 16.
    ///
    /// # Safety
    ///
    /// As for [`approach`](Self::approach).
    unsafe fn finish(&mut self, step: Step) {
        while self.len > 0 {
            let width = if self.len >= 16 { 16 } else { 1 << self.len.ilog2() };
            // SAFETY: so many bytes are left; the place is aligned to 16 less what was moved since, all of which was wider.
            unsafe { step(self.shared, self.private, width) };
            self.advance(width);
        }
    }
}

/// One piece from one place to another, through a register: `$load` is its load and `$store` its store.
macro_rules! piece {
    ($from:expr, $to:expr, $class:ident $modifier:literal, $load:literal, $store:literal) => {
        // SAFETY: the place read and the place written are valid for the width of the register (the caller's promise), and nothing
        // else is touched.
        unsafe {
            asm!(
                concat!($load, " {piece", $modifier, "}, [{from}]"),
                concat!($store, " [{to}], {piece", $modifier, "}"),
                piece = out($class) _, from = in(reg) $from, to = in(reg) $to,
                options(nostack, preserves_flags),
            )
        }
    };
}

/// # Safety
///
/// `width` is 1, 2, 4, 8 or 16; `from` is valid for reads of so many bytes and aligned to that, `to` for writes; the processor has AVX.
unsafe fn load_step(from: *mut u8, to: *mut u8, width: usize) {
    match width {
        16 => piece!(from, to, xmm_reg "", "vmovdqa", "vmovdqu"),
        // SAFETY: the caller's promise.
        _ => unsafe { narrow_step(from, to, width) },
    }
}

/// # Safety
///
/// As for [`load_step`], the other way.
unsafe fn store_step(to: *mut u8, from: *mut u8, width: usize) {
    match width {
        16 => piece!(from, to, xmm_reg "", "vmovdqu", "vmovdqa"),
        // SAFETY: the caller's promise.
        _ => unsafe { narrow_step(from, to, width) },
    }
}

/// # Safety
///
/// As for [`load_step`], but for the 16.
unsafe fn narrow_step(from: *mut u8, to: *mut u8, width: usize) {
    match width {
        8 => piece!(from, to, reg ":r", "mov", "mov"),
        4 => piece!(from, to, reg ":e", "mov", "mov"),
        2 => piece!(from, to, reg ":x", "mov", "mov"),
        _ => piece!(from, to, reg_byte "", "mov", "mov"),
    }
}

/// Loads pairs.
///
/// # Safety
///
/// `from` is valid for reads of `pairs` pairs and aligned to 16; `to` for writes; the processor has AVX.
unsafe fn load_pairs(from: *const u8, to: *mut u8, pairs: usize) {
    let (blocks, pairs) = (pairs / UNROLLED, pairs % UNROLLED);
    // SAFETY: it reads and writes the pairs alone (the caller's promise). All vector registers are given up, so that their upper
    // halves can be cleared at the end, as code without AVX wants them.
    unsafe {
        asm!(
            "test rcx, rcx",
            "jz 3f",
            ".p2align 5",
            "2:",
            // Two loads, of 16 bytes each, for a store to private memory of 32.
            ".irp at, 0, 32, 64, 96, 128, 160, 192, 224",
            r"vmovdqa xmm0, [rsi + \at]",
            r"vmovdqa xmm1, [rsi + \at + 16]",
            "vinsertf128 ymm0, ymm0, xmm1, 1",
            r"vmovups [rdi + \at], ymm0",
            ".endr",
            "add rsi, 256",
            "add rdi, 256",
            "dec rcx",
            "jnz 2b",
            "3:",
            "test rdx, rdx",
            "jz 5f",
            // What is left, up to 7 pairs.
            "4:",
            "vmovdqa xmm0, [rsi]",
            "vmovdqa xmm1, [rsi + 16]",
            "vinsertf128 ymm0, ymm0, xmm1, 1",
            "vmovups [rdi], ymm0",
            "add rsi, 32",
            "add rdi, 32",
            "dec rdx",
            "jnz 4b",
            "5:",
            "vzeroupper",
            inout("rsi") from => _, inout("rdi") to => _, inout("rcx") blocks => _, inout("rdx") pairs => _,
            clobber_abi("sysv64"),
            options(nostack),
        );
    }
}

/// Stores pairs.
///
/// # Safety
///
/// As for [`load_pairs`], but it is `to` that is aligned to 16.
unsafe fn store_pairs(to: *mut u8, from: *const u8, pairs: usize) {
    let (blocks, pairs) = (pairs / UNROLLED, pairs % UNROLLED);
    // SAFETY: it reads and writes the pairs alone (the caller's promise).
    unsafe {
        asm!(
            "test rcx, rcx",
            "jz 3f",
            ".p2align 5",
            "2:",
            ".irp at, 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240",
            r"vmovdqu xmm0, [rsi + \at]",
            r"vmovdqa [rdi + \at], xmm0",
            ".endr",
            "add rsi, 256",
            "add rdi, 256",
            "dec rcx",
            "jnz 2b",
            "3:",
            "test rdx, rdx",
            "jz 5f",
            // What is left, up to 7 pairs.
            "4:",
            "vmovdqu xmm0, [rsi]",
            "vmovdqa [rdi], xmm0",
            "vmovdqu xmm0, [rsi + 16]",
            "vmovdqa [rdi + 16], xmm0",
            "add rsi, 32",
            "add rdi, 32",
            "dec rdx",
            "jnz 4b",
            "5:",
            inout("rsi") from => _, inout("rdi") to => _, inout("rcx") blocks => _, inout("rdx") pairs => _,
            out("xmm0") _,
            options(nostack),
        );
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_processor_with_avx_moves_long_runs_this_way() {
        assert_eq!(super::of(4096).is_some(), is_x86_feature_detected!("avx") && !cfg!(miri));
        assert!(super::of(8).is_none());
    }
}
