//! The snippets of README and guide that need a loader, compiled here and held equal to the text.

#![forbid(unsafe_code)]
#![allow(dead_code, reason = "most snippets are compiled and not run")]

use std::error::Error;
use std::fs;
use std::path::Path;

use mapvalue_examples::no_bpf_reason;

/// The README's agent.
mod readme {
    use aya::maps::Map;
    use mapvalue::{MapValue, Mapping, Var};

    #[derive(MapValue, Clone, Copy, Debug)]
    #[repr(C)]
    struct Stats {
        packets: u64,
        bytes: u64,
        by_proto: [u64; 256],
        mode: u32,
        live: bool,
    }

    fn watch(bpf: &aya::Ebpf) -> Result<Var<u64>, Box<dyn std::error::Error>> {
        let Some(Map::Array(map)) = bpf.map("stats") else {
            return Err("no array `stats`".into());
        };
        let mapping = Mapping::from_map_checked(map.fd())?; // of any loader; its types are read
        let stats: Var<Stats> = mapping.var(0)?; // or an error names each difference
        println!("{} packets", stats.packets.load()); // one mov
        stats.mode.store(1); // its neighbors stay as they are
        println!("{:?}", stats.load()); // no field is ever torn
        Ok(stats.project(|s| &s.by_proto[6])) // outlives loader, map and `stats`
    }

    pub(super) fn run(object: &[u8]) -> Result<Var<u64>, Box<dyn std::error::Error>> {
        watch(&aya::Ebpf::load(object)?)
    }
}

/// `core/guide/first_map.md`
mod first_map {
    use std::error::Error;
    use std::os::fd::OwnedFd;
    use std::sync::Arc;

    use aya::maps::Map;
    use mapvalue::{Btf, Mapping};

    fn aya(bpf: &aya::Ebpf) -> Result<Arc<Mapping>, Box<dyn Error>> {
        let Some(Map::Array(map)) = bpf.map("stats") else {
            return Err("no array `stats`".into());
        };
        let mapping = Mapping::from_map_checked(map.fd())?;
        Ok(mapping)
    }

    #[cfg(feature = "libbpf")]
    fn libbpf(skel: &super::skeleton::Skel<'_>) -> Result<Arc<Mapping>, mapvalue::Error> {
        let mapping = Mapping::from_map_checked(&skel.maps.stats)?;
        Ok(mapping)
    }

    fn own(fd: OwnedFd, object: &[u8]) -> Result<Arc<Mapping>, mapvalue::Error> {
        let mapping = Mapping::from_map_with_btf(&fd, &Btf::from_object(object)?)?;
        drop(fd);
        Ok(mapping)
    }
}

/// `core/guide/from_aya.md`
mod from_aya {
    use std::error::Error;

    use aya::EbpfLoader;
    use aya::maps::{HashMap, Map};
    use mapvalue::{Array, MapValue, Mapping, MmapableSections, Var};

    #[derive(MapValue, Clone, Copy)]
    #[map_value(aya)] // compiles only if right: no padding, any bytes valid, `Copy`
    #[repr(C)]
    struct Total {
        packets: u64,
        bytes: u64,
    }

    fn totals(bpf: &aya::Ebpf) -> Result<Array<Total>, Box<dyn Error>> {
        let by_length = bpf.map("by_length").ok_or("no map `by_length`")?;
        let by_length: HashMap<_, u32, Total> = by_length.try_into()?; // aya's own table
        println!("{} packets of 60 bytes", by_length.get(&60, 0)?.packets);

        let Some(Map::Array(map)) = bpf.map("totals") else {
            return Err("no array `totals`".into());
        };
        Ok(Mapping::from_map(map.fd())?.array()?) // outlives `bpf`
    }

    const OBJECT: &[u8] = &[];

    fn globals() -> Result<Var<u64>, Box<dyn Error>> {
        let sections = MmapableSections::create(OBJECT, &[".bss"])?;
        let mut loader = EbpfLoader::new();
        loader.override_global("limit", &100u32, true);
        for (section, pin) in sections.pins() {
            loader.map_pin_path(section, pin);
        }
        let bpf = loader.load(OBJECT)?;
        let seen: Var<u64> = sections.open(".bss")?.var("seen")?; // mapped; its type is checked
        drop(bpf);
        Ok(seen)
    }
}

/// A skeleton as libbpf-cargo writes it, as far as the guide uses one.
#[cfg(feature = "libbpf")]
mod skeleton {
    use libbpf_rs::{MapMut, OpenMapMut, ProgramMut};

    pub(super) struct Maps<'obj> {
        pub(super) bss: MapMut<'obj>,
        pub(super) counts: MapMut<'obj>,
        pub(super) stats: MapMut<'obj>,
    }

    pub(super) struct Progs<'obj> {
        pub(super) count: ProgramMut<'obj>,
    }

    pub(super) struct Skel<'obj> {
        pub(super) maps: Maps<'obj>,
        pub(super) progs: Progs<'obj>,
    }

    pub(super) struct OpenMaps<'obj> {
        pub(super) arena: OpenMapMut<'obj>,
    }

    pub(super) struct OpenSkel<'obj> {
        pub(super) maps: OpenMaps<'obj>,
        pub(super) loads: fn(Self) -> libbpf_rs::Result<Skel<'obj>>,
    }

    impl<'obj> OpenSkel<'obj> {
        pub(super) fn load(self) -> libbpf_rs::Result<Skel<'obj>> {
            (self.loads)(self)
        }
    }
}

/// `core/guide/from_libbpf_rs.md`
#[cfg(feature = "libbpf")]
mod from_libbpf_rs {
    use std::error::Error;

    use mapvalue::{Arena, Array, Btf, DataSection, MapValue, Mapping, Var};

    #[derive(MapValue)]
    #[repr(C)]
    struct Stats {
        packets: u64,
    }

    fn handles(skel: &super::skeleton::Skel<'_>) -> Result<(Var<Stats>, Array<u64>), mapvalue::Error> {
        let stats: Var<Stats> = DataSection::from_map(&skel.maps.bss)?.var("stats")?;
        let counts: Array<u64> = Mapping::from_map(&skel.maps.counts)?.array()?;
        Ok((stats, counts))
    }

    fn in_an_arena(mut open_skel: super::skeleton::OpenSkel<'_>) -> Result<Var<u64>, Box<dyn Error>> {
        let arena = Arena::for_object(OBJECT)?; // the bytes that the skeleton was made from
        open_skel.maps.arena.reuse_fd(arena.fd().expect("a kernel map"))?;
        let skel = open_skel.load()?;
        let packets: Var<u64> = arena.globals(&Btf::from_object(OBJECT)?, &skel.progs.count)?.var("packets")?;
        Ok(packets)
    }

    const OBJECT: &[u8] = &[];
}

/// `core/guide/histograms.md`
mod histograms {
    use std::error::Error;

    use histogram::{Bucket, Config, Histogram};
    use mapvalue::Slice;

    fn scrape(latency: &Slice<u64>, mut quantiles: [Option<Bucket>; 2]) -> Result<(), Box<dyn Error>> {
        let mut scraped = Histogram::with_config(&Config::new(3, 64)?); // created once
        latency.load_into(scraped.as_mut_slice())?;
        scraped.quantile_buckets_into(&[0.5, 0.99], &mut quantiles)?; // does not allocate either
        for bucket in &scraped {
            println!("{:?}: {}", bucket.range(), bucket.count());
        }
        Ok(())
    }
}

/// Code without white space, and without the comma that rustfmt puts after a last field.
fn squeezed(code: &str) -> String {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    code.replace(",}", "}")
}

/// The code blocks of a Markdown file that begin with `fence`.
fn blocks(path: &Path, fence: &str) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let fence = format!("```{fence}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap_or("").to_owned()).collect()
}

#[test]
fn each_snippet_that_no_doctest_compiles_is_compiled_here() -> Result<(), Box<dyn Error>> {
    let (this, root) = (squeezed(include_str!("guide.rs")), Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    let mut snippets = blocks(&root.join("README.md"), "rust");
    assert!(!snippets.is_empty(), "the README has an agent");
    for chapter in fs::read_dir(root.join("core/guide"))? {
        let chapter = chapter?.path();
        if chapter.extension().is_none_or(|extension| extension != "md") {
            continue; // the objects of the doctests
        }
        snippets.extend(blocks(&chapter, "rust,ignore"));
        assert!(blocks(&chapter, "ignore").is_empty(), "{}: ```ignore is not compiled", chapter.display());
    }
    assert!(snippets.len() >= 8, "only {} snippets were found", snippets.len());
    for snippet in snippets {
        // rustfmt moves a comment behind a brace into the next line: the same without white space.
        assert!(this.contains(&squeezed(&snippet)), "a snippet is not in {}:\n{snippet}", file!());
    }
    Ok(())
}

#[test]
fn the_agent_of_the_readme_runs() -> Result<(), Box<dyn Error>> {
    match readme::run(aya::include_bytes_aligned!("../bpf/quickstart.bpf.o")) {
        Ok(tcp) => assert_eq!(tcp.load(), 0, "the program has not run, and the loader is gone"),
        Err(error) => match no_bpf_reason(error.as_ref()) {
            Some(reason) if std::env::var_os("MAPVALUE_REQUIRE_KERNEL").is_none_or(|value| value != "1") => {
                println!("skipped: {reason}");
            }
            _ => return Err(error),
        },
    }
    Ok(())
}
