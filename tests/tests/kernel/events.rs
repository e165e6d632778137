//! Events of a program, by three readers: this crate's, in place, and the bytes that libbpf-rs's
//! and aya's return.

use std::cell::RefCell;
use std::os::fd::AsFd;
use std::time::Duration;

use aya::maps::{Map as AyaMap, MapData, RingBuf};
use libbpf_rs::{PerfBufferBuilder, RingBufferBuilder};
use mapvalue::bpf::{self, MapInfo};
use mapvalue::zerocopy::byteorder::{BigEndian, U32};
use mapvalue::{Btf, MapEvent, MapValue, Rest, Ring, Shared, SystemError};
use mapvalue_tests::events::{Address, Args, Call, Event, EventView, Exec, Kind, Stack};
use mapvalue_tests::kernel::{self, Libbpf, Loader, objects};

const PACKET: [u8; 14] = [0; 14];
const RUNS: u32 = 40;

/// What was seen of an event, whoever read it.
#[derive(Debug, PartialEq)]
enum Seen {
    Exec(Exec),
    Args(Args, String),
    Stack(Stack, Vec<u64>),
    Flow { number: u32, from: [u32; 4], v4: U32<BigEndian>, bytes: u64 },
    Other(u32, Vec<u8>),
    TooShort,
}

impl Seen {
    /// Reads a record in place.
    fn in_place(record: &mapvalue::Record<'_>) -> Self {
        match Event::view(record) {
            Ok(EventView::Exec(exec)) => Self::Exec(exec.load().unwrap()),
            Ok(EventView::Args(args)) => {
                let text = args.text_first(args.len.load() as usize).unwrap();
                Self::Args(args.load().unwrap(), text.to_str().unwrap().to_owned())
            }
            Ok(EventView::Stack(stack)) => {
                let frames = stack.tail_first::<u64>(stack.depth.load() as usize).unwrap();
                Self::Stack(stack.load().unwrap(), frames.iter().map(Shared::load).collect())
            }
            Ok(EventView::Flow(flow)) => Self::Flow {
                number: flow.header.number.load(),
                from: std::array::from_fn(|at| flow.from.words()[at].load()),
                v4: flow.from.v4().load(),
                bytes: flow.bytes.load(),
            },
            Ok(EventView::Other(tag, record)) => Self::Other(tag, record.bytes()),
            Err(mapvalue::RingError::RecordTooShort { .. }) => Self::TooShort,
            Err(error) => panic!("{error}"),
        }
    }

    /// Decodes the bytes of a record.
    fn decoded(bytes: &[u8]) -> Self {
        let (event, rest): (Event, Rest<'_>) = match Event::from_prefix(bytes) {
            Ok(event) => event,
            Err(mapvalue::ValueError::TooShort { .. }) => return Self::TooShort,
            Err(error) => panic!("{error}"),
        };
        match event {
            Event::Exec(exec) => Self::Exec(exec),
            Event::Args(args) => {
                let text = rest.tail::<u8>().first(args.len as usize).unwrap();
                Self::Args(args, text.text().to_str().unwrap().to_owned())
            }
            Event::Stack(stack) => {
                Self::Stack(stack, rest.tail::<u64>().first(stack.depth as usize).unwrap().iter().collect())
            }
            Event::Flow(flow) => Self::Flow {
                number: flow.header.number,
                from: flow.from.get(|words| Address { words }),
                v4: flow.from.v4(),
                bytes: flow.bytes,
            },
            Event::Other(tag) => Self::Other(tag, rest.as_bytes().to_vec()),
        }
    }
}

fn send() -> Libbpf {
    let loaded = Libbpf::load(objects::EVENTS);
    assert_eq!(loaded.run_on("one_of_each", &PACKET, RUNS), 0);
    loaded
}

#[test]
fn three_readers_see_the_same_events() {
    kernel::require!(SYSCALL);
    let loaded = send();
    let mut in_place = Vec::new();
    for record in Ring::from_map(loaded.map("events")).unwrap().records() {
        in_place.push(Seen::in_place(&record.unwrap()));
    }
    assert_eq!(in_place.len(), 7 * RUNS as usize);
    // What the program has written, in one of its runs.
    let Seen::Args(args, text) = &in_place[7 * 5 + 1] else { panic!("{:?}", in_place[36]) };
    assert_eq!((args.header.kind, args.header.number, args.len, &**text), (Kind::Args, 5, 5, "ls -l"));
    assert_eq!((args.inode, args.pid), (0x1234_5678_90ab_cdef, 105));
    let Seen::Stack(_, frames) = &in_place[7 * 3 + 2] else { panic!("{:?}", in_place[23]) };
    assert_eq!(frames[..], [3, 4, 5].map(|at| 0xffff_8000_0000_0000_u64 + at));
    let Seen::Flow { v4, bytes, .. } = &in_place[7 * 2 + 3] else { panic!("{:?}", in_place[17]) };
    assert_eq!((v4.get(), *bytes), (0x0a00_0002, 3000));
    assert!(matches!(&in_place[4..7], [Seen::Other(99, bytes), Seen::TooShort, Seen::TooShort] if bytes.len() == 8));

    let loaded = send();
    let by_libbpf = RefCell::new(Vec::new());
    let mut builder = RingBufferBuilder::new();
    let map = loaded.map("events");
    builder
        .add(&map, |bytes| {
            by_libbpf.borrow_mut().push(Seen::decoded(bytes));
            0
        })
        .unwrap();
    builder.build().unwrap().consume().unwrap();
    assert_eq!(by_libbpf.into_inner(), in_place);

    let loaded = send();
    let id = MapInfo::query(loaded.map("events").as_fd()).unwrap().id;
    let mut ring = RingBuf::try_from(AyaMap::RingBuf(MapData::from_id(id).unwrap())).unwrap();
    let mut by_aya = Vec::new();
    while let Some(bytes) = ring.next() {
        by_aya.push(Seen::decoded(&bytes));
    }
    assert_eq!(by_aya, in_place);
}

#[test]
fn what_a_perf_buffer_pads_is_decoded() {
    kernel::require!(SYSCALL);
    let loaded = Libbpf::load(objects::EVENTS);
    let seen = RefCell::new(Vec::new());
    let map = loaded.map("perf");
    let perf = PerfBufferBuilder::new(&map)
        .sample_cb(|_, bytes: &[u8]| seen.borrow_mut().push((bytes.len(), Seen::decoded(bytes))))
        .build()
        .unwrap();
    assert_eq!(loaded.run("stack_by_perf"), 0);
    perf.poll(Duration::from_secs(1)).unwrap();
    drop(perf);
    let seen = seen.into_inner();
    assert!(matches!(&seen[..], [(20, Seen::Stack(stack, frames))] if stack.header.number == 7 && frames.is_empty()));
}

#[test]
fn each_kind_is_checked_against_its_struct() {
    /// Its `uid` is another.
    #[derive(MapValue)]
    #[map_value(rename = "exec")]
    #[repr(C)]
    struct Changed {
        header: mapvalue_tests::events::Header,
        pid: u32,
        gid: u32,
        comm: mapvalue::CharArray<16>,
    }

    #[derive(MapEvent)]
    #[map_event(tag = "header.kind")]
    enum Event2 {
        #[map_event(tag = 2)]
        Args(Args),
        #[map_event(tag = 1)]
        Exec(Changed),
        #[map_event(other)]
        Other(u32),
    }

    let btf = Btf::from_object(objects::EVENTS).unwrap();
    Event::check(&btf).unwrap();
    let error = Event2::check(&btf).unwrap_err().to_string();
    assert!(error.contains("gid") && error.contains("exec"), "{error}");
    assert!(matches!(Event2::from_prefix(&[9; 4]), Ok((Event2::Other(0x0909_0909), _))));
    let loaded = Event2::from_prefix(&[1, 0, 0, 0].repeat(8)).map(|(event, _)| matches!(event, Event2::Exec(_)));
    assert!(loaded.unwrap() && !matches!(Event2::from_prefix(&[2; 4]), Ok((Event2::Args(_), _))));
}

#[test]
fn a_program_is_called_with_a_context() {
    kernel::require!(SYSCALL);
    let loaded = Libbpf::load(objects::EVENTS);
    loaded.with_program("sum", |program| {
        let mut call = Call { left: 7, right: 1 << 40, ..Call::default() };
        for calls in 1..=3 {
            assert_eq!(bpf::run(program, &mut call).unwrap(), 14);
            assert_eq!(call, Call { left: 7, right: 1 << 40, sum: (1 << 40) + 7, calls });
        }
        // The program reads and writes 26 bytes.
        let mut short = [0u64; 3];
        let error = bpf::run(program, &mut short).unwrap_err();
        assert!(matches!(error, SystemError::ContextSize { size: 24, .. }), "{error}");
        #[expect(clippy::large_stack_arrays, reason = "it is one byte more than the kernel takes")]
        let mut long = [0u64; 8192];
        let error = bpf::run(program, &mut long).unwrap_err();
        assert!(matches!(error, SystemError::ContextSize { size: 65536, .. }), "{error}");
    });
}

#[test]
fn what_is_not_a_program_to_call_is_refused_by_name() {
    kernel::require!(SYSCALL);
    let loaded = Libbpf::load(objects::EVENTS);
    let mut call = Call { left: 1, ..Call::default() };
    let before = call;
    loaded.with_program("one_of_each", |program| {
        let error = bpf::run(program, &mut call).unwrap_err();
        assert!(matches!(error, SystemError::NotCallable { program_type: 3 }), "{error}");
    });
    for fd in [loaded.map("events").as_fd(), std::io::stdin().as_fd()] {
        let error = bpf::run(fd, &mut call).unwrap_err();
        assert!(matches!(error, SystemError::NotAProgram), "{error}");
    }
    assert_eq!(call, before);
}
