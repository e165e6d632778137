//! One reader, compiled once, and five versions of the program that it reads.
#![forbid(unsafe_code)]

use mapvalue::view::Plan;
use mapvalue::{Btf, BtfError, CharArray, DataSection, MapView, Mapping, PlaceError, SectionError, View};
use mapvalue_tests::kernel::{Libbpf, Loader as _, objects, require};

#[derive(MapView, Clone, Copy, Debug, PartialEq)]
enum Mode {
    #[map_view(name = "MODE_OFF")]
    Off,
    #[map_view(name = "MODE_ON")]
    On,
    #[map_view(name = "MODE_DROP", optional)]
    Drop,
}

#[derive(MapView, Clone, Copy, Debug, PartialEq)]
struct Stats {
    runtime_ns: u64,
    slices: u64,
}

#[derive(MapView, Clone, Copy, Debug, PartialEq)]
#[map_view(name = "task_ctx")]
struct Task {
    layer_id: u32,
    #[map_view(path = "stats.runtime_ns")]
    runtime: u64,
    stats: Stats,
    weight: Option<u32>,
    #[map_view(at_least)]
    mask: [u64; 4],
    #[map_view(path = "mask[7]")]
    last: Option<u64>,
    mode: Mode,
    comm: CharArray<16>,
    idle: bool,
    prio: u32,
    nice: i32,
}

/// What `fill` writes.
fn filled(version: usize, number: u32) -> Task {
    let comm = CharArray::truncated(["az", "bz", "cz", "", "", "", "", "hz"][number as usize]);
    let runtime = 4_000_000_000 + u64::from(number);
    Task {
        layer_id: 1000 + number,
        runtime,
        stats: Stats { runtime_ns: runtime, slices: 0 },
        weight: (version < 4).then_some(90 + number),
        mask: [0, 1, 2, 3].map(|i| 10 * u64::from(number) + i),
        last: (version == 4).then_some(77),
        mode: Mode::On,
        comm,
        idle: number == 1,
        prio: 20 + number,
        nice: -20 - i32::try_from(number).unwrap(),
    }
}

#[test]
fn one_reader_reads_each_version_in_a_map_in_a_section_and_in_copies() {
    require!();
    for (version, object) in (1..).zip([objects::VIEWS_1, objects::VIEWS_2, objects::VIEWS_3, objects::VIEWS_4]) {
        let loaded = Libbpf::load(object);
        loaded.call("fill_all", &mut 0u64);
        let tasks = Mapping::from_map(loaded.map("tasks")).unwrap();
        let views = tasks.views::<Task>().unwrap();
        let expected = [0, 1, 2].map(|number| filled(version, number));
        let found: Vec<Task> = views.iter().map(|view| view.try_load().unwrap()).collect();
        assert_eq!(found, expected, "version {version}");
        assert!(views.get(3).is_none());

        let section = DataSection::from_map(loaded.map(".bss")).unwrap();
        let current: View<Task> = section.view("current").unwrap();
        assert_eq!(current.try_load().unwrap(), filled(version, 7), "version {version}");
        assert_eq!((current.nice().load(), current.mask().get(3).unwrap().load()), (-27, 73));
        assert_eq!((current.stats().load().runtime_ns, current.mask().get(4).is_none()), (4_000_000_007, true));

        // A plan of the object serves the map, and copies of its values.
        let plan = Plan::<Task>::new(&Btf::from_map(loaded.map("tasks")).unwrap()).unwrap();
        assert_eq!(tasks.view(&plan, 0).unwrap().try_load().unwrap(), expected[0]);
        let copy = mapvalue_tests::kernel::Map::of(loaded.map("tasks")).lookup(2);
        assert_eq!(plan.decode(&copy).unwrap(), expected[2], "version {version}");

        // What C has exactly is stored and added to; a number that it has otherwise is not.
        let exact = views.get(1).unwrap();
        let cell = exact.layer_id().cell();
        assert_eq!(cell.is_some(), version != 3);
        if let Some(cell) = cell {
            cell.fetch_add(1);
            assert_eq!((exact.layer_id().load(), exact.runtime().load()), (1002, 4_000_000_001));
        }
        assert!(version == 3 || exact.prio().cell().is_none(), "a bitfield has no cell");
    }
}

#[test]
fn a_version_in_which_nothing_fits_is_refused_with_every_field() {
    require!();
    let loaded = Libbpf::load(objects::VIEWS_5);
    let Err(BtfError::LayoutMismatch(wrong)) = Mapping::from_map(loaded.map("tasks")).unwrap().views::<Task>() else {
        panic!("it is refused")
    };
    let lines: Vec<String> = wrong.to_string().lines().map(str::to_owned).collect();
    let expected = [
        "Task.layer_id: `u32` in Rust, `__u64` (8 bytes) in BTF (struct task_ctx)",
        "Task.mode: `Mode` in Rust, `__u32` (4 bytes) in BTF (struct task_ctx); only an enum's values have names",
        "Task.idle: `bool` in Rust, `__u32` (4 bytes) in BTF (struct task_ctx)",
        "Task.prio: `u32` in Rust, `__s32` (4 bytes) in BTF (struct task_ctx)",
        "Task.nice: `i32` in Rust, `__u32` (4 bytes) in BTF (struct task_ctx)",
    ];
    assert_eq!(lines, expected);
    let section = DataSection::from_map(loaded.map(".bss")).unwrap();
    assert!(matches!(section.view::<Task>("current"), Err(SectionError::VariableLayout { .. })));
}

#[test]
fn a_plan_is_refused_for_the_map_of_another_program_and_at_another_place() {
    require!();
    let (one, two) = (Libbpf::load(objects::VIEWS_1), Libbpf::load(objects::VIEWS_2));
    let plan = |loaded: &Libbpf| Plan::<Task>::new(&Btf::from_map(loaded.map("tasks")).unwrap()).unwrap();
    let tasks = Mapping::from_map(one.map("tasks")).unwrap();
    let plans = [plan(&one), plan(&two)];
    assert!(tasks.view(&plans[0], 0).is_ok());
    let Err(PlaceError::LayoutMismatch(wrong)) = tasks.view(&plans[1], 0) else { panic!("it is refused") };
    assert!(wrong.to_string().contains("make a plan for this map"), "{wrong}");
    assert!(matches!(tasks.view(&plans[0], 8), Err(PlaceError::LayoutMismatch(_) | PlaceError::CrossesValue { .. })));
}

#[derive(MapView, Debug)]
#[map_view(name = "task_struct")]
struct KernelTask {
    pid: i32,
    comm: CharArray<16>,
    #[map_view(path = "se.sum_exec_runtime")]
    runtime: u64,
    never: Option<u8>,
}

#[test]
fn the_kernels_own_types_are_planned_for() {
    require!();
    let kernel = Btf::from_vmlinux().unwrap();
    let plan = Plan::<KernelTask>::new(&kernel).unwrap();
    let task = plan.decode(&vec![0x61; plan.size()]).unwrap();
    assert_eq!((task.pid, &*task.comm.to_str_lossy(), task.never), (0x6161_6161, "aaaaaaaaaaaaaaaa", None));
    assert_eq!(task.runtime, 0x6161_6161_6161_6161);
}
