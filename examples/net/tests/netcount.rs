//! The example `netcount` counts the packets it sends, on the kernel and without it, and ends on
//! request.

mod common;
#[path = "../netcount/view.rs"]
mod view;

use std::collections::HashMap;
use std::process::Command;

use common::{Running, example, no_bpf_reason, skip};
use mapvalue_examples_net::{Netcount, Opened, PROTOCOLS, largest};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;
use view::{View, sizes};

/// The rows of the printed table, by their first column.
fn numbers(said: &str) -> HashMap<String, Vec<u64>> {
    let row = |line: &str| {
        let line = line.replace("<= ", "<=");
        let (name, numbers) = line.split_once(' ')?;
        let numbers: Result<Vec<u64>, _> = numbers.split_whitespace().map(str::parse).collect();
        Some((name.to_owned(), numbers.ok()?))
    };
    said.lines().filter_map(row).collect()
}

/// A thousand packets, the same each time: of ten, 6 are UDP, 3 TCP and one ICMP. Packets on top
/// are ARP, and those that TCP needs to work.
fn check(said: &str) -> HashMap<String, Vec<u64>> {
    assert!(said.contains("1000 packets were sent, and all were counted."), "{said}");
    let numbers = numbers(said);
    assert_eq!(numbers["icmp"], [100, 41434], "{said}");
    assert_eq!(numbers["udp"], [600, 240_979], "{said}");
    assert!(numbers["tcp"][0] >= 300 && numbers["tcp"][1] >= 124_960, "{said}");
    let of = |names: &dyn Fn(&str) -> bool| {
        numbers.iter().filter(|(name, _)| names(name)).map(|(_, row)| row[0]).sum::<u64>()
    };
    let by_protocol = of(&|name| ["icmp", "tcp", "udp", "other"].contains(&name));
    assert_eq!(of(&|name| name.starts_with("<=")), by_protocol, "{said}");
    numbers
}

#[test]
fn on_the_kernel_each_packet_is_counted_that_went_through_the_device() {
    let said = Running::start(example("netcount").arg("--once")).wait();
    if let Some(reason) = no_bpf_reason(&said) {
        return skip(reason);
    }
    assert!(said.contains("A BPF program counts"), "{said}");
    let numbers = check(&said);
    // At least the three packets that open and end a connection, and a request for the other
    // address.
    assert!(numbers["tcp"][0] > 300 && numbers["other"][0] > 0, "{said}");
}

#[test]
fn on_a_memfd_each_packet_is_counted() {
    let said = Running::start(example("netcount").args(["--once", "--stand-in"])).wait();
    assert!(said.contains("A thread counts, on a memfd."), "{said}");
    let numbers = check(&said);
    assert_eq!((numbers["tcp"][0], numbers["other"][0]), (300, 0), "{said}");
}

#[test]
fn the_view_ends_with_q_and_then_all_was_counted() {
    // A terminal of its own: every Debian has `script`.
    let netcount = example("netcount");
    let command = format!("stty rows 30 cols 90; exec {} --stand-in", netcount.get_program().display());
    let mut running =
        Running::start(Command::new("script").args(["--quiet", "--return", "--command", &command, "/dev/null"]));
    running.wait_for("q: quit");
    running.type_in("q");
    let said = running.wait();
    assert!(said.contains("packets were sent, and all were counted."), "{said}");
}

#[test]
fn an_argument_that_there_is_not_is_an_error() {
    let output = example("netcount").arg("--onec").output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("`--onec` is none of --once, --stand-in"), "{said}");
}

/// The look of `view`, one line for each row.
fn drawn(view: &View<'_>) -> String {
    let mut terminal = Terminal::new(TestBackend::new(100, 24)).unwrap();
    terminal.draw(|frame| view.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer();
    buffer
        .content()
        .chunks(100)
        .fold(String::new(), |text, row| text + &row.iter().map(Cell::symbol).collect::<String>() + "\n")
}

#[test]
fn the_view_shows_what_is_in_memory_now() {
    let Opened { counters, mut traffic, .. } = mapvalue_examples_net::open(true).unwrap();
    let mut view = View::new(&counters, "Nobody counts.");
    assert!(drawn(&view).contains("Nobody counts."));
    for _ in 0..1000 {
        traffic.send_next().unwrap();
    }
    let counted = traffic.check(&counters).unwrap();
    view.measure();
    let text = drawn(&view);
    for (name, count) in PROTOCOLS.iter().zip(counted.by_protocol) {
        let row = text.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name} in\n{text}"));
        let numbers: Vec<u64> = row.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        // The number in a second depends on the machine.
        assert_eq!(numbers[..2], [count.packets, count.bytes], "{row}");
    }
    for (class, packets) in sizes(&counted) {
        assert!(text.contains(&format!("<= {}", largest(class))), "{text}");
        assert!(packets > 0 && text.contains(&packets.to_string()), "{packets} in\n{text}");
    }
}

#[test]
fn sizes_leave_out_what_is_empty_on_both_ends() {
    let mut counted = Netcount::default();
    assert_eq!(sizes(&counted).count(), 0);
    (counted.by_size[3], counted.by_size[5]) = (7, 9);
    assert_eq!(sizes(&counted).collect::<Vec<_>>(), [(3, 7), (4, 0), (5, 9)]);
}
