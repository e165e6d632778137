//! Runs of bytes in and out of shared memory: as fast as `memcpy`, but in whole leaves.
//!
//! # Why this is a relaxed access a leaf
//!
//! A data race is a property of the language's *own* accesses, and a block of `asm!` must do
//! something that the language could have done. To shared memory these blocks do what relaxed
//! atomic accesses of each leaf do, because no leaf is ever moved in two parts:
//!
//! - Every access is aligned to its own width: 1, 2, 4, 8 or 16 bytes. A leaf has at most 8 bytes
//!   and is aligned to its own width. The widths rise with the alignment of the place, up to 16,
//!   and fall at the end with the bytes left. The run begins and ends with a leaf, so each leaf
//!   lies either inside an access or outside it, and none is cut at either end.
//! - An aligned access of up to 8 bytes of ordinary memory is atomic on every x86-64.
//! - A 16-byte access by `vmovdqa` with a 128-bit register is atomic on processors with AVX
//!   (checked at run time). Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3,
//!   "Guaranteed Atomic Operations": processors with AVX "guarantee that the 16-byte memory
//!   operations performed by the following instructions will always be carried out atomically",
//!   among them "MOVAPD, MOVAPS, and MOVDQA" and their VEX.128 forms. AMD64 Architecture
//!   Programmer's Manual, volume 2, "Access Atomicity": processors with AVX "extend the atomicity
//!   for cacheable, naturally-aligned single loads or stores from a quadword to a double quadword".
//!   Nobody guarantees 32 bytes, so such accesses are used on private memory only.
//!
//! Relaxed accesses may be reordered with each other; these are even in program order, like all of
//! x86-64. `memcpy` often is a `rep movs`, which guarantees nothing for a leaf, so it is not used.

use std::arch::asm;
use std::ptr::NonNull;

/// The bytes of a pair: two pieces of 16 bytes.
const PAIR: usize = 32;

/// Pairs that the loop moves at once: 256 bytes.
const UNROLLED: usize = 8;

/// The shortest run in bytes; below it, one instruction for each leaf is as fast.
const LEAST: usize = 256;

/// A run of `len` bytes, on a processor that has AVX.
pub(crate) struct Run {
    len: usize,
}

/// Returns a run of `len` bytes, if it is long enough and this processor has AVX.
#[inline]
pub(crate) fn of(len: usize) -> Option<Run> {
    // Interpreters do not support `asm!`.
    (len >= LEAST && !cfg!(miri) && is_x86_feature_detected!("avx")).then_some(Run { len })
}

impl Run {
    /// Loads the bytes at `from`.
    ///
    /// # Safety
    ///
    /// At `from` are `len` bytes of ordinary memory that only atomic accesses reach. They begin and
    /// end with a leaf; each leaf is aligned to its width. `len` other bytes at `to` are writable.
    pub(crate) unsafe fn load(&self, from: NonNull<u8>, to: *mut u8) {
        let mut at = Cursor { shared: from.as_ptr(), private: to, len: self.len };
        // SAFETY: the caller's promise.
        unsafe { at.approach(load_step) };
        let pairs = at.len / PAIR;
        if pairs > 0 {
            // SAFETY: that many pairs are left, and `approach` aligned the shared side to 16.
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
    /// As for [`load`](Self::load), with `to` as the shared side, writable, and `from` initialized.
    pub(crate) unsafe fn store(&self, to: NonNull<u8>, from: *const u8) {
        let mut at = Cursor { shared: to.as_ptr(), private: from.cast_mut(), len: self.len };
        // SAFETY: the caller's promise.
        unsafe { at.approach(store_step) };
        let pairs = at.len / PAIR;
        if pairs > 0 {
            // SAFETY: that many pairs are left, and `approach` aligned the shared side to 16.
            unsafe { store_pairs(at.shared, at.private, pairs) };
            at.advance(pairs * PAIR);
        }
        // SAFETY: the caller's promise.
        unsafe { at.finish(store_step) };
    }
}

/// Moves a piece of 1, 2, 4, 8 or 16 bytes. Only the shared side is aligned to that.
type Step = unsafe fn(shared: *mut u8, private: *mut u8, width: usize);

/// The position of a run on both sides, and the bytes left.
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

    /// Moves on until the shared side is aligned to 16 and, if possible, the private side to 32:
    /// stores of 32 bytes are slow across two cache lines.
    ///
    /// # Safety
    ///
    /// As for [`Run::load`] or [`Run::store`], with the `step` of that direction.
    unsafe fn approach(&mut self, step: Step) {
        while self.len >= 16 {
            let width = match self.shared.addr() % 16 {
                0 if self.private.addr() % 32 == 16 => 16,
                0 => return,
                // The alignment of the place.
                unaligned => 1 << unaligned.trailing_zeros(),
            };
            // SAFETY: at least 16 bytes are left, and the place is aligned to `width`.
            unsafe { step(self.shared, self.private, width) };
            self.advance(width);
        }
    }

    /// Moves on to the end; the shared side is aligned to 16.
    ///
    /// # Safety
    ///
    /// As for [`approach`](Self::approach).
    unsafe fn finish(&mut self, step: Step) {
        while self.len > 0 {
            let width = if self.len >= 16 { 16 } else { 1 << self.len.ilog2() };
            // SAFETY: `width` bytes are left. The place started aligned to 16, and every piece
            // moved since was at least as wide, so it is aligned to `width`.
            unsafe { step(self.shared, self.private, width) };
            self.advance(width);
        }
    }
}

/// Moves one piece through a register: `$load` is its load and `$store` its store.
macro_rules! piece {
    ($from:expr, $to:expr, $class:ident $modifier:literal, $load:literal, $store:literal) => {
        // SAFETY: the places read and written are valid for the register's width (the caller's
        // promise); nothing else is touched.
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
/// `width` is 1, 2, 4, 8 or 16. `from` is valid for reads of `width` bytes and aligned to that,
/// `to` is valid for writes of them. The processor has AVX.
unsafe fn load_step(from: *mut u8, to: *mut u8, width: usize) {
    match width {
        16 => piece!(from, to, xmm_reg "", "vmovdqa", "vmovdqu"),
        // SAFETY: the caller's promise.
        _ => unsafe { narrow_step(from, to, width) },
    }
}

/// # Safety
///
/// As for [`load_step`], in the other direction.
unsafe fn store_step(to: *mut u8, from: *mut u8, width: usize) {
    match width {
        16 => piece!(from, to, xmm_reg "", "vmovdqu", "vmovdqa"),
        // SAFETY: the caller's promise.
        _ => unsafe { narrow_step(from, to, width) },
    }
}

/// # Safety
///
/// As for [`load_step`], without the width of 16.
unsafe fn narrow_step(from: *mut u8, to: *mut u8, width: usize) {
    match width {
        8 => piece!(from, to, reg ":r", "mov", "mov"),
        4 => piece!(from, to, reg ":e", "mov", "mov"),
        2 => piece!(from, to, reg ":x", "mov", "mov"),
        _ => piece!(from, to, reg_byte "", "mov", "mov"),
    }
}

/// Moves `$pairs` pairs from rsi to rdi: as many blocks of 256 bytes as there are by `$block`, and
/// up to 7 pairs after them by `$pair`.
macro_rules! pairs {
    ($from:expr, $to:expr, $pairs:expr, [$($block:literal)*] [$($pair:literal)*] [$($end:literal)?] $($clobbers:tt)*) => {
        // SAFETY: it reads and writes only the pairs (the caller's promise), and the use of this
        // macro gives up the registers.
        unsafe {
            asm!(
                "test rcx, rcx",
                "jz 3f",
                ".p2align 5",
                "2:",
                $($block,)*
                "add rsi, 256",
                "add rdi, 256",
                "dec rcx",
                "jnz 2b",
                "3:",
                "test rdx, rdx",
                "jz 5f",
                "4:",
                $($pair,)*
                "add rsi, 32",
                "add rdi, 32",
                "dec rdx",
                "jnz 4b",
                "5:",
                $($end,)?
                inout("rsi") $from => _, inout("rdi") $to => _,
                inout("rcx") $pairs / UNROLLED => _, inout("rdx") $pairs % UNROLLED => _,
                $($clobbers)*, options(nostack),
            );
        }
    };
}

/// # Safety
///
/// `from` is valid for reads of `pairs` pairs and aligned to 16, `to` is valid for writes of as
/// many, and the processor has AVX.
unsafe fn load_pairs(from: *const u8, to: *mut u8, pairs: usize) {
    // Two loads of 16 bytes for each store of 32 to private memory. All vector registers are given
    // up, so that the end can clear their upper halves, as code without AVX needs them.
    pairs!(from, to, pairs,
        [
            ".irp at, 0, 32, 64, 96, 128, 160, 192, 224"
            r"vmovdqa xmm0, [rsi + \at]"
            r"vmovdqa xmm1, [rsi + \at + 16]"
            "vinsertf128 ymm0, ymm0, xmm1, 1"
            r"vmovups [rdi + \at], ymm0"
            ".endr"
        ]
        ["vmovdqa xmm0, [rsi]" "vmovdqa xmm1, [rsi + 16]" "vinsertf128 ymm0, ymm0, xmm1, 1" "vmovups [rdi], ymm0"]
        ["vzeroupper"]
        clobber_abi("sysv64")
    );
}

/// # Safety
///
/// As for [`load_pairs`], but `to` is aligned to 16, not `from`.
unsafe fn store_pairs(to: *mut u8, from: *const u8, pairs: usize) {
    pairs!(from, to, pairs,
        [
            ".irp at, 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240"
            r"vmovdqu xmm0, [rsi + \at]"
            r"vmovdqa [rdi + \at], xmm0"
            ".endr"
        ]
        ["vmovdqu xmm0, [rsi]" "vmovdqa [rdi], xmm0" "vmovdqu xmm0, [rsi + 16]" "vmovdqa [rdi + 16], xmm0"]
        []
        out("xmm0") _
    );
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_processor_with_avx_moves_long_runs_this_way() {
        assert_eq!(super::of(4096).is_some(), is_x86_feature_detected!("avx") && !cfg!(miri));
        assert!(super::of(8).is_none());
    }
}
