//! The number that identifies the type of an object in shared memory.

use crate::layout::{Kind, Layout};

impl Layout {
    /// Returns a number that identifies the type; never 0.
    ///
    /// It is a hash of the type's name in C, its size and alignment, and the names, offsets and
    /// types of all its fields. Two types that differ in any of these have the same number with a
    /// chance of one in four billion. Objects of an [`Allocator`](crate::Allocator) hold it, so
    /// that an object that a BPF program made as another type is not taken for this one.
    ///
    /// ```
    /// use mapvalue::MapValue;
    ///
    /// #[derive(MapValue)]
    /// #[repr(C)]
    /// struct Flow {
    ///     packets: u64,
    ///     bytes: u64,
    /// }
    ///
    /// assert_ne!(Flow::LAYOUT.type_id(), <[u64; 2]>::LAYOUT.type_id());
    /// println!("#define FLOW_TYPE_ID {:#x}", Flow::LAYOUT.type_id());
    /// ```
    pub const fn type_id(&self) -> u32 {
        let hash = self.hash_into(Hash::new()).0;
        #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
        let folded = (hash >> 32) as u32 ^ hash as u32;
        if folded == 0 { 1 } else { folded }
    }

    const fn hash_into(&self, hash: Hash) -> Hash {
        let hash = hash.text(self.c_name).number(self.size as u64).number(self.align as u64);
        match self.kind {
            Kind::Int { signed, endianness } => hash.number(1).number(signed as u64).number(endianness as u64),
            Kind::Float => hash.number(2),
            Kind::Bool => hash.number(3),
            Kind::Enum { signed, variants } => {
                let mut hash = hash.number(4).number(signed as u64);
                let mut i = 0;
                while i < variants.len() {
                    // Any two values of an integer of at most 8 bytes differ in these bits.
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "any bits do")]
                    let value = variants[i].value as u64;
                    hash = hash.text(variants[i].name).number(value);
                    i += 1;
                }
                hash
            }
            Kind::Pointer => hash.number(5),
            Kind::Array { len, element } => element.hash_into(hash.number(6).number(len as u64)),
            Kind::Struct { fields } | Kind::Union { fields } => {
                let mut hash = hash.number(if matches!(self.kind, Kind::Struct { .. }) { 7 } else { 8 });
                let mut i = 0;
                while i < fields.len() {
                    hash = fields[i].layout.hash_into(hash.text(fields[i].c_name).number(fields[i].offset as u64));
                    i += 1;
                }
                hash
            }
            Kind::Marker => hash.number(9),
            Kind::Character => hash.number(11),
        }
    }
}

/// The 64-bit FNV-1a hash.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    const fn bytes(self, bytes: &[u8]) -> Self {
        let Self(mut hash) = self;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            i += 1;
        }
        Self(hash)
    }

    const fn number(self, number: u64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    /// Hashes the length first, so that "ab", "c" differs from "a", "bc".
    const fn text(self, text: &str) -> Self {
        self.number(text.len() as u64).bytes(text.as_bytes())
    }
}
