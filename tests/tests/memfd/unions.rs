//! Unions that were loaded or decoded are read without unsafe code.
#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::hint::black_box;

use mapvalue::zerocopy::byteorder::{BigEndian, U32};
use mapvalue::{MapValue, Mapping, Mirror, Tail, Whole};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: U32<BigEndian>,
    v6: [u8; 16],
}

/// A byte, a hole of 3, and a number.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Padded {
    kind: u8,
    number: u32,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    padded: Padded,
    whole: u64,
    half: u32,
    byte: u8,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Outer {
    address: Address,
    words: [u64; 2],
    inner: Whole<Address>,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Flow {
    family: u32,
    from: Whole<Address>,
    to: Address,
}

#[test]
fn what_no_field_lacks_is_read_whichever_it_was_made_from() {
    let mut address = Address { v4: U32::new(0x0a00_0001) };
    assert_eq!(address.v4().get(), 0x0a00_0001);
    address.v6 = [7; 16];
    assert_eq!(address.v4().get(), 0x0707_0707);
    for word in [
        Word { padded: Padded { kind: 3, number: 9 } },
        Word { whole: u64::from_ne_bytes([3, 0, 0, 0, 0, 0, 0, 0]) },
        Word { byte: 3 },
    ] {
        // Its other fields have a byte that one of the fields lacks.
        assert_eq!(black_box(word).byte(), 3);
    }
}

#[test]
fn a_whole_union_gives_each_field() {
    let bytes: Vec<u8> = (0..36).collect();
    let flow = Flow::from_bytes(&bytes).unwrap();
    let moved = black_box(Box::new(flow));
    let v6: [u8; 16] = moved.from.get(|v6| Address { v6 });
    assert_eq!((moved.family, &v6[..]), (0x0302_0100, &bytes[4..20]));
    assert_eq!((moved.from.v4().get(), moved.to.v4().get()), (0x0405_0607, 0x1415_1617));
    let (padded, word) = bytes.split_at(8);
    let word: Whole<Word> = Whole::from_bytes(&word[..8]).unwrap();
    assert_eq!(word.get(|whole| Word { whole }).to_ne_bytes(), [8, 9, 10, 11, 12, 13, 14, 15]);
    let number = u32::from_ne_bytes([4, 5, 6, 7]);
    let word: Whole<Word> = Whole::from_bytes(padded).unwrap();
    assert_eq!(word.get(|padded| Word { padded }), Padded { kind: 0, number });
    assert_eq!(word.get(|half| Word { half }).to_ne_bytes(), [0, 1, 2, 3]);
}

#[test]
fn unions_inside_unions_need_the_bytes_of_all_of_their_fields() {
    let words = [1u64, 2].map(u64::to_ne_bytes).concat();
    let outer: Whole<Outer> = Whole::from_bytes(&words).unwrap();
    let inner = outer.get(|inner| Outer { inner });
    assert_eq!(inner.get(|v6| Address { v6 })[8..], [2, 0, 0, 0, 0, 0, 0, 0]);
    let address = outer.get(|address| Outer { address });
    assert_eq!(address.v4().get(), 0x0100_0000);
}

#[test]
fn whole_unions_are_loaded_in_all_ways() {
    let mapping = Mapping::memfd(4096).unwrap();
    let flow = mapping.var::<Flow>(0).unwrap();
    flow.from.v6().iter().zip(0..).for_each(|(byte, at)| byte.store(at));
    let expected: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    let v6 = |address: Whole<Address>| address.get(|v6| Address { v6 });
    assert_eq!(v6(flow.load().from), expected);
    let var = mapping.var::<Whole<Address>>(4).unwrap();
    assert_eq!((v6(var.load()), var.load().v4().get()), (expected, 0x0001_0203));
    let array = mapping.slice::<Whole<Address>>(4, 2).unwrap();
    assert_eq!(v6(array.var(0).unwrap().load()), expected);
    let mut loaded = [Whole::<Address>::from_bytes(&[9; 16]).unwrap(); 2];
    array.load_into(&mut loaded).unwrap();
    assert_eq!(loaded.map(v6), [expected, [0; 16]]);
    let bytes = [expected, [6; 16]].concat();
    assert_eq!(Tail::<Whole<Address>>::new(&bytes).iter().map(v6).collect::<Vec<_>>(), [expected, [6; 16]]);
}

#[test]
fn a_clone_of_a_whole_union_is_a_copy_of_it() {
    #[derive(MapValue, Copy)]
    #[repr(C)]
    union Lying {
        short: u8,
        long: [u64; 8],
    }

    #[expect(clippy::non_canonical_clone_impl, reason = "it lies on purpose")]
    impl Clone for Lying {
        fn clone(&self) -> Self {
            Self { short: 1 }
        }
    }

    let whole: Whole<Lying> = Whole::from_bytes(&[7; 64]).unwrap();
    assert_eq!(black_box(&whole).clone().get(|long| Lying { long }), [0x0707_0707_0707_0707; 8]);
    assert_eq!(whole.short(), 7);
}

#[test]
fn one_made_of_a_field_has_zeros_behind_it_and_is_stored_and_compared_whole() {
    let v4 = Whole::new(|v4| Address { v4 }, U32::new(0x0a00_0001));
    let bytes = [&[10, 0, 0, 1][..], &[0; 12]].concat();
    assert_eq!(v4.to_bytes(), bytes);
    assert_eq!(v4.get(|v6| Address { v6 }), *bytes);
    assert!(v4 == Whole::from_bytes(&bytes).unwrap() && v4 != Whole::new(|v6| Address { v6 }, [1; 16]));
    let set: HashSet<Whole<Address>> = [v4, Whole::from_bytes(&bytes).unwrap()].into();
    assert_eq!(set.len(), 1);
    let mapping = Mapping::memfd(64).unwrap();
    let (var, first) = (mapping.var::<[Whole<Address>; 2]>(4).unwrap(), mapping.var::<Whole<Address>>(4).unwrap());
    mapping.slice::<u8>(0, 64).unwrap().iter().for_each(|byte| byte.store(9));
    first.store(v4);
    assert_eq!(var[0].v6().load(), *bytes);
    assert_eq!(var[1].v6().load(), [9; 16], "nothing beside it is written");
    assert_eq!(mapping.var::<u32>(0).unwrap().load(), 0x0909_0909);
    var.store([Whole::new(|v6| Address { v6 }, [3; 16]), v4]);
    assert!(var.load() == [Whole::new(|v6| Address { v6 }, [3; 16]), v4]);
}

/// The last byte of four, which no field has.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Holed {
    pair: Pair,
    byte: u8,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Pair {
    number: u16,
    byte: u8,
}

#[test]
fn bytes_that_no_field_has_are_zero_in_what_is_stored_and_equal_in_what_is_compared() {
    let (ones, zeros) = ([1; 4], [1, 1, 1, 0]);
    let whole: Whole<Holed> = Whole::from_bytes(black_box(&ones)).unwrap();
    assert_eq!(whole.to_bytes(), zeros);
    assert!(whole == Whole::from_bytes(&zeros).unwrap());
    assert_eq!(Whole::new(|pair| Holed { pair }, Pair { number: 0x0101, byte: 1 }).to_bytes(), zeros);
    assert_eq!(Whole::new(|byte| Holed { byte }, 1).to_bytes(), [1, 0, 0, 0]);
}
