//! Finds secrets in a text: an automaton over the first bytes of every form of every
//! secret, which are then compared to their end. So the automaton stays small, and what
//! begins like a long secret is hidden as far as it goes.

use super::patterns::{self, Pattern};
use super::{SHORTEST, views};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::collections::HashMap;
use std::ops::Range;

/// Bytes of a form that are in the automaton.
const ANCHOR: usize = 24;
/// Follows what was left of a text that was cut, and comes before the rest of it.
const CUT: char = '…';
/// Of so many such places in one text the surroundings are looked at.
const MOST_CUTS: usize = 64;

/// The forms of all secrets of a run.
pub(super) struct Matcher {
    /// `None` should it not fit; never with the bytes that a run may know.
    automaton: Option<AhoCorasick>,
    patterns: Vec<Pattern>,
    /// For each anchor the patterns that begin with it.
    by_anchor: Vec<Vec<usize>>,
    has_spaces: bool,
    /// Bytes of the longest pattern.
    pub longest: usize,
}

impl Matcher {
    pub fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let mut patterns: Vec<Pattern> = vec![];
        let mut has_spaces = false;
        for secret in secrets {
            has_spaces |= secret.contains(' ');
            patterns::of(secret, &mut |pattern| patterns.push(pattern));
        }
        let mut numbers: HashMap<&[u8], usize> = HashMap::new();
        let mut by_anchor: Vec<Vec<usize>> = vec![];
        let mut anchors = vec![];
        for (index, pattern) in patterns.iter().enumerate() {
            let anchor = &pattern.bytes[..pattern.bytes.len().min(ANCHOR)];
            let number = *numbers.entry(anchor).or_insert_with(|| {
                anchors.push(anchor);
                by_anchor.push(vec![]);
                by_anchor.len() - 1
            });
            by_anchor[number].push(index);
        }
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&anchors);
        let automaton = automaton.inspect_err(|error| tracing::error!("no redaction: {error}")).ok();
        let longest = patterns.iter().map(|pattern| pattern.bytes.len()).max().unwrap_or(0);
        Self { automaton, patterns, by_anchor, has_spaces, longest }
    }

    /// Where secrets are, in order and apart, at boundaries of characters.
    pub fn spans(&self, text: &str) -> Vec<Range<usize>> {
        let bytes = text.as_bytes();
        let mut spans = vec![];
        self.find(bytes, false, &mut |span| spans.push(span));
        let forms = self.has_spaces.then(|| views::percent(bytes, true)).flatten();
        for view in [views::percent(bytes, false), forms, views::backslash(bytes)].into_iter().flatten() {
            self.find(&view.bytes, true, &mut |span| spans.push(view.source(span)));
        }
        for (at, _) in text.match_indices(CUT).take(MOST_CUTS) {
            spans.extend(self.prefix_before(&bytes[..at]));
            let after = at + CUT.len_utf8();
            spans.extend(self.suffix_at(&bytes[after..]).map(|length| after..after + length));
        }
        merge(text, spans)
    }

    fn find(&self, text: &[u8], escaped: bool, found: &mut dyn FnMut(Range<usize>)) {
        let Some(automaton) = &self.automaton else { return found(0..text.len()) };
        for anchor in automaton.find_overlapping_iter(text) {
            for index in &self.by_anchor[anchor.pattern()] {
                let pattern = &self.patterns[*index];
                if escaped && !pattern.in_views {
                    continue;
                }
                let rest = pattern.bytes[anchor.len()..].iter().zip(&text[anchor.end()..]);
                let same = rest.take_while(|(a, b)| a == b).count();
                found(anchor.start()..anchor.end() + same);
            }
        }
    }

    /// The longest beginning of a secret at the end of what was cut there.
    pub fn prefix_before(&self, text: &[u8]) -> Option<Range<usize>> {
        let lengths = self.patterns.iter().filter_map(|pattern| {
            let most = text.len().min(pattern.bytes.len() - 1);
            (SHORTEST..=most).rev().find(|length| text.ends_with(&pattern.bytes[..*length]))
        });
        lengths.max().map(|length| text.len() - length..text.len())
    }

    /// The longest end of a secret at the beginning of what was cut there.
    fn suffix_at(&self, text: &[u8]) -> Option<usize> {
        let lengths = self.patterns.iter().filter_map(|pattern| {
            let bytes = &pattern.bytes;
            let most = text.len().min(bytes.len() - 1);
            (SHORTEST..=most).rev().find(|length| text.starts_with(&bytes[bytes.len() - length..]))
        });
        lengths.max()
    }
}

pub(super) fn merge(text: &str, mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_unstable_by_key(|span| span.start);
    let mut merged: Vec<Range<usize>> = vec![];
    for span in spans {
        let span = text.floor_char_boundary(span.start)..text.ceil_char_boundary(span.end);
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}
