//! A log as one object: an index, and blocks of lines that are compressed one by one, so
//! that a page of the log needs no more than its own blocks.
//!
//! The object begins with the length of the index (four bytes, little endian); the index is
//! JSON. A block is deflated; each line in it is a line of JSON.

use anyhow::{Context, Result, ensure};
use bifrost_core::{LogLevel, LogLine};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};

/// What this program writes; another format would get another number.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Index {
    format: u32,
    blocks: Vec<Block>,
}

/// What is known of a block without reading it.
#[derive(Serialize, Deserialize)]
struct Block {
    /// Sequence of its last line.
    last: i64,
    /// The most serious level in it.
    level: LogLevel,
    /// Its length in the object, in bytes.
    length: usize,
}

/// A log in the making.
#[derive(Default)]
pub(super) struct Writer {
    blocks: Vec<Block>,
    data: Vec<u8>,
}

impl Writer {
    /// Adds the lines that come next as a block; none make no block.
    pub fn add(&mut self, lines: &[LogLine]) -> Result<()> {
        let (Some(last), Some(level)) = (lines.last(), lines.iter().map(|line| line.level).max()) else {
            return Ok(());
        };
        let before = self.data.len();
        let mut encoder = DeflateEncoder::new(&mut self.data, Compression::default());
        for line in lines {
            serde_json::to_writer(&mut encoder, line)?;
            encoder.write_all(b"\n")?;
        }
        encoder.finish()?;
        self.blocks.push(Block { last: last.sequence, level, length: self.data.len() - before });
        Ok(())
    }

    /// The object.
    pub fn finish(self) -> Result<Vec<u8>> {
        let index = serde_json::to_vec(&Index { format: FORMAT, blocks: self.blocks })?;
        let mut object = u32::try_from(index.len())?.to_le_bytes().to_vec();
        object.extend(index);
        object.extend(self.data);
        Ok(object)
    }
}

/// Lines after a sequence, at most `limit`, of at least `level`.
pub(super) fn read(object: &[u8], after: i64, limit: usize, level: Option<LogLevel>) -> Result<Vec<LogLine>> {
    let (length, rest) = object.split_first_chunk().context("too short")?;
    let length = usize::try_from(u32::from_le_bytes(*length))?;
    let (index, mut rest) = rest.split_at_checked(length).context("cut off in its index")?;
    let index: Index = serde_json::from_slice(index)?;
    ensure!(index.format == FORMAT, "format {} is of a newer program", index.format);
    let mut lines = Vec::new();
    for block in index.blocks {
        let (data, after_block) = rest.split_at_checked(block.length).context("cut off")?;
        rest = after_block;
        if block.last <= after || level.is_some_and(|level| block.level < level) {
            continue;
        }
        let mut text = String::new();
        DeflateDecoder::new(data).read_to_string(&mut text)?;
        for line in text.lines() {
            let line: LogLine = serde_json::from_str(line)?;
            if line.sequence > after && level.is_none_or(|level| line.level >= level) {
                lines.push(line);
                if lines.len() >= limit {
                    return Ok(lines);
                }
            }
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<LogLine> {
        let level = |n| if n % 90 == 0 { LogLevel::Error } else { LogLevel::Info };
        let line = |n| LogLine {
            sequence: n,
            timestamp: crate::now(),
            level: level(n),
            logger: "l\u{2028}".into(),
            message: format!("line {n}\n\r\u{85}\"{}", "ü".repeat(n as usize % 7)),
        };
        // A gap, as a worker that was lost leaves it.
        (1..=100).chain(140..=300).map(line).collect()
    }

    fn object(lines: &[LogLine]) -> Vec<u8> {
        let mut writer = Writer::default();
        lines.chunks(64).for_each(|chunk| writer.add(chunk).expect("added"));
        writer.add(&[]).expect("nothing to add");
        writer.finish().expect("an object")
    }

    #[test]
    fn every_page_is_what_a_table_would_give() {
        let lines = lines();
        let object = object(&lines);
        for after in [0, 1, 63, 64, 65, 100, 120, 139, 140, 299, 300, 1_000] {
            for limit in [1, 2, 64, 65, 1_000] {
                for level in [None, Some(LogLevel::Info), Some(LogLevel::Warning), Some(LogLevel::Traceback)]
                {
                    let wanted =
                        |line: &&LogLine| line.sequence > after && level.is_none_or(|l| line.level >= l);
                    let expected: Vec<_> = lines.iter().filter(wanted).take(limit).cloned().collect();
                    let found = read(&object, after, limit, level).expect("readable");
                    assert_eq!(found, expected, "{after} {limit} {level:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let object = object(&lines());
        for length in [0, 3, 10, 300, object.len() - 1] {
            assert!(read(&object[..length], 0, 1_000, None).is_err(), "{length}");
        }
        assert!(read(b"\xff\xff\xff\xff{}", 0, 1, None).is_err());
        let newer = br#"{"format":2,"blocks":[]}"#;
        let newer = [&u32::try_from(newer.len()).expect("short").to_le_bytes()[..], newer].concat();
        let error = read(&newer, 0, 1, None).expect_err("newer").to_string();
        assert!(error.contains("newer"), "{error}");
    }

    #[test]
    fn anything_is_read_or_refused() {
        let object = object(&lines());
        bolero::check!().with_max_len(256).with_iterations(5_000).for_each(|bytes: &[u8]| {
            let _ = read(bytes, 0, 1_000, None);
            // An object that was damaged in the middle.
            let mut damaged = object.clone();
            let at =
                bytes.iter().fold(7_usize, |at, byte| at.wrapping_mul(31).wrapping_add(usize::from(*byte)));
            let at = at % damaged.len();
            let end = (at + bytes.len()).min(damaged.len());
            damaged[at..end].copy_from_slice(&bytes[..end - at]);
            if let Ok(lines) = read(&damaged, 0, 1_000, None) {
                assert!(lines.len() <= 1_000);
            }
        });
    }
}
