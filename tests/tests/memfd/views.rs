//! Views of memory without a kernel: what is planned is what the BTF says, whatever it says.
#![forbid(unsafe_code)]

use std::sync::OnceLock;

use mapvalue::btf::{Composite, Member, Type, TypeKind};
use mapvalue::view::{Plan, ViewField};
use mapvalue::{Btf, BtfError, CharArray, MapView, Mapping, PlaceError, ValueError, View};

const VERSIONS: [&[u8]; 2] = [include_bytes!("../../bpf/views_1.bpf.o"), include_bytes!("../../bpf/views_2.bpf.o")];

#[derive(MapView, Clone, Copy, Debug, PartialEq)]
#[map_view(name = "task_ctx")]
struct Task {
    layer_id: u32,
    #[map_view(path = "stats.runtime_ns")]
    runtime: u64,
    weight: Option<u32>,
    #[map_view(at_least)]
    mask: [u64; 3],
    #[map_view(at_most)]
    comm: [i16; 20],
    prio: u8,
    nice: i64,
}

/// A small generator of random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// The number at a path, read by the public types of the BTF and bit by bit: another way than the
/// plan's.
fn read(value: &[u8], whole: Type<'_>, path: &str) -> Option<i128> {
    let (mut ty, mut bit, mut bitfield) = (whole, 0u64, None);
    for step in path.split('.') {
        if let Ok(index) = step.parse::<u64>() {
            let TypeKind::Array(array) = ty.resolved()?.kind() else { return None };
            if index >= array.len.into() {
                return Some(0);
            }
            (ty, bit) = (array.element, bit + 8 * array.element.size()? * index);
            continue;
        }
        let (TypeKind::Struct(parts) | TypeKind::Union(parts)) = ty.resolved()?.kind() else { return None };
        let (member, at) = member(parts, step, 0)?;
        (ty, bit, bitfield) = (member.ty, bit + at, member.bitfield);
    }
    let mut bool = false;
    let (size, signed) = match ty.resolved()?.kind() {
        TypeKind::Int(int) => {
            bool = int.bool;
            (int.size, int.signed && !int.bool)
        }
        TypeKind::Enum(values) => (values.size(), values.is_signed()),
        TypeKind::Pointer(_) => (8, false),
        _ => return None,
    };
    let bits = u64::from(bitfield.unwrap_or(8 * size));
    let is_set = |bit: u64| value[usize::try_from(bit / 8).unwrap()] >> (bit % 8) & 1 == 1;
    let number = (0..bits).filter(|i| is_set(bit + i)).fold(0i128, |number, i| number | 1 << i);
    let negative = signed && is_set(bit + bits - 1);
    Some(if bool {
        i128::from(number != 0)
    } else if negative {
        number - (1 << bits)
    } else {
        number
    })
}

fn member<'a>(parts: Composite<'a>, name: &str, start: u64) -> Option<(Member<'a>, u64)> {
    parts.members().find_map(|part| {
        let at = start + u64::from(part.bit_offset);
        if part.name == name {
            return Some((part, at));
        }
        match part.ty.resolved()?.kind() {
            TypeKind::Struct(inner) | TypeKind::Union(inner) if part.name.is_empty() => member(inner, name, at),
            _ => None,
        }
    })
}

fn assert_read(task: &Task, value: &[u8], ty: Type<'_>, seed: u64) {
    let read = |path: &str| read(value, ty, path);
    assert_eq!(Some(task.layer_id.into()), read("layer_id"), "seed {seed}");
    assert_eq!(Some(task.runtime.into()), read("stats.runtime_ns"), "seed {seed}");
    assert_eq!(task.weight.map(i128::from), read("weight"), "seed {seed}");
    assert_eq!(Some(task.prio.into()), read("prio"), "seed {seed}");
    assert_eq!(Some(task.nice.into()), read("nice"), "seed {seed}");
    for (i, element) in task.mask.iter().enumerate() {
        assert_eq!(Some(i128::from(*element)), read(&format!("mask.{i}")), "seed {seed}");
    }
    for (i, element) in task.comm.iter().enumerate() {
        assert_eq!(Some(i128::from(*element)), read(&format!("comm.{i}")), "seed {seed}");
    }
}

#[test]
#[cfg(target_endian = "little")]
fn mutated_types_give_what_they_say_or_an_error() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut planned, mut refused) = (0, 0);
    let rounds = if cfg!(debug_assertions) { 10_000u64 } else { 100_000 };
    for round in 0..rounds {
        let mut object = VERSIONS[random.below(2)].to_vec();
        let start = object.windows(4).position(|magic| magic == [0x9f, 0xeb, 1, 0]).expect("a section .BTF");
        for _ in 0..=random.below(4) {
            // The first 700 bytes of BTF hold the types that are read.
            let at = start + 24 + random.below(700);
            object[at] = match random.below(3) {
                0 => object[at].wrapping_add(1),
                1 => object[at] ^ 1 << random.below(8),
                _ => u8::try_from(random.below(256)).unwrap(),
            };
        }
        let Ok(btf) = Btf::from_object(&object) else { continue };
        match Plan::<Task>::new(&btf) {
            Ok(plan) if plan.size() < 1 << 20 => {
                let value: Vec<u8> = (0..plan.size()).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
                assert_read(&plan.decode(&value).unwrap(), &value, plan.c_type(), round);
                planned += 1;
            }
            Ok(_) => {}
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(planned > 500 && refused > 500, "{planned} planned, {refused} refused");
}

#[test]
fn a_view_in_memory_is_loaded_field_by_field_and_stored_by_its_cells() {
    for object in VERSIONS {
        let plan = Plan::<Task>::new(&Btf::from_object(object).unwrap()).unwrap();
        let memory = Mapping::memfd(4096).unwrap();
        let task: View<Task> = memory.view(&plan, 64).unwrap();
        task.runtime().cell().unwrap().store(7);
        task.mask().get(2).unwrap().cell().unwrap().fetch_add(5);
        task.weight().get().unwrap().cell().unwrap().store(9);
        let now = task.load();
        assert_eq!((now.runtime, now.mask, now.weight), (7, [0, 0, 5], Some(9)));
        let copy = memory.view_ro(&plan, 64).unwrap();
        assert_eq!((copy.load(), task.read_only().load(), task.clone().load()), (now, now, now));
        assert_eq!(format!("{task:?}"), format!("Ok({now:?})"));
        drop(memory);
        assert_eq!(task.load(), now, "a view keeps the memory");
    }
}

#[test]
fn places_that_a_plan_does_not_fit_are_errors() {
    let plan = Plan::<Task>::new(&Btf::from_object(VERSIONS[0]).unwrap()).unwrap();
    let memory = Mapping::memfd(100).unwrap();
    let size = plan.size();
    let refused = |offset| memory.view(&plan, offset).map(drop).unwrap_err();
    assert!(matches!(refused(4), PlaceError::Misaligned { offset: 4, align: 8, .. }));
    assert!(matches!(refused(24), PlaceError::OutOfRange { offset: 24, len: 100, .. }));
    assert!(matches!(refused(usize::MAX), PlaceError::OutOfRange { .. }));
    assert!(matches!(
        plan.decode(&vec![0; size - 1]),
        Err(ValueError::TooShort { given, needs, .. }) if (given, needs) == (size - 1, size)
    ));
    assert!(matches!(memory.views::<Task>(), Err(BtfError::Untyped { .. })), "memory has no types");
}

#[test]
fn what_c_lacks_is_told_with_names_that_are_near() {
    #[derive(MapView, Debug)]
    #[map_view(name = "task_ctx")]
    struct Typo {
        layer: u32,
        #[map_view(path = "stats.runtime")]
        runtime: u64,
        #[map_view(path = "comm.length")]
        length: Option<u32>,
        mask: [u64; 5],
        comm: CharArray<8>,
    }
    #[derive(MapView, Debug)]
    #[map_view(name = "struct task_ctx")]
    struct Keyword {
        layer_id: u32,
    }
    #[derive(MapView, Debug)]
    #[map_view(name = "union task_ctx")]
    struct OtherKeyword {
        layer_id: u32,
    }
    #[derive(MapView, Debug)]
    #[map_view(name = "task_ctxt")]
    struct Nobody {
        layer_id: u32,
    }
    let btf = Btf::from_object(VERSIONS[0]).unwrap();
    let Err(BtfError::LayoutMismatch(wrong)) = Plan::<Typo>::new(&btf) else { panic!("it is refused") };
    let expected = "\
Typo.layer: `u32` in Rust, nothing in BTF (struct task_ctx): `struct task_ctx` has no member `layer`; did you mean `layer_id`?
Typo.runtime: `u64` in Rust, nothing in BTF (struct task_ctx): `struct stats` has no member `runtime`; did you mean `runtime_ns`?
Typo.length: a field in Rust, something else in BTF (struct task_ctx): `char[16]` has no members, so no `length`
Typo.mask: `[_; 5]` in Rust, `__u64[4]` (32 bytes) in BTF (struct task_ctx); if its length may change, add `#[map_view(at_least)]` or `#[map_view(at_most)]`
Typo.comm: `CharArray<8>` in Rust, `char[16]` (16 bytes) in BTF (struct task_ctx)";
    assert_eq!(wrong.to_string(), expected);

    let Err(BtfError::UnknownType { nearest, .. }) = Plan::<Nobody>::new(&btf) else { panic!("there is none") };
    assert_eq!(nearest.names().next(), Some("task_ctx"));
    assert!(Plan::<Keyword>::new(&btf).is_ok() && Plan::<OtherKeyword>::new(&btf).is_err());
}

#[test]
fn packed_structs_are_decoded_and_not_viewed_in_place() {
    #[derive(MapView, Debug, PartialEq)]
    #[map_view(name = "packed")]
    struct Packed {
        tag: u8,
        len: u32,
    }
    let btf = Btf::from_object(VERSIONS[0]).unwrap();
    let plan = Plan::<Packed>::new(&btf).unwrap();
    let mut value = vec![3];
    value.extend(70_000u32.to_ne_bytes());
    value.resize(plan.size(), 0);
    assert_eq!(plan.decode(&value).unwrap(), Packed { tag: 3, len: 70_000 });
    let Err(PlaceError::LayoutMismatch(wrong)) = Mapping::memfd(64).unwrap().view(&plan, 0) else { panic!("refused") };
    assert!(wrong.to_string().contains("it is packed"), "{wrong}");
}

#[test]
#[should_panic(expected = "the part is of another plan")]
fn a_part_of_another_plan_reaches_nothing() {
    #[derive(MapView)]
    #[map_view(name = "task_ctx")]
    struct Runtime {
        #[map_view(path = "stats.runtime_ns")]
        runtime: u64,
    }
    static PART: OnceLock<<u64 as ViewField>::Plan> = OnceLock::new();
    let btf = Btf::from_object(VERSIONS[0]).unwrap();
    let runtime = Mapping::memfd(4096).unwrap().view(&Plan::<Runtime>::new(&btf).unwrap(), 0).unwrap();
    let mut part = None;
    Runtime::__at(&runtime).field::<u64>(|plan| {
        part = Some(plan.0);
        &plan.0
    });
    let part = PART.get_or_init(|| part.unwrap());
    Runtime::__at(&runtime).field::<u64>(|_| part);
}
