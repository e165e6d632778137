//! A refused `Pod` of aya that is used: one error, not one a use.
#![forbid(unsafe_code)]

use aya::maps::{HashMap, MapData, MapError};
use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u64,
    kind: u32,
}

fn packets(map: &HashMap<MapData, u32, Value>) -> Result<u64, MapError> {
    Ok(map.get(&1, 0)?.packets)
}

fn main() {
    let _ = packets;
}
