//! Makes objects of a snapshot immortal, so that runs which use them do not write to their
//! pages. See `docs/decisions/0008-immortal-objects.md`.

/// Reference count of an immortal object, as CPython sets it where words have 32 bits
/// (`_Py_IMMORTAL_INITIAL_REFCNT`).
const IMMORTAL: u32 = 5 << 28;
/// From here on CPython takes an object for immortal (`_Py_IMMORTAL_MINIMUM_REFCNT`).
const LEAST_IMMORTAL: u32 = 1 << 30;

/// Marks the objects at these addresses, each four bytes, least significant first. The
/// guest made the list, so it may be anything; whatever it says, only its own memory
/// changes, and only words that can be a reference count.
pub(crate) fn mark(memory: &mut [u8], addresses: &[u8]) {
    let (addresses, _) = addresses.as_chunks::<4>();
    let (words, _) = memory.as_chunks_mut::<4>();
    for address in addresses {
        let address = u32::from_le_bytes(*address) as usize;
        let Some(word) = words.get_mut(address / 4).filter(|_| address.is_multiple_of(4)) else { continue };
        if (1..LEAST_IMMORTAL).contains(&u32::from_le_bytes(*word)) {
            *word = IMMORTAL.to_le_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_counts_are_marked() {
        let mut memory: Vec<u8> =
            [7u32, 0, 3, IMMORTAL, u32::MAX].iter().flat_map(|n| n.to_le_bytes()).collect();
        let before = memory.clone();
        let list = |addresses: &[u32]| addresses.iter().flat_map(|a| a.to_le_bytes()).collect::<Vec<u8>>();
        // Not a count, not aligned, outside, and an address that is cut.
        mark(&mut memory, &list(&[4, 12, 16, 9, 20, u32::MAX]));
        mark(&mut memory, &[8, 0, 0]);
        assert_eq!(memory, before);
        mark(&mut memory, &list(&[0, 8, 8]));
        let words: Vec<u32> =
            memory.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        assert_eq!(words, [IMMORTAL, 0, IMMORTAL, IMMORTAL, u32::MAX]);
    }
}
