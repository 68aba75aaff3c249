//! Redaction of a log, whose long lines come in pieces: a secret may begin in one piece
//! and end in the next.

use super::matcher::merge;
use super::{Redactor, masked, replace};

/// The runtime hands out a line that does not end in pieces of so many characters. What is
/// shorter is a whole line.
const PIECE: usize = 64 << 10;

/// What is remembered between the lines of one log.
#[derive(Default)]
pub(crate) struct Lines {
    /// Of the last message where it was a piece: who said it, and its end as it was.
    open: Option<(String, String)>,
}

impl Lines {
    /// A message without any of the secrets.
    pub fn redact(&mut self, redactor: &Redactor, logger: &str, message: String) -> String {
        let is_piece = message.len() >= PIECE;
        if self.open.is_none() && !is_piece {
            return redactor.text(message);
        }
        let before = self.open.take().filter(|(name, _)| name == logger).map(|(_, end)| end);
        let Some(matcher) = redactor.matcher() else {
            // A secret that it is given later can only be in later pieces.
            return message;
        };
        let before = before.unwrap_or_default();
        if is_piece {
            let longest = matcher.longest.saturating_mul(3).min(message.len());
            let end = message[message.floor_char_boundary(message.len() - longest)..].to_owned();
            self.open = Some((logger.to_owned(), end));
        }
        if before.is_empty() && !is_piece {
            return masked(message, &matcher);
        }
        let whole = [before.as_str(), &message].concat();
        let mut spans = matcher.spans(&whole);
        if is_piece {
            spans.extend(matcher.prefix_before(whole.as_bytes()));
        }
        let spans = merge(&whole, spans).into_iter().filter(|span| span.end > before.len());
        let here = spans.map(|span| span.start.max(before.len()) - before.len()..span.end - before.len());
        replace(&message, &here.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_across_two_pieces_is_hidden_in_both() {
        let redactor = Redactor::default();
        redactor.add(&json!("correct-horse-battery")).expect("few");
        let line = format!("{}correct-horse-battery!", "x".repeat(PIECE - 10));
        let mut lines = Lines::default();
        let (first, second) = line.split_at(PIECE);
        let first = lines.redact(&redactor, "stdout", first.to_owned());
        let second = lines.redact(&redactor, "stdout", second.to_owned());
        assert!(first.ends_with("xx[redacted]"), "{}", &first[first.len() - 30..]);
        assert_eq!(second, "[redacted]!");
        // Nothing goes on in another logger, or after a whole line.
        let (first, second) = line.split_at(PIECE);
        for (logger, between) in [("other", None), ("stdout", Some("whole"))] {
            let mut lines = Lines::default();
            lines.redact(&redactor, "stdout", first.to_owned());
            if let Some(between) = between {
                lines.redact(&redactor, "stdout", between.to_owned());
            }
            assert_eq!(lines.redact(&redactor, logger, second.to_owned()), second);
        }
    }

    #[test]
    fn a_secret_over_three_pieces_is_hidden_in_all() {
        let redactor = Redactor::default();
        let secret = format!("begin-{}-end", "s".repeat(PIECE));
        redactor.add(&json!(secret)).expect("few");
        let line = format!("{}{secret}!", "x".repeat(PIECE - 10));
        let mut lines = Lines::default();
        let bytes = line.as_bytes().chunks(PIECE);
        let pieces = bytes.map(|piece| String::from_utf8(piece.to_vec()).expect("ASCII"));
        let shown: String = pieces.map(|piece| lines.redact(&redactor, "stdout", piece)).collect();
        assert!(!shown.contains("sss") && shown.ends_with('!') && shown.starts_with("xxx"));
    }
}
