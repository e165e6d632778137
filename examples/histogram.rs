//! Shows a histogram that a BPF program fills. Each scrape reads it into a buffer of ours without
//! allocating, and computes quantiles.
//!
//! The program counts packets by their length with `mapvalue/histogram.bpf.h`
//! (`bpf/histogram.bpf.c`), in an array of 496 counters, one 8-byte element each. The buckets are
//! those of the crate `histogram`, and `load_into` copies into its counters. Without the privilege
//! for BPF a memfd takes the place of the map, and this process counts.

#![forbid(unsafe_code)]

use aya::Ebpf;
use aya::maps::Map;
use aya::programs::{TestRun, TestRunOptions, Xdp};
use histogram::{Bucket, Config, Histogram};
use mapvalue::{Array, Mapping, ReadOnly};
use mapvalue_examples::{Result, check, no_bpf_reason};

/// Eight buckets for each power of two, so a bucket is at most 1/8 of its values wide. All values
/// of 64 bits have a bucket.
const GROUPING_POWER: u8 = 3;
const MAX_VALUE_POWER: u8 = 64;

const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

fn main() -> Result<()> {
    let config = Config::new(GROUPING_POWER, MAX_VALUE_POWER)?;
    match load_program() {
        Ok(bpf) => {
            println!("A BPF program counts.");
            let Some(Map::Array(map)) = bpf.map("lengths") else { return Err("no array map `lengths`".into()) };
            let counters = Mapping::from_map(map.fd())?.array_ro()?;
            let program: &Xdp = bpf.program("count_lengths").ok_or("no program `count_lengths`")?.try_into()?;
            agent(&config, &counters, |length| {
                let packet = vec![0; length];
                program.test_run(TestRunOptions { data_in: Some(&packet), ..TestRunOptions::new() })?;
                Ok(())
            })
        }
        Err(error) => {
            let reason = no_bpf_reason(error.as_ref()).ok_or(error)?;
            println!("No BPF here ({reason}).\nThis process counts, on a memfd.");
            let mapping = Mapping::memfd(config.total_buckets() * size_of::<u64>())?;
            let counters: Array<u64> = mapping.array()?;
            let mut counted = Histogram::with_config(&config);
            agent(&config, &mapping.array_ro()?, |length| {
                counted.increment(u64::try_from(length)?)?;
                Ok(counters.store_from(counted.as_slice())?)
            })
        }
    }
}

/// Scrapes three times, with buffers that are created once.
fn agent(config: &Config, counters: &Array<u64, ReadOnly>, mut send: impl FnMut(usize) -> Result<()>) -> Result<()> {
    let mut scraped = Histogram::with_config(config);
    let mut found: [Option<Bucket>; QUANTILES.len()] = [None, None, None];
    // Each of these lengths equally often.
    let lengths = [64, 96, 128, 256, 512, 576, 1024, 1280, 1400, 1500];
    for scrape in 1..=3 {
        for length in lengths {
            send(length)?;
        }
        // 496 loads, or 16 bytes at a time where the machine can. No system call, no allocation.
        counters.load_into(scraped.as_mut_slice())?;
        scraped.quantile_buckets_into(&QUANTILES, &mut found)?;
        let total: u64 = scraped.as_slice().iter().sum();
        println!("scrape {scrape}: {total} packets");
        for (quantile, bucket) in QUANTILES.iter().zip(&found) {
            let bucket = bucket.as_ref().ok_or("an empty histogram")?;
            println!("  {:>4} % are no longer than {} to {} bytes", quantile * 100.0, bucket.start(), bucket.end());
        }
        let half = found[0].as_ref().ok_or("an empty histogram")?;
        check(
            total == 10 * scrape && half.range().contains(&512),
            "half of the packets that were sent have up to 512 bytes",
        )?;
    }
    println!("The buckets that are in use:");
    for bucket in scraped.iter().filter(|bucket| bucket.count() > 0) {
        println!("  {:>4} to {:>4} bytes: {}", bucket.start(), bucket.end(), bucket.count());
    }
    Ok(())
}

/// Loads the committed object; no clang is needed.
fn load_program() -> Result<Ebpf> {
    let mut bpf = Ebpf::load(aya::include_bytes_aligned!("bpf/histogram.bpf.o"))?;
    let program: &mut Xdp = bpf.program_mut("count_lengths").ok_or("no program `count_lengths`")?.try_into()?;
    program.load()?;
    Ok(bpf)
}
