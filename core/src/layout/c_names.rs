//! C names for Rust fields: some are keywords in C, and a tuple struct's are numbers.

use std::borrow::Cow;

/// The keywords of C23, and GNU's `asm` and `typeof`.
const KEYWORDS: &str = "alignas alignof asm auto bool break case char const constexpr continue \
    default do double else enum extern false float for goto if inline int long nullptr register \
    restrict return short signed sizeof static static_assert struct switch thread_local true \
    typedef typeof typeof_unqual union unsigned void volatile while _Bool _Alignas _Atomic";

/// Returns the C identifier for a Rust name: `default_` for `default`, `_0` for `0`.
pub(crate) fn identifier(name: &str) -> Cow<'_, str> {
    if KEYWORDS.split(' ').any(|keyword| keyword == name) {
        Cow::Owned(format!("{name}_"))
    } else if name.starts_with(|first: char| first.is_ascii_digit()) {
        Cow::Owned(format!("_{name}"))
    } else {
        Cow::Borrowed(name)
    }
}

/// Returns whether a field's name marks it as padding: `_pad`, `__pad2`, `padding`, `_`.
pub(crate) fn is_padding(name: &str) -> bool {
    let bare = name.trim_start_matches('_');
    match bare.strip_prefix("pad") {
        Some(rest) => {
            let rest = rest.strip_prefix("ding").unwrap_or(rest).trim_start_matches('_');
            rest.chars().all(|c| c.is_ascii_digit())
        }
        None => bare.is_empty() && !name.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_none_in_c_are_changed() {
        assert_eq!(identifier("default"), "default_");
        assert_eq!(identifier("0"), "_0");
        assert_eq!(identifier("packets"), "packets");
    }

    #[test]
    fn padding_is_told_by_its_name() {
        for name in ["_pad", "__pad", "_pad0", "__pad_12", "pad", "padding", "_padding3", "_", "__"] {
            assert!(is_padding(name), "{name}");
        }
        for name in ["padded_len", "_padlock", "reserved", "", "_x", "pa"] {
            assert!(!is_padding(name), "{name}");
        }
    }
}
