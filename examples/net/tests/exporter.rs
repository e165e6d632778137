//! The example `exporter` as its users see it: the page, the verdict of promtool, and the values
//! that a Prometheus stores.

#![expect(clippy::float_cmp, reason = "these are whole numbers, all exact")]

mod common;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use common::{PATIENCE, Running, example, no_bpf_reason, skip};

/// An exporter that has sent all of its packets, so its page hardly changes.
struct Exporter {
    running: Running,
    address: String,
}

impl Exporter {
    fn start(arguments: &[&str]) -> Self {
        let mut running =
            Running::start(example("exporter").args(["--port", "0", "--packets", "1000"]).args(arguments));
        let said = running.wait_for("1000 packets were sent, and all were counted");
        let url = said.lines().find_map(|line| line.strip_prefix("http://")).expect("an address");
        let address = url.strip_suffix("/metrics").expect("the path of the page").to_owned();
        Self { running, address }
    }

    fn page(&self) -> String {
        let (head, page) = get(&self.address, "GET", "/metrics");
        assert!(head.starts_with("HTTP/1.0 200"), "{head}");
        assert!(
            head.contains("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"),
            "{head}"
        );
        page
    }
}

/// The head and the body of an answer.
fn get(address: &str, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (format!("{head}\r\n"), body.to_owned())
}

/// The samples, by series.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ').expect("a series and a value");
        (series.to_owned(), value.parse().expect("a number"))
    };
    samples.map(sample).collect()
}

#[test]
fn the_page_is_openmetrics_and_consistent() {
    let exporter = Exporter::start(&["--stand-in"]);
    let page = exporter.page();
    assert!(page.ends_with("\n# EOF\n"), "{page}");
    for (family, kind) in [
        ("netcount_packets", "counter"),
        ("netcount_received_bytes", "counter"),
        ("netcount_packet_size_bytes", "histogram"),
    ] {
        assert!(page.contains(&format!("# TYPE {family} {kind}\n")), "{page}");
        assert!(page.contains(&format!("# HELP {family} ")), "{page}");
        assert_eq!(page.contains(&format!("# UNIT {family} bytes\n")), family.ends_with("_bytes"), "{page}");
    }
    let samples = samples(&page);
    let sum = |prefix: &str| {
        samples.iter().filter(|(series, _)| series.starts_with(prefix)).map(|(_, value)| value).sum::<f64>()
    };
    assert_eq!(samples["netcount_packets_total{protocol=\"udp\"}"], 600.0);
    assert_eq!(samples["netcount_packets_total{protocol=\"icmp\"}"], 100.0);
    assert_eq!(sum("netcount_packets_total{"), 1000.0);
    assert_eq!(samples["netcount_packet_size_bytes_count"], 1000.0);
    assert_eq!(samples["netcount_packet_size_bytes_sum"], sum("netcount_received_bytes_total{"));

    // In the order of the page: growing bounds, each with the count of everything below it, and the
    // last with the total.
    let buckets: Vec<(f64, f64)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("netcount_packet_size_bytes_bucket{le=\""))
        .map(|line| line.split_once("\"} ").expect("a bucket"))
        .map(|(bound, packets)| (bound.parse().expect("a bound"), packets.parse().expect("a number")))
        .collect();
    assert_eq!(buckets.len(), 16);
    assert!(buckets.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{buckets:?}");
    assert_eq!(buckets.last(), Some(&(f64::INFINITY, 1000.0)));
    // The smallest packets: 42 bytes of headers and one of payload.
    assert!(buckets[5] == (32.0, 0.0) && buckets[6].1 > 0.0, "{buckets:?}");
}

#[test]
fn other_requests_are_answered_as_http_has_it() {
    let exporter = Exporter::start(&["--stand-in"]);
    assert!(get(&exporter.address, "GET", "/").0.starts_with("HTTP/1.0 404"));
    assert!(get(&exporter.address, "POST", "/metrics").0.starts_with("HTTP/1.0 405"));
    let (head, body) = get(&exporter.address, "HEAD", "/metrics");
    assert!(head.starts_with("HTTP/1.0 200") && body.is_empty(), "{head}{body}");
}

#[test]
fn once_prints_the_page_alone() {
    let output = example("exporter").args(["--once", "--stand-in"]).output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), Exporter::start(&["--stand-in"]).page());
}

/// A program of the package `prometheus`, or the reason why it is missing.
fn has(program: &str) -> Result<(), String> {
    match Command::new(program).arg("--version").output() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("`{program}` of the package prometheus is not here ({error}): tests/run gets it")),
    }
}

#[test]
fn promtool_finds_nothing_to_complain_about() {
    if let Err(reason) = has("promtool") {
        return skip(&reason);
    }
    // It reads the older format, where the type and the help of a counter stand under its full
    // name, and the rest is comments.
    let page = Exporter::start(&["--stand-in"]).page();
    let older = ["packets", "received_bytes"].iter().fold(page, |page, family| {
        page.replace(&format!(" netcount_{family} "), &format!(" netcount_{family}_total "))
    });
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(older.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{}: {said}\n{older}", output.status);
}

/// A folder that the test removes at its end.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_prometheus_stores_what_the_page_says() {
    if let Err(reason) = has("prometheus").and_then(|()| has("promtool")) {
        return skip(&reason);
    }
    let mut exporter = Exporter::start(&[]);
    if let Some(reason) = no_bpf_reason(&exporter.running.wait_for("http://")) {
        skip(reason);
        exporter = Exporter::start(&["--stand-in"]);
    }
    let folder = Folder(env::temp_dir().join(format!("mapvalue-prometheus-{}", std::process::id())));
    fs::create_dir(&folder.0).unwrap();
    let config = folder.0.join("prometheus.yml");
    let target = format!("[{{targets: ['{}']}}]", exporter.address);
    let job = format!("{{job_name: netcount, scrape_interval: 1s, static_configs: {target}}}");
    fs::write(&config, format!("scrape_configs: [{job}]\n")).unwrap();
    let mut prometheus = Running::start(
        Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.0.join("data").display()))
            .arg("--web.listen-address=127.0.0.1:0"),
    );
    // Prometheus prints them in either order.
    prometheus.wait_for("Server is ready to receive web requests");
    let said = prometheus.wait_for("Listening on");
    let listening = said.lines().find(|line| line.contains("Listening on")).unwrap_or_else(|| panic!("{said}"));
    let address = listening.split("address=").nth(1).expect("an address").split_whitespace().next().unwrap();

    let deadline = Instant::now() + PATIENCE;
    loop {
        // The kernel itself sends a packet now and then, of IPv6.
        let page = samples(&exporter.page());
        let stored = stored(address);
        if stored == page {
            break;
        }
        let targets = || get(address, "GET", "/api/v1/targets").1;
        assert!(Instant::now() < deadline, "stored are {stored:#?}\nof {page:#?}\n{}", targets());
        thread::sleep(Duration::from_millis(100));
    }
    // It recognized the format: the older one has no units.
    let (_, kinds) = get(address, "GET", "/api/v1/metadata");
    for (family, kind, unit) in [
        ("packets", "counter", ""),
        ("received_bytes", "counter", "bytes"),
        ("packet_size_bytes", "histogram", "bytes"),
    ] {
        let metadata = kinds.split(&format!("\"netcount_{family}\":")).nth(1).unwrap_or_else(|| panic!("{kinds}"));
        let metadata = metadata.split(']').next().unwrap();
        assert!(metadata.contains(&format!("\"type\":\"{kind}\"")), "{metadata}");
        assert!(metadata.contains(&format!("\"unit\":\"{unit}\"")), "{metadata}");
    }
}

/// The samples that a Prometheus has now, by series as on the page.
fn stored(address: &str) -> BTreeMap<String, f64> {
    let server = format!("http://{address}");
    let output =
        Command::new("promtool").args(["query", "instant", &server, "{__name__=~'netcount_.+'}"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let sample = |line: &str| {
        let (series, rest) = line.split_once(" => ").expect("a series and a value");
        let (name, labels) = series.trim_end_matches('}').split_once('{').expect("labels");
        // Prometheus adds the source of the samples.
        let own: Vec<&str> =
            labels.split(", ").filter(|label| !label.starts_with("instance=") && !label.starts_with("job=")).collect();
        let own = if own.is_empty() { String::new() } else { format!("{{{}}}", own.join(",")) };
        let value = rest.split(' ').next().expect("a value").parse().expect("a number");
        (format!("{name}{own}"), value)
    };
    String::from_utf8(output.stdout).unwrap().lines().filter(|line| !line.is_empty()).map(sample).collect()
}
