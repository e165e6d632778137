//! Shows live counters of a BPF program in a terminal: packets by protocol and by size, read from
//! mapped memory ten times a second.
//!
//!     cargo run --example netcount                 # a live view; `q` ends it
//!     cargo run --example netcount -- --once       # sends 1000 packets, prints and checks a table
//!
//! As root, an XDP program counts the packets that go through a pair of devices in network
//! namespaces of this process. The machine's own network is not touched, and nothing remains after
//! the process. Without root, or with `--stand-in`, a thread does the same on a memfd. Without a
//! terminal, it runs as with `--once`.

#![forbid(unsafe_code)]

mod view;

use std::io::{IsTerminal, stdout};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use mapvalue::Var;
use mapvalue_examples_net::{Netcount, Opened, PROTOCOLS, Result, Traffic, largest};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use view::{View, sizes};

const ONCE: u64 = 1000;

fn main() -> Result<()> {
    let (mut once, mut stand_in) = (!stdout().is_terminal(), false);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--once" => once = true,
            "--stand-in" => stand_in = true,
            _ => return Err(format!("`{argument}` is none of --once, --stand-in").into()),
        }
    }
    let Opened { counters, mut traffic, other_side } = mapvalue_examples_net::open(stand_in)?;
    if once {
        for _ in 0..ONCE {
            traffic.send_next()?;
        }
    } else {
        watch(&counters, &mut traffic, &other_side)?;
    }
    let counted = traffic.check(&counters)?;
    println!("{other_side}\n");
    print(&counted);
    println!("\n{} packets were sent, and all were counted.", traffic.packets());
    Ok(())
}

/// The table without a terminal.
fn print(counted: &Netcount) {
    println!("{:<8}{:>12}{:>14}", "protocol", "packets", "bytes");
    for (name, count) in PROTOCOLS.iter().zip(counted.by_protocol) {
        println!("{name:<8}{:>12}{:>14}", count.packets, count.bytes);
    }
    println!("\n{:<8}{:>12}", "size", "packets");
    for (class, packets) in sizes(counted) {
        println!("{:<8}{packets:>12}", format!("<= {}", largest(class)));
    }
}

/// Shows the counters while packets are sent, until the user ends it.
fn watch(counters: &Var<Netcount>, traffic: &mut Traffic, other_side: &str) -> Result<()> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let sender = scope.spawn(|| send_until(&stop, traffic));
        let mut view = View::new(counters, other_side);
        let shown = ratatui::run(|terminal| {
            while !sender.is_finished() {
                view.measure();
                terminal.draw(|frame| view.draw(frame))?;
                if event::poll(Duration::from_millis(100))? && ends(&event::read()?) {
                    break;
                }
            }
            Ok(())
        });
        stop.store(true, Relaxed);
        let sent = sender.join().map_err(|_| "the thread that sends has failed")?;
        shown.and(sent)
    })
}

/// Sends packets, now more and now fewer.
fn send_until(stop: &AtomicBool, traffic: &mut Traffic) -> Result<()> {
    while !stop.load(Relaxed) {
        let burst = 5 + traffic.packets() / 1000 % 10;
        for _ in 0..burst {
            traffic.send_next()?;
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// In raw mode, a terminal hands Ctrl-C to the program.
fn ends(event: &Event) -> bool {
    match event {
        Event::Key(KeyEvent { code: KeyCode::Char('q') | KeyCode::Esc, .. }) => true,
        Event::Key(KeyEvent { code: KeyCode::Char('c'), modifiers, .. }) => modifiers.contains(KeyModifiers::CONTROL),
        _ => false,
    }
}
