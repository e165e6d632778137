//! A value.
#![forbid(unsafe_code)]

use aya::maps::{HashMap, MapData, MapError};
use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u64,
    length: u64,
}

fn packets(map: &HashMap<MapData, u32, Value>) -> Result<u64, MapError> {
    Ok(map.get(&1, 0)?.packets)
}

fn main() {
    let _ = packets;
}
