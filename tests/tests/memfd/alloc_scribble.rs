//! Threads use an allocator while another thread or process scribbles over it. Only errors result.
//!
//! `MAPVALUE_RACE_MS` sets how long this runs (`60000` for a minute).

use std::env;
use std::os::fd::AsRawFd;
use std::process::{self, Child, Stdio};
use std::time::Instant;

use mapvalue::{Arena, Slice, Var};
use mapvalue_tests::again;
use mapvalue_tests::race::{PATIENCE, duration, wait_until};
use mapvalue_tests::scribble::{FAILED, Random, Users, scribble};

/// One capacity at which threads keep free slots, and one at which they do not.
const CAPACITIES: [u32; 2] = [5000, 500];

fn words(arena: &Arena, users: &Users) -> Slice<u64> {
    arena.slice(users.flows.as_ptr().cast(), users.words() as usize).unwrap()
}

fn run_and_scribble(not: u32, recovers: bool) {
    for capacity in CAPACITIES {
        let arena = Arena::memfd(256).unwrap();
        let users = Users::new(&arena, capacity);
        let (words, mut random) = (words(&arena, &users), Random(77));
        users.run(duration() / 4, recovers, |times| scribble(&words, times, not, &mut random));
    }
}

#[test]
fn of_two_objects_in_one_slot_one_is_told_whatever_is_written() {
    run_and_scribble(FAILED, false);
}

#[test]
fn nothing_but_errors_comes_of_scribbling_also_on_what_counts_while_others_recover() {
    run_and_scribble(u32::MAX, true);
}

/// The environment variable that tells the second process where the arena is, and how many words to
/// overwrite.
const OTHER: &str = "MAPVALUE_TEST_SCRIBBLER";

#[test]
#[ignore = "it is the second process of the test below"]
fn the_scribbling_process() {
    let Ok(given) = env::var(OTHER) else { return };
    let (words, path) = given.split_once(' ').unwrap();
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let arena = Arena::from_memfd(&file).unwrap();
    let words = arena.slice(arena.page::<u64>(1), words.parse().unwrap()).unwrap();
    let (mut random, asked) = (Random(process::id().into()), asked(&arena));
    // So that it ends if the first process dies.
    let deadline = Instant::now() + duration() + PATIENCE;
    while Instant::now() < deadline {
        let times = asked.load();
        scribble(&words, times, u32::MAX, &mut random);
        asked.fetch_sub(times);
    }
}

/// How many words the other process is to overwrite.
fn asked(arena: &Arena) -> Var<u32> {
    arena.var(arena.at(arena.len() - 8)).unwrap()
}

fn start_scribbler(arena: &Arena, words: u32) -> Child {
    let fd = arena.fd().unwrap().as_raw_fd();
    again(the_scribbling_process)
        .env(OTHER, format!("{words} /proc/{}/fd/{fd}", process::id()))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn nothing_but_errors_comes_of_another_process_that_scribbles() {
    for capacity in CAPACITIES {
        let arena = Arena::memfd(256).unwrap();
        let users = Users::new(&arena, capacity);
        let mut other = start_scribbler(&arena, users.words());
        let asked = asked(&arena);
        users.run(duration() / 4, true, |times| {
            asked.fetch_add(times);
            wait_until("the other process", || asked.load() == 0);
        });
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
