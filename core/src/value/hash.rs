//! [`ArenaHash`]: the hash of a key, the same in Rust and in a BPF program.
//!
//! Each function has a twin named `mv_..` in `include/mapvalue/arena.bpf.h`; tests compare them.

use core::num::Wrapping;

use zerocopy::byteorder::{ByteOrder, U16, U32, U64};

use crate::value::Storable;
use crate::value::codec;

/// The hash of an [`ArenaHashMap`](crate::ArenaHashMap) key, as BPF programs compute it.
///
/// | key | in C (`mapvalue/arena.bpf.h`) |
/// |---|---|
/// | integers up to 32 bits | `mv_hash_u32(key)` |
/// | `u64`, `i64` | `mv_hash_u64(key)` |
/// | zerocopy's integers of a stated byte order | the same, of the number in C's `__be32` |
/// | arrays, such as `[u8; 16]` | `mv_hash_bytes(&key, sizeof(key))` |
/// | structs, by `impl ArenaHash for Key {}` | `mv_hash_bytes(&key, sizeof(key))` |
///
/// A struct must have no padding, whose bytes may differ between equal keys in C. For another hash,
/// such as that of an existing table, implement `arena_hash`; for an integer, on a
/// `repr(transparent)` struct around it.
///
/// The hash has no secret: whoever chooses the keys can choose many with the same hash, and so make
/// a lookup as slow as a walk over all elements. If an enemy chooses the keys, mix a random number
/// of your own into the hash, on both sides.
///
/// ```
/// use mapvalue::arena::{hash_bytes, hash_u32, hash_u64};
/// use mapvalue::{ArenaHash, MapValue};
///
/// #[derive(MapValue, PartialEq, Eq)]
/// #[repr(C)]
/// struct Peer {
///     address: u32,
///     port: u16,
///     protocol: u16,
/// }
///
/// impl ArenaHash for Peer {}
///
/// let peer = Peer { address: 0x0a00_0001, port: 53, protocol: 17 };
/// assert_eq!(peer.arena_hash(), hash_bytes(&peer.to_bytes()));
/// assert_eq!([1u8, 2, 3].arena_hash(), hash_bytes(&[1, 2, 3]));
/// assert_ne!(hash_bytes(&[0]), hash_bytes(&[0, 0])); // the length counts
/// assert_eq!(7u64.arena_hash(), hash_u64(7));
/// assert_eq!(hash_u32(7), hash_u64(7));
/// ```
///
/// ```compile_fail
/// # use mapvalue::{ArenaHash, MapValue};
/// # #[derive(MapValue, PartialEq, Eq)]
/// # #[repr(C)]
/// struct Padded {
///     address: u32,
///     protocol: u16,
/// }
///
/// impl ArenaHash for Padded {}
/// Padded { address: 1, protocol: 6 }.arena_hash(); // 2 bytes of it are nobody's
/// ```
pub trait ArenaHash: Storable {
    /// Returns the hash.
    ///
    /// The default hashes the bytes of the value. It does not compile for a type with padding or
    /// with more than 256 bytes.
    #[must_use]
    fn arena_hash(&self) -> u32 {
        const {
            Self::LAYOUT.assert_hashable();
            assert!(Self::LAYOUT.size() <= 256, "a key of more than 256 bytes needs an `arena_hash` of its own");
        }
        codec::with_bytes(self, hash_bytes)
    }
}

/// Mixes the bits: flipping one input bit flips about half of the output bits.
#[inline]
const fn mix(mut bits: u64) -> u64 {
    bits ^= bits >> 32;
    bits = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits ^= bits >> 29;
    bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits ^ (bits >> 32)
}

/// Hashes a `u64` as the header's `mv_hash_u64` does.
#[inline]
#[must_use]
pub const fn hash_u64(key: u64) -> u32 {
    (mix(key) & 0xffff_ffff) as u32
}

/// Hashes a `u32` as the header's `mv_hash_u32` does.
///
/// With a secret number on both sides, nobody else can choose keys of the same hash:
///
/// ```
/// use mapvalue::arena::hash_u32;
/// use mapvalue::{ArenaHash, MapValue};
///
/// #[derive(MapValue, PartialEq, Eq)]
/// #[repr(transparent)]
/// struct Seeded(u32);
///
/// impl ArenaHash for Seeded {
///     fn arena_hash(&self) -> u32 {
///         hash_u32(self.0 ^ 0x5bd1_e995)
///     }
/// }
///
/// assert_eq!(Seeded(0x5bd1_e995).arena_hash(), hash_u32(0));
/// ```
#[inline]
#[must_use]
pub const fn hash_u32(key: u32) -> u32 {
    hash_u64(key as u64)
}

/// Hashes bytes as the header's `mv_hash_bytes` does.
#[inline]
#[must_use]
pub fn hash_bytes(key: &[u8]) -> u32 {
    let word = |chunk: &[u8]| {
        // The last chunk is filled up with zeros.
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    };
    (key.chunks(8).fold(key.len() as u64, |hash, chunk| mix(hash ^ word(chunk))) & 0xffff_ffff) as u32
}

macro_rules! hashes {
    ($([$($generics:tt)*] $type:ty, |$key:ident| $hash:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> ArenaHash for $type {
            #[inline]
            fn arena_hash(&self) -> u32 {
                let $key = *self;
                $hash
            }
        }
    )*};
}

// Narrow signed integers are widened as C does when it passes them as an `unsigned int`.
hashes! {
    [] u8, |key| hash_u32(key.into());
    [] u16, |key| hash_u32(key.into());
    [] u32, |key| hash_u32(key);
    [] u64, |key| hash_u64(key);
    [] i8, |key| hash_u32(i32::from(key).cast_unsigned());
    [] i16, |key| hash_u32(i32::from(key).cast_unsigned());
    [] i32, |key| hash_u32(key.cast_unsigned());
    [] i64, |key| hash_u64(key.cast_unsigned());
    [O: ByteOrder + 'static] U16<O>, |key| u16::from_ne_bytes(key.to_bytes()).arena_hash();
    [O: ByteOrder + 'static] U32<O>, |key| u32::from_ne_bytes(key.to_bytes()).arena_hash();
    [O: ByteOrder + 'static] U64<O>, |key| u64::from_ne_bytes(key.to_bytes()).arena_hash();
}

#[diagnostic::do_not_recommend]
impl<T: ArenaHash> ArenaHash for Wrapping<T>
where
    Self: Storable,
{
    #[inline]
    fn arena_hash(&self) -> u32 {
        self.0.arena_hash()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Storable, const N: usize> ArenaHash for [T; N] {}
