//! Which clean pages a run should write to, so that the dirty ones form few regions.
//!
//! After a run the engine asks the kernel for the regions of dirty pages, resets them and
//! keeps them mapped. It has room for 32; everything behind the last is given back, and
//! the next run faults it in again. See `docs/decisions/0008-immortal-objects.md`.

/// Size of a page of the host's memory, in bytes.
const PAGE: usize = 4 << 10;

/// Regions at most, so that a workflow has room for a few of its own below the engine's 32.
const REGIONS: usize = 20;

/// Addresses of the clean pages that join dirty ones: those where memory differs `after` a
/// run. The shortest gaps first, until few enough regions are left or an image can name no more.
pub(crate) fn bridges(before: &[u8], after: &[u8]) -> Vec<u32> {
    let pages = before.chunks(PAGE).zip(after.chunks(PAGE)).enumerate();
    let dirty: Vec<usize> = pages.filter(|(_, (a, b))| a != b).map(|(page, _)| page).collect();
    let mut gaps: Vec<_> =
        dirty.windows(2).map(|pair| pair[0] + 1..pair[1]).filter(|gap| !gap.is_empty()).collect();
    gaps.sort_by_key(|gap| gap.len());
    let surplus = (gaps.len() + 1).saturating_sub(REGIONS);
    let mut touched = vec![];
    for gap in gaps.into_iter().take(surplus) {
        if touched.len() + gap.len() > bifrost_linker::TOUCHED {
            break;
        }
        touched.extend(gap.filter_map(|page| u32::try_from(page * PAGE).ok()));
    }
    touched
}

/// For the cache: four bytes each, least significant first.
pub(crate) fn encode(addresses: &[u32]) -> Vec<u8> {
    addresses.iter().flat_map(|address| address.to_le_bytes()).collect()
}

/// What [`encode`] wrote.
pub(crate) fn decode(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|address| u32::from_le_bytes(*address)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_gaps_are_closed() {
        let before = vec![0; 300 * PAGE];
        let mut after = before.clone();
        // 23 regions of one page each, and after the nth a gap of n pages.
        let mut page = 0;
        for gap in 1..=23 {
            after[page * PAGE + 7] = 1;
            page += 1 + gap;
        }
        // Three are too many: the gaps of 1, 2 and 3 pages.
        let pages: Vec<usize> =
            bridges(&before, &after).iter().map(|address| *address as usize / PAGE).collect();
        assert_eq!(pages, [1, 3, 4, 6, 7, 8]);
        assert!(bridges(&before, &before).is_empty());
    }

    #[test]
    fn a_list_survives_the_cache() {
        assert_eq!(decode(&encode(&[4096, 0, u32::MAX])), [4096, 0, u32::MAX]);
    }
}
