//! A BPF program that answers what user space writes into a map, by the mirror that the derive wrote for both.

#![no_std]
#![deny(missing_docs)]

use core::mem::{offset_of, transmute};

use mapvalue::zerocopy::byteorder::U32;
use mapvalue::{CharArray, MapValue, Mirror, ReadOnly};
use mapvalue_no_std_types::{Exchange, ExchangeShared, MessageShared, Mode};

/// A map as aya's loader reads it: `bpf_map_def`.
#[repr(C)]
pub struct MapDefinition {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    id: u32,
    pinning: u32,
}

/// `BPF_MAP_TYPE_ARRAY` with `BPF_F_MMAPABLE`, of one `Exchange`.
#[unsafe(no_mangle)]
#[unsafe(link_section = "maps")]
pub static exchange: MapDefinition = MapDefinition {
    map_type: 2,
    key_size: 4,
    value_size: size_of::<Exchange>() as u32,
    max_entries: 1,
    map_flags: 1 << 10,
    id: 0,
    pinning: 0,
};

/// `bpf_map_lookup_elem`: the helper number 1.
#[inline(always)]
fn lookup(map: &MapDefinition, key: u32) -> Option<&ExchangeShared> {
    type Lookup = unsafe extern "C" fn(*const MapDefinition, *const u32) -> *const ExchangeShared;
    // SAFETY: to BPF the number of a helper is its address, and this is the signature of this one.
    let helper = unsafe { transmute::<usize, Lookup>(1) };
    // SAFETY: the key has the map's size. What comes back is null or the map's value, which has the size of an `Exchange` and the
    // alignment of the kernel's, 8; any bits are a valid mirror, and all who share it make accesses of its leaves' widths.
    unsafe { helper(map, &raw const key).as_ref() }
}

/// Answers the request: XDP_PASS, or XDP_ABORTED if it holds no `Mode`.
#[unsafe(no_mangle)]
#[unsafe(link_section = "xdp")]
pub extern "C" fn answer(_: *mut ()) -> u32 {
    let Some(shared) = lookup(&exchange, 0) else { return 0 };
    shared.runs.store(shared.runs.load() + 1);
    shared.layout[0].store(Exchange::LAYOUT.size() as u32);
    shared.layout[1].store(offset_of!(Exchange, reply) as u32);
    match shared.request.mode.try_load() {
        Ok(mode) => {
            reply(&shared.request, &shared.reply, mode);
            2
        }
        Err(invalid) => {
            shared.invalid.store(invalid.value() as i64);
            0
        }
    }
}

/// Each field of the reply is made of that of the request, and differs from it.
#[inline(always)]
fn reply(request: &MessageShared, reply: &MessageShared, mode: Mode) {
    reply.id.store(!request.id.load());
    reply.delta.store(request.delta.load() - 1000);
    reply.mode.store(if mode == Mode::Pass { Mode::Drop } else { Mode::Pass });
    reply.live.store(!request.live.load());
    reply.source.store(U32::new(request.source.load().get() + 1));
    for row in 0..2 {
        for column in 0..3 {
            reply.grid[1 - row][column].store(request.grid[row][column].load() + 1);
        }
    }
    let [low, high] = request.word.halves().load();
    reply.word.halves().store([high, low]);
    reply.share.store(request.share.load());
    reply.name.store(if request.name.load() == "ping" { PONG } else { CharArray::from_array(*b"what?\0\0\0\0\0\0\0") });
    for (to, from) in reply.pairs.iter().zip(&request.pairs) {
        to.a.store(from.b.load());
        to.b.store(from.a.load());
    }
}

const PONG: CharArray<12> = CharArray::from_array(*b"pong\0\0\0\0\0\0\0\0");

/// The mode in which a program that only looks has it.
pub type Seen = ExchangeShared<ReadOnly>;

#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
