//! Text that is built at compile time, for assertion messages with numbers in them.

/// Up to 512 bytes of text; the rest is cut off.
pub(crate) struct Text {
    bytes: [u8; 512],
    len: usize,
}

impl Text {
    /// These texts, one after the other.
    pub(crate) const fn of(texts: &[&str]) -> Self {
        let mut text = Self { bytes: [0; 512], len: 0 };
        text.push_all(texts);
        text
    }

    /// What is wrong with a field.
    pub(crate) const fn of_field(name: &str, of: &str, why: &str) -> Self {
        Self::of(&["field `", name, "` of `", of, "` ", why])
    }

    pub(crate) const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            // The text was cut in the middle of a character.
            Err(_) => "",
        }
    }

    pub(crate) const fn push(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[i];
            self.len += 1;
            i += 1;
        }
    }

    pub(crate) const fn push_all(&mut self, texts: &[&str]) {
        let mut i = 0;
        while i < texts.len() {
            self.push(texts[i]);
            i += 1;
        }
    }

    pub(crate) const fn push_number(&mut self, number: usize) {
        if number >= 10 {
            self.push_number(number / 10);
        }
        self.push("0123456789".split_at(number % 10).1.split_at(1).0);
    }

    /// Appends ``" 3 before `name`;"``.
    pub(crate) const fn push_place(&mut self, bytes: usize, relation: &str, name: &str) {
        self.push(" ");
        self.push_number(bytes);
        self.push_all(&[" ", relation, " `", name, "`;"]);
    }
}
