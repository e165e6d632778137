//! Rust and BPF programs allocate, hand over and free objects in one arena of the running kernel.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mapvalue::arena::{AllocError, Allocator, Config, Object};
use mapvalue::{Arena, ArenaFlags, ArenaPtr, DataSection, Kptr, Local, MapValue, Mapping, Mirror, SystemError, Var};
use mapvalue_tests::kernel::{self, Libbpf, Loader, Map, child, objects};
use mapvalue_tests::race::{AtTheEnd, Race};
use mapvalue_tests::{c, cpus, fork, fork_first_of_namespace};

/// The same struct as in `alloc.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Flow {
    packets: u64,
    bytes: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct Cells {
    flow: [Kptr<Flow, Local>; 64],
}

const FLOW: Flow = Flow { packets: 7, bytes: !7 };
const PAGES: u64 = 256;

/// The loaded programs, and an allocator in their arena.
struct Programs {
    loaded: Libbpf,
    arena: Arena,
    flows: Allocator,
    globals: DataSection,
}

impl Programs {
    fn load(capacity: u32) -> Self {
        let arena = Arena::create(PAGES, ArenaFlags::default()).unwrap();
        let fd = arena.fd().unwrap();
        let loaded = Libbpf::load_with(objects::ALLOC, "arena", |mut map| map.reuse_fd(fd).unwrap());
        let flows = Allocator::create(&arena, Config { value_size: 16, capacity, ..Config::default() }).unwrap();
        let globals = DataSection::from_map(loaded.map(".bss")).unwrap();
        globals.var::<u64>("alloc_address").unwrap().store(flows.as_ptr().address());
        globals.var::<u32>("flow_type_id").unwrap().store(Flow::LAYOUT.type_id());
        Self { loaded, arena, flows, globals }
    }

    fn count(&self, name: &str) -> u64 {
        self.globals.var::<u64>(name).unwrap().load()
    }

    /// Has a program free the object that a pointer leads to.
    fn release(&self, address: u64) -> u32 {
        self.globals.var::<u64>("free_this").unwrap().store(address);
        self.loaded.run("release")
    }

    fn made(&self) -> ArenaPtr<Flow> {
        assert_eq!(self.loaded.run("make"), 0);
        ArenaPtr::from_address(self.count("made_address"))
    }

    fn cells(&self) -> Var<Cells> {
        Mapping::from_map(self.loaded.map("cells")).unwrap().var(0).unwrap()
    }
}

#[test]
fn what_a_program_makes_rust_claims_and_the_other_way_round() {
    kernel::require!(ARENA);
    let programs = Programs::load(100);
    let flows = &programs.flows;
    let flow = flows.claim(programs.made()).unwrap();
    assert_eq!(programs.arena.read(flow.as_ptr()).unwrap(), FLOW);
    assert_eq!(flows.stats().live, 1);

    assert_eq!(programs.release(flow.as_ptr().address()), 4, "an `Object` has it");
    let ptr = flow.into_ptr();
    assert_eq!(programs.release(ptr.address()), 0);
    assert_eq!(programs.release(ptr.address()), 3, "it is free already");
    assert_eq!(flows.stats().live, 0);
    assert!(matches!(flows.free(ptr), Err(AllocError::AlreadyFree { .. })));

    // A program makes it, and this process frees it; then the program frees it again.
    let made = programs.made();
    assert!(matches!(flows.free(made.cast::<u64>()), Err(AllocError::WrongType { .. })), "of its type alone");
    flows.free(made).unwrap();
    assert_eq!(programs.release(made.address()), 3);
    let ptr = flows.alloc(FLOW).unwrap().into_ptr();
    assert_eq!(programs.release(ptr.address() + 8), 1, "no slot's header is before it");
    assert_eq!(programs.release(0), 1);
    assert_eq!(programs.release(ptr.address()), 0);
}

#[test]
fn a_program_is_refused_when_there_is_no_slot_and_when_the_allocator_is_closed() {
    kernel::require!(ARENA);
    let programs = Programs::load(3);
    let made: Vec<_> = (0..3).map(|_| programs.made()).collect();
    assert_eq!(programs.loaded.run("make"), 1);
    assert_eq!((programs.flows.stats().live, programs.flows.stats().failed), (3, 1));
    programs.flows.free(made[0]).unwrap();
    assert_eq!(programs.made(), made[0]);

    let closing = programs.flows.clone().close().unwrap();
    programs.flows.free(made[0]).unwrap();
    assert_eq!(programs.loaded.run("make"), 1, "closed");
    assert_eq!(closing.remaining(), 2);
    let early = closing.give_back(&programs.arena.pages().unwrap());
    assert!(matches!(early, Err(AllocError::InUse { objects: 2 })), "{early:?}");
    assert_eq!(programs.release(made[1].address()), 0);
    assert!(!closing.is_drained());
    assert_eq!(programs.release(made[2].address()), 0);
    assert!(closing.is_drained());

    // The pages of another arena are not touched.
    let other = Arena::create(PAGES, ArenaFlags::default()).unwrap();
    let kept: Var<u64> = other.var(other.page(2)).unwrap();
    kept.store(7);
    let refused = closing.give_back(&other.pages().unwrap());
    assert!(matches!(refused, Err(AllocError::OtherArena)), "{refused:?}");
    assert_eq!(kept.load(), 7);

    let resident = programs.arena.resident_pages().unwrap();
    let pages = programs.arena.pages().unwrap();
    let given = closing.give_back(&pages).unwrap();
    assert!(given > 0);
    assert_eq!(programs.arena.resident_pages().unwrap(), resident - given);
}

#[test]
fn who_gives_pages_back_late_leaves_them_to_the_allocator_that_was_made_there() {
    kernel::require!(ARENA);
    let arena = Arena::create(PAGES, ArenaFlags::default()).unwrap();
    let pages = arena.pages().unwrap();
    // At a page, and where the first page is not given back.
    for at in [arena.page(1), arena.at(4096 + 64)] {
        let config = Config { value_size: 16, capacity: 1000, at: Some(at), ..Config::default() };
        let first = Allocator::create(&arena, config).unwrap();
        let other = first.clone();
        let closing = first.close().unwrap();
        let late = other.closing().unwrap();
        assert!(closing.is_drained() && late.is_drained());
        assert!(closing.give_back(&pages).unwrap() > 0);
        let second = Allocator::create(&arena, config).unwrap();
        let flow = second.alloc(FLOW).unwrap();
        assert!(matches!(late.give_back(&pages), Err(AllocError::Closed)));
        assert_eq!(flow.load(), FLOW);
        drop(flow);
        assert!(second.close().unwrap().give_back(&pages).unwrap() > 0);
    }
}

#[test]
fn pages_that_were_given_back_stay_so_when_the_handles_and_what_threads_kept_go() {
    kernel::require!(ARENA);
    let arena = Arena::create(PAGES, ArenaFlags::default()).unwrap();
    // A capacity so large that threads keep some slots.
    let flows = Allocator::create(&arena, Config { value_size: 16, capacity: 4096, ..Config::default() }).unwrap();
    drop(flows.alloc(FLOW).unwrap());
    let closing = flows.close().unwrap();
    assert!(closing.is_drained());
    assert!(closing.give_back(&arena.pages().unwrap()).unwrap() > 0);
    let resident = arena.resident_pages().unwrap();
    let objects = closing.allocator();
    assert!(matches!(objects.alloc(FLOW), Err(AllocError::Closed)));
    assert!(matches!(objects.recover(), Err(AllocError::Closed)));
    assert!(matches!(objects.clone().close(), Err(AllocError::Closed)));
    assert!(matches!(closing.give_back(&arena.pages().unwrap()), Err(AllocError::Closed)));
    assert!(objects.closing().is_some_and(|closing| closing.is_drained()));
    assert_eq!(objects.stats().live, 0);
    drop(closing);
    assert_eq!(arena.resident_pages().unwrap(), resident, "a page was touched");
}

#[test]
fn a_forked_child_that_has_its_parents_number_and_no_arena_drops_the_handle() {
    kernel::require!(ARENA);
    if !child::alone(a_forked_child_that_has_its_parents_number_and_no_arena_drops_the_handle) {
        return;
    }
    let drop_in_child = || {
        let arena = Arena::create(PAGES, ArenaFlags::default()).unwrap();
        let flows = Allocator::create(&arena, Config { value_size: 16, capacity: 4096, ..Config::default() }).unwrap();
        drop(flows.alloc(FLOW).unwrap());
        let ours = process::id();
        fork_first_of_namespace(|| {
            drop(flows);
            i32::from(process::id() == ours)
        })
    };
    // Each child is the first process of a namespace inside its parent's. The outermost namespace
    // is left when its process exits.
    assert_eq!(fork(|| fork_first_of_namespace(drop_in_child)), 1);
    child::done();
}

#[test]
fn a_process_without_membarrier_makes_objects_and_recovers_but_does_not_close() {
    kernel::require!(ARENA);
    if !child::alone(a_process_without_membarrier_makes_objects_and_recovers_but_does_not_close) {
        return;
    }
    let arena = Arena::memfd(256).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 16, capacity: 4096, ..Config::default() }).unwrap();
    // This word follows the magic number and five words.
    let magazine: Var<u32> = arena.var(ArenaPtr::from_address(flows.as_ptr().address() + 28)).unwrap();
    assert_eq!(magazine.load(), 4, "threads keep slots");
    let child = || {
        for command in [libc::MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, libc::MEMBARRIER_CMD_GLOBAL_EXPEDITED] {
            child::forbid(libc::SYS_membarrier, 0, command.cast_unsigned());
        }
        let flows = Allocator::open(&arena, flows.as_ptr()).unwrap();
        drop([(); 100].map(|()| flows.alloc(FLOW).unwrap()));
        assert_eq!((flows.stats().live, flows.stats().classes[0].used), (0, 100), "it keeps none");
        assert_eq!(flows.recover().unwrap().lost, 0);
        assert!(matches!(flows.close(), Err(AllocError::System(SystemError::Os { errno: libc::EPERM, .. }))));
        42
    };
    assert_eq!(fork(child), 42);
    assert_eq!(magazine.load(), 4, "threads of others keep as many as before");
    assert!(flows.close().unwrap().is_drained());
    child::done();
}

#[test]
fn programs_and_threads_exchange_objects_and_none_is_lost_or_freed_twice() {
    kernel::require!(ARENA);
    let programs = Programs::load(4000);
    let (flows, cells) = (&programs.flows, programs.cells());
    let done = AtomicBool::new(false);
    let race = Race::of(Duration::from_secs(3));
    let taken = thread::scope(|scope| {
        let _done = AtTheEnd(|| done.store(true, Ordering::Relaxed));
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                programs.loaded.run_repeatedly("exchange", 1000);
            }
        });
        let mut taken = 0u64;
        let turn = || -> Result<u64, AllocError> {
            let mut taken = 0;
            for cell in &cells.flow {
                let kptr = cell.take();
                if !kptr.is_null() {
                    let flow = flows.claim(kptr)?;
                    assert_eq!(flow.packets.load(), !flow.bytes.load());
                    taken += 1;
                    // Some are given back.
                    if taken % 3 == 0 {
                        let old = cell.replace(flow.into_kptr());
                        if !old.is_null() {
                            flows.free(old)?;
                        }
                    }
                }
            }
            Ok(taken)
        };
        while race.goes_on(taken > 1000 && programs.count("made") > 1000) {
            taken += turn().unwrap();
        }
        taken
    });
    let left = flows.stats().live;
    println!(
        "{} made by programs, {} freed by them, {taken} taken here, {left} left",
        programs.count("made"),
        programs.count("freed")
    );
    assert_eq!((programs.count("broken"), programs.count("failed")), (0, 0));
    assert!(taken > 1000 && programs.count("made") > 1000);
    assert_eq!(flows.drain_objects(&cells.flow).unwrap(), left);
    assert_eq!(flows.stats().live, 0);
    let recovered = flows.recover().unwrap();
    assert_eq!((recovered.live, recovered.free, recovered.lost, recovered.scribbled), (0, 4000, 0, 0));
}

#[test]
fn a_container_is_deleted_from_its_outer_map_while_its_descriptor_is_open() {
    kernel::require!(ARENA);
    // The container is not the program's own map. It is looked up in an outer map, as a program
    // would do.
    let programs = Programs::load(100);
    let Programs { loaded, arena, flows, .. } = programs;
    let container = Map::array(512, 1);
    let outer = Map::of_maps(&container, 4);
    let cells: Var<Cells> = Mapping::from_map(&container).unwrap().var(0).unwrap();
    for (i, cell) in cells.flow.iter().enumerate().take(10) {
        let _ = cell.replace(flows.alloc(Flow { packets: i as u64, bytes: !(i as u64) }).unwrap().into_kptr());
    }
    assert_eq!(flows.stats().live, 10);

    // Deleted: now only the descriptor and our mapping keep the container.
    outer.delete(0);
    drop(outer);
    assert_eq!(flows.claim(cells.flow[3].take()).unwrap().packets.load(), 3);
    // The programs are unloaded.
    drop(loaded);
    assert_eq!(flows.claim(cells.flow[4].take()).unwrap().packets.load(), 4);
    // Closed: the objects stay. They can still be taken from the container and freed.
    let closing = flows.close().unwrap();
    assert_eq!(closing.remaining(), 8);
    let flow = closing.allocator().claim(cells.flow[5].take()).unwrap();
    assert_eq!(closing.allocator().drain_objects(&cells.flow).unwrap(), 7);
    assert_eq!(closing.remaining(), 1);
    // Drop the container, and then everything of the arena that this process holds, except one
    // object.
    drop((cells, container));
    drop((closing, arena));
    assert_eq!((flow.packets.load(), flow.bytes.load()), (5, !5));
    drop(flow);
}

#[test]
fn objects_are_made_on_one_cpu_and_freed_on_another_across_the_close() {
    kernel::require!(ARENA);
    let programs = Programs::load(4000);
    let flows = &programs.flows;
    let made = AtomicU64::new(0);
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        let maker = scope.spawn(|| {
            cpus::pin(0);
            let send = send;
            // A program and this process allocate by turns, until neither gets an object.
            loop {
                let program = programs.loaded.run("make") == 0;
                if program {
                    send.send(ArenaPtr::<Flow>::from_address(programs.count("made_address"))).unwrap();
                }
                let ours = flows.alloc(FLOW).map(Object::into_ptr);
                match ours {
                    Ok(ptr) => send.send(ptr).unwrap(),
                    Err(AllocError::Closed) if !program => break,
                    Err(AllocError::Closed | AllocError::OutOfSlots { .. }) => thread::yield_now(),
                    Err(error) => panic!("{error}"),
                }
                made.fetch_add(u64::from(program) + u64::from(ours.is_ok()), Ordering::Relaxed);
            }
        });
        let freer = scope.spawn(|| {
            cpus::pin(1);
            let receive = receive;
            let mut freed = 0u64;
            for ptr in receive {
                if freed.is_multiple_of(2) {
                    assert_eq!(programs.release(ptr.address()), 0);
                } else {
                    flows.free(ptr).unwrap();
                }
                freed += 1;
            }
            freed
        });
        while made.load(Ordering::Relaxed) < 10_000 && !maker.is_finished() && !freer.is_finished() {
            thread::yield_now();
        }
        let closing = flows.clone().close().unwrap();
        // From now on the number never grows, and it reaches 0.
        let mut last = closing.remaining();
        while last > 0 && !freer.is_finished() {
            let now = closing.remaining();
            assert!(now <= last, "from {last} to {now}");
            last = now;
        }
        maker.join().unwrap();
        assert_eq!(freer.join().unwrap(), made.load(Ordering::Relaxed));
        assert_eq!(closing.remaining(), 0);
        assert!(made.load(Ordering::Relaxed) >= 10_000);
    });
}

#[test]
fn an_allocator_of_a_kernel_arena_is_opened_again_and_recovered() {
    kernel::require!(ARENA);
    let arena = Arena::create(PAGES, ArenaFlags::default()).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 16, capacity: 50, ..Config::default() }).unwrap();
    let at = flows.as_ptr();
    let kptr = flows.alloc(FLOW).unwrap().into_kptr();
    // As if the process had died while it held an object.
    std::mem::forget(flows.alloc(FLOW).unwrap());
    std::mem::forget(flows);
    let again = Allocator::open(&arena, at).unwrap();
    let recovered = again.recover_reachable([kptr.offset()]).unwrap();
    assert_eq!((recovered.live, recovered.orphans, recovered.free), (1, 1, 49));
    assert_eq!(again.claim(kptr).unwrap().load(), FLOW);
}

#[test]
fn the_types_meet_the_c_that_is_written_from_them() {
    c::require!(c::CLANG);
    c::assert_meet_their_own_c(&[Flow::LAYOUT, Cells::LAYOUT]);
}
