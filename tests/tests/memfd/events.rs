//! Events of several kinds, from the bytes that other readers return, and in place in a ring on a
//! memfd.

use std::any::type_name;

use mapvalue::ring::RingProducer;
use mapvalue::{MapEvent, MapValue, Rest, Ring, RingError, Shared, Tail, Text, ValueError};
use mapvalue_tests::events::{Args, Event, EventView, Exec, Flow, Header, Kind, Stack};
use proptest::prelude::*;

fn ring() -> (Ring, RingProducer) {
    let ring = Ring::memfd(65536).unwrap();
    let producer = ring.producer().unwrap();
    (ring, producer)
}

fn exec() -> Exec {
    Exec { header: Header { kind: Kind::Exec, number: 3 }, pid: 7, uid: 1000, comm: "ls".parse().unwrap() }
}

/// The record of `struct args` with a text: 36 bytes, and the text.
fn args(text: &[u8]) -> (Args, Vec<u8>) {
    let header = Header { kind: Kind::Args, number: 4 };
    let args = Args { header, inode: 9, at: 1 << 40, pid: 7, uid: 1000, len: u32::try_from(text.len()).unwrap() };
    let mut record = args.to_bytes();
    assert_eq!(record.len(), 40);
    record.truncate(36);
    record.extend_from_slice(text);
    (args, record)
}

fn stack(frames: &[u64]) -> (Stack, Vec<u8>) {
    let stack =
        Stack { header: Header { kind: Kind::Stack, number: 5 }, depth: u32::try_from(frames.len()).unwrap(), pad: 0 };
    (stack, [stack.to_bytes(), frames.iter().flat_map(|frame| frame.to_ne_bytes()).collect()].concat())
}

/// Calls a function with the one record.
fn in_ring<R>(bytes: &[u8], then: impl FnOnce(&mapvalue::Record<'_>) -> R) -> R {
    let (mut ring, producer) = ring();
    // So that the record before it does not hide what is read too far.
    producer.output(bytes).unwrap();
    producer.output(&[0xff; 64]).unwrap();
    let record = ring.records().next().unwrap().unwrap();
    then(&record)
}

#[test]
fn a_tail_begins_where_c_puts_a_flexible_array() {
    assert_eq!((Args::LAYOUT.size(), Args::LAYOUT.end()), (40, 36));
    for len in 0..12 {
        let (args, record) = args(&b"ls -l --color"[..len]);
        let (decoded, rest) = Args::from_prefix(&record).unwrap();
        assert_eq!((decoded, rest), (args, &b"ls -l --color"[..len]), "{len} bytes of text");
        let (decoded, tail) = Args::from_prefix_with_tail::<u8>(&record).unwrap();
        assert_eq!((decoded, tail.text().to_str().unwrap()), (args, &"ls -l --color"[..len]));
        in_ring(&record, |record| {
            let head = record.head::<Args>().unwrap();
            assert_eq!((head.load().unwrap(), head.text().to_string()), (args, "ls -l --color"[..len].to_owned()));
            let text = head.tail::<u8>().unwrap();
            assert_eq!(text.iter().map(Shared::load).collect::<Vec<_>>(), b"ls -l --color"[..len]);
        });
    }
}

#[test]
fn wider_elements_begin_at_a_multiple_of_their_alignment() {
    // struct { __u32 count; __u64 stack[]; }, which has 4 bytes of padding in the middle.
    let record = [1u64, 7, 8].map(u64::to_ne_bytes).concat();
    let (count, rest) = u32::from_prefix(&record).unwrap();
    assert_eq!((count, rest.len()), (1, 20));
    let (_, tail) = u32::from_prefix_with_tail::<u64>(&record).unwrap();
    assert_eq!(tail.iter().collect::<Vec<_>>(), [7, 8]);
    assert_eq!(tail.first(1).unwrap().iter().collect::<Vec<_>>(), [7]);
    // A part of the padding.
    assert!(u32::from_prefix_with_tail::<u64>(&record[..6]).unwrap().1.is_empty());
    in_ring(&record[..6], |record| assert!(record.head::<u32>().unwrap().tail::<u64>().unwrap().is_empty()));
    in_ring(&record, |record| {
        let head = record.head::<u32>().unwrap();
        let tail = head.tail::<u64>().unwrap();
        assert_eq!((tail.len(), tail[1].load()), (2, 8));
        assert_eq!(head.tail_first::<u64>(1).unwrap()[0].load(), 7);
        assert!(head.tail_first::<u64>(0).unwrap().is_empty());
        let error = head.tail_first::<u64>(3).unwrap_err();
        assert!(matches!(error, RingError::OutOfRecord { offset: 8, size: 24, len: 24 }), "{error}");
        assert!(matches!(head.tail_first::<u64>(usize::MAX), Err(RingError::OutOfRecord { .. })));
        assert!(matches!(head.text_first(usize::MAX), Err(RingError::OutOfRecord { .. })));
    });
}

#[test]
fn records_that_a_perf_buffer_pads_are_decoded() {
    let (stack, mut record) = stack(&[]);
    record.extend_from_slice(&[0xee; 4]); // 16 bytes arrive as 20
    assert!(Stack::from_bytes(&record).is_err());
    let (decoded, rest) = Stack::from_prefix(&record).unwrap();
    assert_eq!((decoded, rest.len()), (stack, 4));
    let (event, rest) = Event::from_prefix(&record).unwrap();
    let Event::Stack(decoded) = event else { panic!("it is a stack") };
    assert_eq!((decoded, rest.tail::<u64>().first(decoded.depth as usize).unwrap().len()), (stack, 0));
}

#[test]
fn enums_in_a_tail_are_checked_one_by_one() {
    let bytes = [1u32, 16, 5].map(u32::to_ne_bytes).concat();
    let tail = Tail::<Kind>::new(&bytes);
    let kinds: Vec<_> = tail.try_iter().collect();
    assert!(matches!(kinds[..], [Ok(Kind::Exec), Ok(Kind::Flow), Err(_)]), "{kinds:?}");
    assert!(matches!((tail.try_get(1), tail.try_get(3)), (Some(Ok(Kind::Flow)), None)));
    assert_eq!(Tail::<Kind>::new(&bytes[..7]).len(), 1, "only whole elements count");
}

#[test]
fn a_count_that_the_bytes_do_not_have_is_an_error() {
    let bytes = [0; 20];
    for count in [3, usize::MAX / 4, usize::MAX] {
        let error = Tail::<u64>::new(&bytes).first(count).unwrap_err();
        assert!(matches!(error, ValueError::TailTooShort { len: 2, wanted, .. } if wanted == count), "{error}");
    }
}

#[test]
fn text_ends_at_a_nul_and_may_be_anything() {
    for (bytes, shown, debug) in
        [(&b""[..], "", r#""""#), (b"ab\0c", "ab", r#""ab""#), (b"a\xffb", "a\u{fffd}b", r#""a\xffb""#)]
    {
        let text = Text::new(bytes);
        assert_eq!(
            (text.to_string(), format!("{text:?}"), text.as_bytes()),
            (shown.to_owned(), debug.to_owned(), bytes)
        );
        assert_eq!((text.to_str_lossy().into_owned(), text.is_empty()), (shown.to_owned(), shown.is_empty()));
    }
    assert_eq!(format!("{:>4}|", Text::new(b"ab")), "  ab|");
}

#[test]
fn each_kind_is_told_by_its_tag() {
    let (args, args_record) = args(b"ls -l");
    let (stack, stack_record) = stack(&[1, 2]);
    in_ring(&exec().to_bytes(), |record| {
        let EventView::Exec(view) = Event::view(record).unwrap() else { panic!("it is an exec") };
        assert_eq!((view.pid.load(), view.comm.load().to_string()), (7, "ls".to_owned()));
        assert!(matches!(Event::load(record), Ok(Event::Exec(loaded)) if loaded == exec()));
    });
    in_ring(&args_record, |record| {
        let EventView::Args(view) = Event::view(record).unwrap() else { panic!("it is the arguments") };
        assert_eq!((view.text().to_string(), view.load().unwrap()), ("ls -l".to_owned(), args));
        assert_eq!(view.text_first(view.len.load() as usize).unwrap(), "ls -l");
    });
    in_ring(&stack_record, |record| {
        let EventView::Stack(view) = Event::view(record).unwrap() else { panic!("it is a stack") };
        assert_eq!(view.tail::<u64>().unwrap().iter().map(Shared::load).sum::<u64>(), 3);
    });
    let (Event::Stack(decoded), rest) = Event::from_prefix(&stack_record).unwrap() else { panic!("it is a stack") };
    assert_eq!((decoded, rest.tail::<u64>().iter().collect::<Vec<_>>()), (stack, vec![1, 2]));
}

#[test]
fn a_tag_that_no_kind_has_is_a_value_with_its_bytes() {
    let bytes = [77u32, 1, 2].map(u32::to_ne_bytes).concat();
    in_ring(&bytes, |record| {
        let EventView::Other(tag, record) = Event::view(record).unwrap() else { panic!("no kind has it") };
        assert_eq!((tag, record.bytes()), (77, bytes.clone()));
        assert!(matches!(Event::load(record), Ok(Event::Other(77))));
    });
    let (Event::Other(tag), rest) = Event::from_prefix(&bytes).unwrap() else { panic!("no kind has it") };
    assert_eq!((tag, rest), (77, Rest::all(&bytes)));
    assert_eq!(rest.as_bytes(), bytes);
}

#[test]
fn a_record_that_is_too_short_is_an_error_with_both_sizes_and_the_walk_goes_on() {
    let (mut ring, producer) = ring();
    let cut = &exec().to_bytes()[..20];
    for bytes in [cut, &[1, 0], &[], &exec().to_bytes()] {
        producer.output(bytes).unwrap();
    }
    let mut seen = Vec::new();
    for record in ring.records() {
        let record = record.unwrap();
        let bytes = record.bytes();
        let text = |event: Result<(Event, Rest<'_>), ValueError>| event.map(|_| ()).map_err(|error| error.to_string());
        seen.push((
            Event::view(&record).map(|_| ()).map_err(|error| error.to_string()),
            text(Event::from_prefix(&bytes)),
        ));
    }
    let (exec, event) = (type_name::<Exec>(), type_name::<Event>());
    let in_place =
        |ty, len, needs| format!("a record of {len} bytes is too short for `{ty}`, which takes at least {needs}");
    let decoded = |ty, len, needs| format!("`{ty}` takes at least {needs} bytes, but {len} bytes were given");
    assert_eq!(
        seen,
        [
            (Err(in_place(exec, 20, 32)), Err(decoded(exec, 20, 32))),
            (Err(in_place(event, 2, 4)), Err(decoded(event, 2, 4))),
            (Err(in_place(event, 0, 4)), Err(decoded(event, 0, 4))),
            (Ok(()), Ok(())),
        ]
    );
}

/// A type that is aligned to more than a record is.
#[derive(MapValue, Clone, Copy)]
#[repr(C, align(16))]
struct Wide {
    low: u64,
}

#[test]
fn a_head_never_reaches_past_the_place_of_its_record() {
    // 8 bytes of fields in 16: the rest would be the header of the next record.
    for bytes in [&[0; 8][..], &[0; 15], &[0; 16]] {
        in_ring(bytes, |record| {
            let error = record.head::<Wide>().map(|_| ()).unwrap_err();
            match bytes.len() {
                16 => assert!(matches!(error, RingError::Place(_)), "a record begins at 8 modulo 16: {error}"),
                len => {
                    assert!(
                        matches!(error, RingError::RecordTooShort { needs: 16, len: l, .. } if l == len),
                        "{error}"
                    );
                }
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a record holds, both ways of reading it agree, and neither panics.
    #[test]
    fn any_bytes_are_the_same_event_in_place_and_decoded(
        tag in prop_oneof![Just(1u32), Just(2), Just(3), Just(16), any::<u32>()],
        bytes in prop::collection::vec(any::<u8>(), 0..96),
        count in any::<u32>(),
    ) {
        let record = [tag.to_ne_bytes().to_vec(), bytes].concat();
        let decoded = Event::from_prefix(&record);
        in_ring(&record, |in_place| {
            let view = Event::view(in_place);
            let count = count as usize % 64;
            match (view, decoded) {
                (Ok(EventView::Exec(head)), Ok((Event::Exec(value), _))) => {
                    assert_eq!(head.load().unwrap(), value);
                }
                (Ok(EventView::Args(head)), Ok((Event::Args(value), rest))) => {
                    assert_eq!(head.load().unwrap(), value);
                    assert_eq!(head.text().as_bytes(), rest.as_bytes());
                    let first = rest.tail::<u8>().first(count).ok().map(|tail| tail.as_bytes().to_vec());
                    assert_eq!(head.text_first(count).ok().map(|text| text.as_bytes().to_vec()), first);
                }
                (Ok(EventView::Stack(head)), Ok((Event::Stack(value), rest))) => {
                    assert_eq!(head.load().unwrap(), value);
                    let tail: Vec<u64> = head.tail::<u64>().unwrap().iter().map(Shared::load).collect();
                    assert_eq!(tail, rest.tail::<u64>().iter().collect::<Vec<_>>());
                }
                (Ok(EventView::Flow(head)), Ok((Event::Flow(value), _))) => {
                    assert_eq!((head.family.load(), head.bytes.load()), (value.family, value.bytes));
                }
                (Ok(EventView::Other(seen, _)), Ok((Event::Other(other), rest))) => {
                    assert_eq!((seen, other, rest.as_bytes()), (tag, tag, &record[..]));
                }
                (view, decoded) => {
                    assert!(decoded.is_err() && view.is_err(), "{view:?}, {}", decoded.is_ok());
                }
            }
        });
    }
}

#[test]
fn the_tag_is_read_from_a_struct_inside() {
    let flow = [16u32, 8].map(u32::to_ne_bytes).concat();
    assert!(
        matches!(Event::from_prefix(&flow), Err(ValueError::TooShort { given: 8, needs, .. }) if needs == Flow::LAYOUT.end())
    );
}
