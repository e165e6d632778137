//! Stands in for `core`, with what `core/src/platform.rs` needs to be compiled for a target that is
//! not installed. No code is generated. The macros and traits are those that the compiler itself
//! looks for.
#![feature(no_core, lang_items, rustc_attrs, intrinsics, auto_traits, arbitrary_self_types)]
#![allow(internal_features)]
#![no_core]

#[rustc_builtin_macro]
#[macro_export]
macro_rules! compile_error {
    ($words:expr) => {};
}

#[macro_export]
macro_rules! assert {
    ($condition:expr, $words:literal $(,)?) => {
        match $condition {
            true => {}
            false => $crate::panic_display(&$words),
        }
    };
}

pub mod mem {
    #[rustc_intrinsic]
    pub const fn align_of<T>() -> usize;
}

/// Ends the evaluation of a constant with these words.
#[lang = "panic_display"]
pub const fn panic_display(_: &&'static str) -> ! {
    loop {}
}

#[lang = "pointee_sized"]
pub trait PointeeSized {}
#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}
#[lang = "sized"]
pub trait Sized: MetaSized {}
#[lang = "freeze"]
unsafe auto trait Freeze {}
#[lang = "legacy_receiver"]
pub trait LegacyReceiver {}
impl<T: MetaSized> LegacyReceiver for &T {}
#[lang = "copy"]
pub trait Copy {}
impl Copy for bool {}
impl Copy for usize {}
impl<T: MetaSized> Copy for &T {}
#[lang = "eq"]
pub trait PartialEq<Rhs: MetaSized = Self> {
    fn eq(&self, other: &Rhs) -> bool;
}
impl PartialEq for usize {
    fn eq(&self, other: &usize) -> bool {
        *self == *other
    }
}
