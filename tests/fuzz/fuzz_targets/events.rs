//! Raw bytes as the record of an event: in place in a ring, and decoded, which must agree.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use mapvalue::{MapEvent, Ring};
use mapvalue_tests::events::{Address, Event, EventView};

thread_local! {
    static RING: RefCell<Ring> = RefCell::new(Ring::memfd(1 << 20).expect("a ring on a memfd"));
}

fuzz_target!(|bytes: &[u8]| {
    // The last byte asks for so many elements of a tail.
    let count = bytes.last().copied().unwrap_or(0).into();
    let decoded = Event::from_prefix(bytes);
    RING.with_borrow_mut(|ring| {
        let producer = ring.producer().expect("the producer of a memfd");
        if producer.output(bytes).is_err() {
            return;
        }
        let record = ring.records().next().expect("the record").expect("an honest ring");
        match (Event::view(&record), decoded) {
            (Ok(EventView::Exec(head)), Ok((Event::Exec(value), _))) => assert_eq!(head.load().unwrap(), value),
            (Ok(EventView::Args(head)), Ok((Event::Args(value), rest))) => {
                assert_eq!(head.load().unwrap(), value);
                let (text, tail) = (head.text_first(count).ok(), rest.tail::<u8>().first(count).ok());
                assert_eq!(text.as_ref().map(|text| text.as_bytes()), tail.map(|tail| tail.as_bytes()));
                assert_eq!(head.text().to_string(), rest.tail::<u8>().text().to_string());
            }
            (Ok(EventView::Stack(head)), Ok((Event::Stack(value), rest))) => {
                assert_eq!(head.load().unwrap(), value);
                let frames: Option<Vec<u64>> = head
                    .tail_first::<u64>(count)
                    .ok()
                    .map(|frames| frames.iter().map(|frame| frame.load()).collect());
                assert_eq!(frames, rest.tail::<u64>().first(count).ok().map(|tail| tail.iter().collect()));
            }
            (Ok(EventView::Flow(head)), Ok((Event::Flow(value), _))) => {
                let v6: Vec<u8> = head.from.v6().iter().map(|byte| byte.load()).collect();
                assert_eq!((&v6[..], head.bytes.load()), (&value.from.get(|v6| Address { v6 })[..], value.bytes));
            }
            (Ok(EventView::Other(tag, _)), Ok((Event::Other(value), rest))) => {
                assert_eq!((tag, rest.as_bytes()), (value, bytes));
            }
            // An enum of a struct may be invalid: in place, only a load finds it.
            (view, decoded) => assert!(decoded.is_err() && view.is_err(), "{view:?}, {decoded:?}"),
        }
    });
});
