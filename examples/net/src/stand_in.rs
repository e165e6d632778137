//! The stand-in for the BPF program without the privilege for one: a thread, on a memfd.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use mapvalue::Var;

use super::traffic::{Wire, headers};
use super::{Count, Netcount, Protocol, Result, size_class};

/// The lengths of packets, sent to a thread that counts them.
#[derive(Debug)]
pub(super) struct StandIn {
    packets: Sender<(Protocol, u64)>,
    carried: Count,
}

impl StandIn {
    pub(super) fn new(counters: Var<Netcount>) -> Self {
        let (packets, arriving) = channel();
        thread::spawn(move || count_packets(&counters, arriving));
        Self { packets, carried: Count::default() }
    }
}

/// The work of `count_packet` of `examples/bpf/netcount.bpf.c`.
fn count_packets(counters: &Var<Netcount>, arriving: Receiver<(Protocol, u64)>) {
    for (protocol, size) in arriving {
        let count = &counters.by_protocol[protocol as usize];
        count.packets.fetch_add(1);
        count.bytes.fetch_add(size);
        counters.by_size[size_class(size)].fetch_add(1);
    }
}

impl Wire for StandIn {
    fn send(&mut self, protocol: Protocol, payload: &[u8]) -> Result<()> {
        let size = headers(protocol) + payload.len() as u64;
        self.packets.send((protocol, size)).map_err(|_| "the thread that counts has failed")?;
        self.carried.packets += 1;
        self.carried.bytes += size;
        Ok(())
    }

    fn carried(&self) -> Result<Count> {
        Ok(self.carried)
    }
}
