//! None is none.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, ReadOnly, Var};

#[repr(C)]
#[derive(MapValue)]
struct Limits([u32; 4]);

#[derive(MapValue)]
#[repr(C)]
struct Range(u32, u32);

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Config {
    id: u32,
    limits: Limits, letter: u32, sizes: [u64; 4], range: Range, name: [u8; 16],
}

#[derive(MapValue)]
#[repr(C)]
struct Outer {
    configs: [Config; 2],
    flag: bool,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let outer: Var<Outer> = mapping.var(0).unwrap();
    outer.configs[1].sizes[1].fetch_add(1);
    let id: Var<u32> = outer.project(|outer| &outer.configs[1].id);
    assert_eq!(outer.load().configs[1].id, id.load());
    let view: Var<Config, ReadOnly> = outer.project(|outer| &outer.configs[1]).read_only();
    assert_eq!(view.load().limits.0[0], 0);
    let _ = view.letter.load();
    outer.store(Outer { flag: true, ..outer.load() });
    let _ = mapping.slice::<Config>(0, 1).unwrap()[0].letter.load_acquire();
    let _ = Range(0, 0);
}
