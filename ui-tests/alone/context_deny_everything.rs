//@ pass: context_deny_everything
//! The derive's output passes in a crate that denies every warning that could concern it.
#![deny(warnings, missing_docs, unused, future_incompatible, nonstandard_style, rust_2018_idioms)]
#![deny(missing_debug_implementations, missing_copy_implementations, unreachable_pub, unused_qualifications)]
#![deny(elided_lifetimes_in_paths, single_use_lifetimes, unused_lifetimes, trivial_casts, trivial_numeric_casts)]
#![deny(private_bounds, private_interfaces, unnameable_types, let_underscore_drop, variant_size_differences)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery, clippy::cargo)]
#![forbid(unsafe_code)]

pub mod values {
    //! Values of a map.

    use mapvalue::MapValue;

    /// A mode.
    #[derive(MapValue, Clone, Copy, Debug)]
    #[repr(u8)]
    pub enum Mode {
        /// Off.
        Off,
        /// On.
        On,
    }

    /// A word.
    #[derive(MapValue, Clone, Copy)]
    #[repr(C)]
    pub union Word {
        /// As a number.
        pub number: u32,
        /// As bytes.
        pub bytes: [u8; 4],
    }

    impl std::fmt::Debug for Word {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Word")
        }
    }

    /// A private part.
    #[derive(MapValue, Clone, Copy, Debug)]
    #[repr(C)]
    struct Part {
        inner: u32,
    }

    /// A value.
    #[derive(MapValue, Clone, Copy, Debug)]
    #[repr(C)]
    pub struct Value<T> {
        /// Its mode.
        pub mode: Mode,
        /// Its samples.
        pub samples: [T; 2],
        part: Part,
    }

    impl<T> Value<T> {
        /// What is inside of its part.
        pub const fn inner(&self) -> u32 {
            self.part.inner
        }
    }
}

fn main() {}
