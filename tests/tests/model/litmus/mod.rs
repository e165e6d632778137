//! The pairs of steps on which the memory model rests (`core/src/lib.rs`, "Orders"), as litmus
//! tests
//! for arm64, whose memory orders less than x86-64's. Loom, in the other files of this folder, runs
//! the crate's own source, by the rules of the language; here both sides are written out, the
//! program's and the kernel's too, and every order is tried that the CPU may do them in.
//!
//! An atomic operation of a BPF program that returns a value is `full`, as the kernel's JIT makes
//! it (`mapvalue/order.bpf.h`). The plain accesses of a program are relaxed.

mod machine;

use machine::Machine;

/// The test never fails, and without any one of its orders it does, but for those with a `~`.
#[track_caller]
fn holds(text: &str) {
    let machine = Machine::of(text);
    assert!(!machine.can_fail(), "it can come to what must not be:{text}");
    for (order, is_needed, weak) in machine.weakened() {
        assert_eq!(weak.can_fail(), is_needed, "whether it fails without {order}:{text}");
    }
}

#[track_caller]
fn fails(text: &str) {
    assert!(Machine::of(text).can_fail(), "arm64 allows it:{text}");
}

/// The machine allows and forbids what Arm does, in tests that everybody knows by these names.
#[test]
fn the_machine_is_that_of_arm64() {
    // MP: message passing.
    fails("x := 1 | a = f\n f := 1 | b = x\n never a=1 b=0");
    holds("x := 1 | a = f.acq\n f.rel := 1 | b = x\n never a=1 b=0");
    fails("x := 1 | a = f\n fence.rel | b = x\n f := 1 |\n never a=1 b=0");
    holds("x := 1 | a = f\n fence.rel | fence.acq\n f := 1 | b = x\n never a=1 b=0");
    // MP with an address dependency.
    holds("start p=&y\n x := 1 | a = p\n p.rel := &x | b = *a\n never a=&x b=0");
    // SB: store buffers. Neither a release nor an acquire helps, nor does an exchange that does
    // both.
    fails("x := 1 | y := 1\n a = y | b = x\n never a=0 b=0");
    fails("x.rel := 1 | y.rel := 1\n a = y.acq | b = x.acq\n never a=0 b=0");
    holds("x := 1 | y := 1\n fence.full | fence.full\n a = y | b = x\n never a=0 b=0");
    fails("p = swap.acq.rel x 1 | q = swap.acq.rel y 1\n a = y | b = x\n never a=0 b=0");
    holds("p = swap.full x 1 | q = swap.full y 1\n a = y | b = x\n never a=0 b=0");
    // LB: loads before stores; by a dependency they stay behind.
    fails("a = x | b = y\n y := 1 | x := 1\n never a=1 b=1");
    holds("a = x | b = y\n y := a | x := b\n never a=1 b=1");
    fails("a = x | b = y\n if a=1 y := 1 | x := 1\n never a=1 b=1");
    holds("a = x | b = y\n if a=1 y := 1 | if b=1 x := 1\n never a=1 b=1");
    // S, R and 2+2W.
    fails("x := 2 | a = y\n y.rel := 1 | x := 1\n never a=1 x=2");
    holds("x := 2 | a = y.acq\n y.rel := 1 | x := 1\n never a=1 x=2");
    fails("x := 1 | y := 2\n y.rel := 1 | a = x\n never y=2 a=0");
    fails("x := 1 | y := 1\n y := 2 | x := 2\n never x=1 y=1");
    holds("x := 1 | y := 1\n y.rel := 2 | x.rel := 2\n never x=1 y=1");
    // Coherence: one place alone has one order.
    holds("x := 1 | a = x\n x := 2 | b = x\n never a=2 b=1 | a=1 b=0 | x=1");
    holds("a = x | x := 2\n x := 1 |\n never a=1");
    // IRIW: two readers agree, since a store reaches all others at once.
    holds("x := 1 | y := 1 | a = x.acq | c = y.acq\n | | b = y | d = x\n never a=1 b=0 c=1 d=0");
    // WRC: what is seen, and passed on.
    holds("x := 1 | a = x | b = y.acq\n | y := a | c = x\n never b=1 c=0");
    // A thread sees its own store before others do.
    fails("x := 1 | y := 1\n a = x | c = y\n fence.acq | fence.acq\n b = y | d = x\n never a=1 b=0 c=1 d=0");
    // Two additions, and none is lost.
    holds("a = add x 1 | b = add x 1\n never x=1");
}

/// `Shared::store_release` and `load_acquire`, and the macros of `mapvalue/order.bpf.h`.
#[test]
fn what_is_published_is_seen() {
    holds(
        "limit := 10 | r = generation.acq
           generation.rel := 2 | s = limit
           never r=2 s=0",
    );
    // From a program (`mv_store_release` is an exchange), and to one (`mv_load_acquire` adds 0).
    holds(
        "limit := 10 | r = generation.acq
           o = swap.full generation 2 | s = limit
           never r=2 s=0",
    );
    holds(
        "limit := 10 | r = add.full generation 0
           generation.rel := 2 | s = limit
           never r=2 s=0",
    );
}

/// `core/src/value/seq/protocol.rs`, "whole" and "torn"; `mapvalue/seq.bpf.h`.
#[test]
fn a_sequence_cell_is_read_whole() {
    let torn = "never m=0 n=0 a=1 | m=0 n=0 b=1 | m=2 n=2 a=0 | m=2 n=2 b=0";
    // Rust writes, Rust reads. The acquire of the writer's first exchange is for "turns", below.
    holds(&format!(
        "o = cas.acq~ seq 0 1 | m = seq
         fence.rel            | fence.acq
         x := 1               | a = x
         y := 1               | b = y
         p = cas.rel seq 1 2  | fence.acq
                              | n = seq
         {torn}"
    ));
    // A program writes, Rust reads.
    holds(&format!(
        "o = cas.full seq 0 1 | m = seq
         x := 1               | fence.acq
         y := 1               | a = x
         p = cas.full seq 1 2 | b = y
                              | fence.acq
                              | n = seq
         {torn}"
    ));
    // Rust writes, a program reads. (Its loads of the number are exchanges, too, of which none
    // comes
    // between the two halves of the writer's first. So the acquire and the fence can stand in for
    // each other here.)
    holds(&format!(
        "o = cas.acq~ seq 0 1 | m = add.full seq 0
         fence.rel~           | a = x
         x := 1               | b = y
         y := 1               | n = add.full seq 0
         p = cas.rel seq 1 2  |
         {torn}"
    ));
}

/// "turns": the next writer's stores come later. (That it stores only if it got the turn holds its
/// stores back on arm64.)
#[test]
fn writers_of_a_sequence_cell_take_turns() {
    holds(
        "x := 1              | p = cas.acq~ seq 2 3
           o = cas.rel seq 1 2 | if p=2 x := 2
           start seq=1
           never p=2 x=1",
    );
}

/// `core/src/arena/chain/links.rs` and `mapvalue/arena.bpf.h`: an element that is found was written
/// before. The buckets of a table are published in the same way.
#[test]
fn an_element_that_is_found_is_whole() {
    holds(
        "start first=&end
           value := 1         | p = first.acq~
           first.rel := &value | v = *p
           never p=&value v=0",
    );
    // Its other words are not behind the pointer alone: `follow` checks the address and comes to
    // the element by the arena's own base.
    holds(
        "start first=&end
           value := 1         | p = first.acq
           first.rel := &node | v = value
           never p=&node v=0",
    );
    // `remove`: the element behind is seen as well through the pointer that goes around the first.
    // (The pointer that it stores was loaded; so arm64 needs no release.)
    holds(
        "start first=&end
           value := 1         | p = first.acq~   | q = first.acq
           next := &value     | n = next.acq~    | v = value
           first.rel := &node | if p=&node first.rel~ := n |
           never p=&node n=&value q=&value v=0",
    );
}

/// The free list of a class: `core/src/arena/alloc/stack.rs`, `mv_alloc_pop` and `mv_alloc_push`.
#[test]
fn a_slot_of_the_free_list_changes_hands() {
    // The next owner's stores come after all accesses of the last one. (It stores only if its
    // exchange has got the slot.)
    holds(
        "data := 1               | o = cas.acq~.rel~ head 1 2
           r = data                | if o=1 data := 3
           f = cas.acq~.rel head 0 1 |
           never o=1 r=3 | o=1 data=1",
    );
    // The link in the slot is that of the push.
    holds(
        "next := 5               | h = head.acq
           f = cas.acq~.rel head 0 1 | n = next
                                   | o = cas.acq~.rel~ head 1 2
           never h=1 o=1 n=0",
    );
    // In a program the link's address comes from the head.
    holds(
        "start head=&end
           next := 5                      | h = head
           f = cas.full head &end &next   | n = *h
                                          | o = cas.full~ head h 2
           never h=&next o=&next n=0",
    );
    // A push on top of another: the lower slot's link is still that of its own push.
    holds(
        "under := 5              | g = head.acq~            | h = head.acq
           f = cas.acq~.rel head 0 1 | k = cas.acq~.rel~ head 1 2 | n = under
           never k=1 h=2 n=0",
    );
}

/// Each of two threads stores, then looks: one sees the other. `hand_out` against `close`
/// (`control.rs`, `closing.rs`), the gates (`gate.rs`), the count (`refcount.rs`).
#[test]
fn a_thread_that_takes_a_slot_or_the_thread_that_closes_sees_the_other() {
    holds(
        "o = cas.acq~.rel~ slot 0 1 | state := 1
           fence.full             | fence.full
           s = state              | k = slot
           never s=0 k=0",
    );
    // A program's exchange is that fence.
    holds(
        "o = cas.full slot 0 1  | state := 1
           s = state              | fence.full
                                  | k = slot
           never s=0 k=0",
    );
    // Who has left by a gate has written what it wrote.
    holds(
        "start gate=1
           data := 1              | g = gate
           gate.rel := 0          | fence.full
                                  | d = data
           never g=0 d=0",
    );
    holds(
        "gone.rel~ := 1         | closing := 1
           fence.full             | fence.full
           c = closing            | g = gone.acq~
           never c=0 g=0",
    );
}

/// The ring buffer, "place", "whole" and "room" of `core/src/ring/protocol.rs`: one side is the
/// kernel's (`kernel/bpf/ringbuf.c`). Header: 0 not there, 1 committed, 2 busy.
#[test]
fn a_record_of_a_ring_is_whole_and_in_its_place() {
    // The kernel's commit is an exchange, a full barrier.
    let place = "never p=1 h=0";
    holds(&format!(
        "head := 2            | p = produced.acq
         produced.rel := 1    | h = head
         o = swap.full~ head 1 |
         {place}"
    ));
    holds(
        "head := 2            | h = head.acq
           data := 1            | d = data
           o = swap.full head 1 |
           never h=1 d=0",
    );
    // In a user ring, the producer is Rust: the exchange releases.
    holds(
        "head := 2            | h = head.acq
           data := 1            | d = data
           o = swap.rel head 1  |
           never h=1 d=0",
    );
    // "room": the next record does not overwrite one that is still read. (The producer stores only
    // if there is room.)
    holds(
        "c = consumed.acq~     | d = data
           if c=1 data := 9      | consumed.rel := 1
           never d=9",
    );
}

/// "wake" of `core/src/ring/protocol.rs`, and the same for a user ring's reader.
#[test]
fn the_commit_of_a_record_wakes_a_reader_that_did_not_see_it() {
    // The reader publishes its position and looks once more; the commit looks at the position.
    holds(
        "start head=2
           o = swap.full head 1  | consumed.rel~ := 1
           c = consumed.acq~     | fence.full
                                 | h = head.acq~
           never c=0 h=2",
    );
    holds(
        "start head=2
           o = swap.rel~ head 1  | consumed.rel~ := 1
           fence.full            | fence.full
           c = consumed.acq~     | h = head.acq~
           never c=0 h=2",
    );
}
