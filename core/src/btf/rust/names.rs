//! Rust names for C names. What is not a C identifier never reaches the source text.

use std::collections::{HashMap, HashSet};

/// The longest C name that is taken over; the kernel's symbols have up to 512 bytes.
const MAX_NAME: usize = 512;
/// The bytes after which a name made of several C names is cut.
pub(super) const MAX_MADE: usize = 96;
/// The keywords of Rust 2024, those reserved for later included.
const KEYWORDS: &str = "abstract as async await become box break const continue crate do dyn else enum extern \
    false final fn for gen if impl in let loop macro match mod move mut override priv pub ref return self static \
    struct super trait true try type typeof unsafe unsized use virtual where while yield";

/// Whether a name from BTF is one that C can have, of a length that may be repeated.
pub(super) fn is_identifier(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Names of one scope, each given once.
#[derive(Default)]
pub(super) struct Scope {
    taken: HashSet<String>,
    /// The number behind the next name of the same beginning, so that many equal names cost no
    /// search each.
    next: HashMap<String, u64>,
}

impl Scope {
    pub(super) fn reserve(&mut self, name: &str) {
        self.taken.insert(name.to_owned());
    }

    /// Gives the name, or the first of `name2`, `name3`, .. for which it and all of `with` behind
    /// it are free, and takes those.
    pub(super) fn give(&mut self, wanted: &str, with: &[&str]) -> String {
        self.give_all(wanted, |name| with.iter().map(|end| format!("{name}{end}")).collect())
    }

    /// As `give`, with the names that are made of one.
    pub(super) fn give_all(&mut self, wanted: &str, others: impl Fn(&str) -> Vec<String>) -> String {
        let mut name = wanted.to_owned();
        while self.taken.contains(&name) || others(&name).iter().any(|other| self.taken.contains(other)) {
            let next = self.next.entry(wanted.to_owned()).or_insert(1);
            *next += 1;
            name = format!("{wanted}{next}");
        }
        self.taken.extend(others(&name));
        self.taken.insert(name.clone());
        name
    }
}

/// `conn_info` as `ConnInfo`, of letters and digits; words in capitals alone as `Word` if `lower`.
pub(super) fn camel(name: &str, lower: bool) -> String {
    let mut made = String::new();
    for word in name.split('_').filter(|word| !word.is_empty()) {
        // Digits run together would be another number.
        if made.ends_with(|c: char| c.is_ascii_digit()) && word.starts_with(|c: char| c.is_ascii_digit()) {
            made.push('_');
        }
        let (first, rest) = word.split_at(1);
        made.push_str(&first.to_ascii_uppercase());
        let shouts = lower && !word.bytes().any(|byte| byte.is_ascii_lowercase());
        made.push_str(&if shouts { rest.to_ascii_lowercase() } else { rest.to_owned() });
    }
    if !made.starts_with(|first: char| first.is_ascii_alphabetic()) {
        made.insert(0, 'N');
    }
    made.truncate(MAX_MADE);
    if made == "Self" { "SelfValue".to_owned() } else { made.trim_end_matches('_').to_owned() }
}

/// A C name as the name of a field or method: `nFoo` as `n_foo`, `type` as `type_`, `__x` as `x`.
pub(super) fn snake(name: &str) -> String {
    let mut made = String::new();
    let mut small = false;
    for c in name.trim_matches('_').chars() {
        if c.is_ascii_uppercase() && small {
            made.push('_');
        }
        small = c.is_ascii_lowercase() || c.is_ascii_digit();
        if !(c == '_' && made.ends_with('_')) {
            made.push(c.to_ascii_lowercase());
        }
    }
    if !made.starts_with(|first: char| first.is_ascii_alphabetic()) {
        made.insert(0, 'n');
    }
    made.truncate(MAX_MADE);
    if KEYWORDS.split(' ').any(|keyword| keyword == made) { made + "_" } else { made.trim_end_matches('_').to_owned() }
}

/// The variants of a C enum as `Count`, `DropAll`: without the words that all begin with.
pub(super) fn variants(names: &[&str]) -> Vec<String> {
    let common = names.iter().skip(1).fold(names.first().copied().unwrap_or(""), |common, name| {
        let same = common.bytes().zip(name.bytes()).take_while(|(one, other)| one == other).count();
        &common[..same]
    });
    let cut = if names.len() > 1 { common.rfind('_').map_or(0, |at| at + 1) } else { 0 };
    let bare = |name: &&str| name[cut..].trim_start_matches('_').starts_with(|c: char| c.is_ascii_alphabetic());
    let cut = if names.iter().all(bare) { cut } else { 0 };
    let mut scope = Scope::default();
    names.iter().map(|name| scope.give(&camel(&name[cut..], true), &[])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_rust_ones() {
        assert_eq!(camel("conn_info", false), "ConnInfo");
        assert_eq!(camel("__4_2tuple", false), "N4_2tuple");
        assert_eq!(camel("self", false), "SelfValue");
        assert_eq!(camel("___", false), "N");
        assert_eq!(
            (snake("type").as_str(), snake("__skbLen").as_str(), snake("_").as_str()),
            ("type_", "skb_len", "n")
        );
        assert_eq!(variants(&["MODE_COUNT", "MODE_DROP_ALL"]), ["Count", "DropAll"]);
        assert_eq!(variants(&["V_4", "V_6"]), ["V4", "V6"]);
        assert_eq!(variants(&["A_b", "a_B", "A_B"]), ["AB", "AB2", "AB3"]);
    }

    #[test]
    fn what_c_cannot_say_is_no_identifier() {
        for name in ["", "4", "a b", "a\nb", "é", "a;", "a\"", &"x".repeat(513)] {
            assert!(!is_identifier(name), "{name}");
        }
        assert!(is_identifier("_x9"));
    }
}
