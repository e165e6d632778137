//! A BPF program in Rust (`no-std/program`) and this process share one crate of types, and one map.
//!
//! The object is the committed one, or the one that `MAPVALUE_RUST_PROGRAM` names. `no-std/build`
//! compiles the program and runs this test on it.

use std::mem::offset_of;
use std::{env, fs};

use mapvalue::zerocopy::byteorder::U32;
use mapvalue::{CharArray, Mapping, Mirror, Var};
use mapvalue_no_std_types::{Exchange, Message, Mode, Pair};
use mapvalue_tests::kernel::{self, Aya, Loader};

const XDP_ABORTED: u32 = 0;
const XDP_PASS: u32 = 2;

fn load() -> Aya {
    match env::var_os("MAPVALUE_RUST_PROGRAM") {
        Some(path) => Aya::load(&fs::read(path).unwrap()),
        None => Aya::load(aya::include_bytes_aligned!("../../no-std/answer.o")),
    }
}

#[test]
fn what_rust_writes_on_the_one_side_rust_reads_on_the_other() {
    kernel::require!();
    let object = load();
    let exchange: Var<Exchange> = Mapping::from_map(object.map("exchange")).unwrap().var(0).unwrap();
    let request = &exchange.request;
    request.id.store(0x0123_4567_89ab_cdef);
    request.delta.store(-29_000);
    request.mode.store(Mode::Pass);
    request.live.store(true);
    request.source.store(U32::new(0x0a00_0001));
    request.grid[0].store([1, 2, 3]);
    request.grid[1].store([10, 20, u32::MAX - 1]);
    request.word.whole().store(0xdead_beef);
    request.share.store(0.75);
    request.name.store("ping".parse().unwrap());
    request.pairs.store([Pair { a: 1, b: 2 }, Pair { a: 3, b: 4 }, Pair { a: 5, b: 255 }]);
    assert_eq!(object.run("answer"), XDP_PASS);

    let reply: Message = exchange.project(|exchange| &exchange.reply).try_load().unwrap();
    assert_eq!(reply.id, !0x0123_4567_89ab_cdef);
    assert_eq!(reply.delta, -30_000);
    assert_eq!(reply.mode, Mode::Drop);
    assert!(!reply.live);
    assert_eq!(reply.source, U32::new(0x0a00_0002));
    assert_eq!(reply.grid, [[11, 21, u32::MAX], [2, 3, 4]], "the rows in the other order");
    assert_eq!(exchange.reply.word.whole().load(), 0xbeef_dead);
    assert_eq!(reply.share.to_bits(), 0.75f32.to_bits());
    assert_eq!(reply.name, CharArray::new("pong").unwrap());
    assert_eq!(reply.pairs, [Pair { a: 2, b: 1 }, Pair { a: 4, b: 3 }, Pair { a: 255, b: 5 }]);
    let expected = [size_of::<Exchange>(), offset_of!(Exchange, reply)].map(|number| u32::try_from(number).unwrap());
    assert_eq!(exchange.layout.load(), expected);
    assert_eq!(exchange.runs.load(), 1);
}

#[test]
fn a_number_that_is_no_variant_is_an_error_in_the_program_too() {
    kernel::require!();
    let object = load();
    let exchange: Var<Exchange> = Mapping::from_map(object.map("exchange")).unwrap().var(0).unwrap();
    let offset = offset_of!(Exchange, request) + offset_of!(Message, mode);
    exchange.mapping().write_at(offset, &[200]).unwrap();
    assert_eq!(object.run("answer"), XDP_ABORTED);
    assert_eq!((exchange.invalid.load(), exchange.runs.load()), (200, 1));
    assert_eq!(exchange.reply.id.load(), 0, "nothing was answered");
    // A `bool` that is not 0 is true.
    exchange.request.mode.store(Mode::Drop);
    exchange.mapping().write_at(offset_of!(Exchange, request) + offset_of!(Message, live), &[2]).unwrap();
    assert_eq!(object.run("answer"), XDP_PASS);
    assert_eq!((exchange.reply.mode.try_load().unwrap(), exchange.reply.live.load()), (Mode::Pass, false));
    assert_eq!(exchange.reply.name.load(), "what?");
}
