//! What users of the crate build, they may use under permissive licenses.

use std::collections::BTreeSet;
use std::env;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, LicenseItem, ParseMode};

/// Licenses that ask no more than to keep a notice.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that only tests build, and nobody links into an agent.
const ONLY_IN_TESTS: &[(&str, &str)] = &[
    // The other reader of BTF, with which the tests compare this one.
    ("btf-rs", "LGPL-2.1-or-later"),
    ("btf-rs-derive", "LGPL-2.1-or-later"),
];

/// Names each package whose license is not permissive.
fn others(packages: &[Value]) -> BTreeSet<(String, String)> {
    let field = |package: &Value, name| package[name].as_str().unwrap_or_default().to_owned();
    let mut others = BTreeSet::new();
    for package in packages {
        let license = field(package, "license");
        let permitted = Expression::parse_mode(&license, ParseMode::LAX).is_ok_and(|terms| {
            terms.evaluate(|one| match &one.license {
                LicenseItem::Spdx { id, .. } => PERMISSIVE.contains(&id.name),
                LicenseItem::Other { .. } => false,
            })
        });
        if !permitted {
            others.insert((field(package, "name"), license));
        }
    }
    others
}

#[test]
fn every_package_has_a_permissive_license() {
    let cargo = env::var_os("CARGO").expect("cargo runs the tests");
    let metadata = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform=x86_64-unknown-linux-gnu"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")])
        .output()
        .expect("run cargo metadata");
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 50, "{} packages", packages.len());
    let known: BTreeSet<_> =
        ONLY_IN_TESTS.iter().map(|(name, license)| (name.to_string(), license.to_string())).collect();
    assert_eq!(others(packages), known);
}

#[test]
fn a_license_that_is_not_permissive_or_not_there_is_found() {
    let package = |name: &str, license: Value| serde_json::json!({ "name": name, "license": license });
    let packages = [
        package("either", "GPL-2.0-only OR MIT".into()),
        package("both", "GPL-2.0-only AND MIT".into()),
        package("none", Value::Null),
        package("old", "MIT/Apache-2.0".into()),
    ];
    let names: Vec<_> = others(&packages).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["both", "none"]);
}
