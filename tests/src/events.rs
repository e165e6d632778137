//! The events of `bpf/events.bpf.c`.

use mapvalue::zerocopy::byteorder::{BigEndian, U32};
use mapvalue::{CharArray, MapEvent, MapValue, Whole};

/// `enum kind`
#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[map_value(rename = "kind")]
#[repr(u32)]
pub enum Kind {
    /// [`Exec`]
    Exec = 1,
    /// [`Args`]
    Args = 2,
    /// [`Stack`]
    Stack = 3,
    /// [`Flow`]
    Flow = 16,
    /// No struct.
    Unknown = 99,
}

/// `struct header`
#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[map_value(rename = "header")]
#[repr(C)]
#[expect(missing_docs, reason = "they are those of the C struct")]
pub struct Header {
    pub kind: Kind,
    pub number: u32,
}

/// `struct exec`: 32 bytes, without a tail.
#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[map_value(rename = "exec")]
#[repr(C)]
#[expect(missing_docs, reason = "they are those of the C struct")]
pub struct Exec {
    pub header: Header,
    pub pid: u32,
    pub uid: u32,
    pub comm: CharArray<16>,
}

/// `struct args`: 40 bytes, and a text from byte 36 on.
#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[map_value(rename = "args")]
#[repr(C)]
#[expect(missing_docs, reason = "they are those of the C struct")]
pub struct Args {
    pub header: Header,
    pub inode: u64,
    pub at: u64,
    pub pid: u32,
    pub uid: u32,
    pub len: u32,
}

/// `struct stack`: 16 bytes with the padding before its frames, which begin at 16.
#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq)]
#[map_value(rename = "stack")]
#[repr(C)]
#[expect(missing_docs, reason = "they are those of the C struct")]
pub struct Stack {
    pub header: Header,
    pub depth: u32,
    #[map_value(rename = "_pad")]
    pub pad: u32,
}

/// `union address`
#[derive(MapValue, Clone, Copy)]
#[map_value(rename = "address")]
#[repr(C)]
#[expect(missing_debug_implementations, reason = "it is a union")]
pub union Address {
    /// The first 4 bytes.
    pub v4: U32<BigEndian>,
    /// All bytes.
    pub v6: [u8; 16],
    /// All bytes, as words.
    pub words: [u32; 4],
}

/// `struct flow`
#[derive(MapValue, Clone, Copy, Debug)]
#[map_value(rename = "flow")]
#[repr(C)]
#[expect(missing_docs, reason = "they are those of the C struct")]
pub struct Flow {
    pub header: Header,
    pub family: u32,
    pub from: Whole<Address>,
    pub to: Whole<Address>,
    pub bytes: u64,
}

/// An event of the program.
#[derive(MapEvent, Clone, Copy, Debug)]
#[map_event(tag = "header.kind")]
pub enum Event {
    /// A process began.
    #[map_event(tag = Kind::Exec)]
    Exec(Exec),
    /// Its arguments.
    #[map_event(tag = 2)]
    Args(Args),
    /// A call stack.
    #[map_event(tag = Kind::Stack)]
    Stack(Stack),
    /// Bytes from one address to another.
    #[map_event(tag = FLOW)]
    Flow(Flow),
    /// None of these.
    #[map_event(other)]
    Other(u32),
}

/// The tag of [`Flow`].
pub const FLOW: u64 = 16;

/// `struct call`: the context of the program `sum`.
#[derive(MapValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[map_value(rename = "call")]
#[repr(C)]
#[expect(missing_docs, reason = "they are those of the C struct")]
pub struct Call {
    pub left: u32,
    pub right: u64,
    pub sum: u64,
    pub calls: u16,
}
