//! Shows counters of a BPF program to Prometheus: read from mapped memory at each scrape, and
//! served as `OpenMetrics` over HTTP.
//!
//!     cargo run --example exporter                 # serves http://127.0.0.1:9955/metrics
//!     cargo run --example exporter -- --once       # prints the page
//!
//! Options: `--port N` (0 takes a free port; the address is printed), `--packets N` (sends N
//! packets and no more; 1000 with `--once`), `--stand-in` (as without root: a thread plays the BPF
//! program, on a memfd). The counters are those of the example `netcount`.

#![forbid(unsafe_code)]

use std::fmt;
use std::thread;
use std::time::Duration;

use mapvalue::Var;
use mapvalue_examples_net::{Netcount, Opened, PROTOCOLS, Result, Traffic, largest};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use tiny_http::{Header, Method, Response, Server};

/// The options.
struct Options {
    once: bool,
    stand_in: bool,
    port: u16,
    packets: Option<u64>,
}

impl Options {
    fn from_arguments() -> Result<Self> {
        let mut options = Self { once: false, stand_in: false, port: 9955, packets: None };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--once" => options.once = true,
                "--stand-in" => options.stand_in = true,
                "--port" => options.port = arguments.next().ok_or("--port takes a number")?.parse()?,
                "--packets" => options.packets = Some(arguments.next().ok_or("--packets takes a number")?.parse()?),
                _ => return Err(format!("`{argument}` is none of --once, --stand-in, --port, --packets").into()),
            }
        }
        Ok(options)
    }
}

fn main() -> Result<()> {
    let options = Options::from_arguments()?;
    let Opened { counters, mut traffic, other_side } = mapvalue_examples_net::open(options.stand_in)?;
    let mut registry = Registry::with_prefix("netcount");
    registry.register_collector(Box::new(Metrics(counters.clone())));
    if options.once {
        (0..options.packets.unwrap_or(1000)).try_for_each(|_| traffic.send_next())?;
        traffic.check(&counters)?;
        print!("{}", page(&registry)?);
        return Ok(());
    }
    let server = Server::http(("127.0.0.1", options.port))?;
    println!("{other_side}\nhttp://{}/metrics", server.server_addr());
    thread::spawn(move || {
        if let Err(error) = send(&mut traffic, &counters, options.packets) {
            eprintln!("no more packets are sent: {error}");
        }
    });
    serve(&server, &registry)
}

/// Sends packets: a fixed number, or without end.
fn send(traffic: &mut Traffic, counters: &Var<Netcount>, packets: Option<u64>) -> Result<()> {
    while packets.is_none_or(|packets| traffic.packets() < packets) {
        traffic.send_next()?;
        if packets.is_none() {
            thread::sleep(Duration::from_millis(10));
        }
    }
    traffic.check(counters)?;
    println!("{} packets were sent, and all were counted", traffic.packets());
    loop {
        // The traffic holds the program that counts.
        thread::park();
    }
}

/// Answers one request at a time: making a page is faster than making a connection.
fn serve(server: &Server, registry: &Registry) -> Result<()> {
    let openmetrics = Header::from_bytes("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
        .map_err(|()| "a header that cannot be")?;
    for request in server.incoming_requests() {
        let path = request.url().split('?').next();
        let answered = match (request.method(), path) {
            (Method::Get | Method::Head, Some("/metrics")) => {
                request.respond(Response::from_string(page(registry)?).with_header(openmetrics.clone()))
            }
            (Method::Get | Method::Head, _) => {
                request.respond(Response::from_string("see /metrics\n").with_status_code(404))
            }
            _ => request.respond(Response::from_string("only GET and HEAD\n").with_status_code(405)),
        };
        if let Err(error) = answered {
            eprintln!("a client went away: {error}");
        }
    }
    Ok(())
}

fn page(registry: &Registry) -> Result<String> {
    let mut page = String::new();
    text::encode(&mut page, registry)?;
    Ok(page)
}

/// The counters themselves: there is no second copy to keep up to date.
#[derive(Debug)]
struct Metrics(Var<Netcount>);

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::result::Result<(), fmt::Error> {
        // Each counter is loaded in one piece and never goes back. For packets that arrive in the
        // meantime, a counter may be from before or after.
        let counted = self.0.load();
        let labels = PROTOCOLS.map(|name| [("protocol", name)]);

        let help = "Packets that arrived, by the protocol inside";
        let mut packets = encoder.encode_descriptor("packets", help, None, MetricType::Counter)?;
        for (labels, count) in labels.iter().zip(&counted.by_protocol) {
            packets.encode_family(labels)?.encode_counter::<NoLabelSet, _, u64>(&count.packets, None)?;
        }

        let help = "What arrived with its Ethernet headers, by the protocol inside";
        let mut bytes = encoder.encode_descriptor("received", help, Some(&Unit::Bytes), MetricType::Counter)?;
        for (labels, count) in labels.iter().zip(&counted.by_protocol) {
            bytes.encode_family(labels)?.encode_counter::<NoLabelSet, _, u64>(&count.bytes, None)?;
        }

        let help = "The sizes of the packets that arrived, with their Ethernet headers";
        let mut sizes = encoder.encode_descriptor("packet_size", help, Some(&Unit::Bytes), MetricType::Histogram)?;
        // The encoder adds each bucket to the ones before it. The last bucket has no bound.
        let mut buckets: Vec<(f64, u64)> = Vec::new();
        for (class, packets) in counted.by_size.into_iter().enumerate() {
            let is_last = class + 1 == counted.by_size.len();
            buckets.push((if is_last { f64::INFINITY } else { float(largest(class)) }, packets));
        }
        let sum = float(counted.total().bytes);
        sizes.encode_histogram::<NoLabelSet>(sum, counted.by_size.iter().sum(), &buckets, None)
    }
}

/// A number as the encoder takes bounds and sums, and as Prometheus keeps values: exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "the format's own")]
fn float(value: u64) -> f64 {
    value as f64
}
