//! What was used last, within a count and a size: the versions that a sandbox process
//! has, and the sources that its runner keeps.

use std::collections::HashMap;

struct Entry<V> {
    value: V,
    bytes: usize,
    used: u64,
}

/// Values by key. Whatever was not used for longest goes when there is no room.
pub(crate) struct Recent<V> {
    most: usize,
    room: usize,
    clock: u64,
    entries: HashMap<String, Entry<V>>,
}

impl<V> Recent<V> {
    /// At most so many values, of so many bytes together.
    pub fn new(most: usize, room: usize) -> Self {
        Self { most, room, clock: 0, entries: HashMap::new() }
    }

    /// The value, which is used by this.
    pub fn get(&mut self, key: &str) -> Option<&mut V> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.clock;
        Some(&mut entry.value)
    }

    /// Makes room for so many bytes more; the keys that are gone. A value larger than all
    /// room is alone.
    pub fn make_room(&mut self, bytes: usize) -> Vec<String> {
        let mut gone = vec![];
        let mut taken: usize = self.entries.values().map(|entry| entry.bytes).sum();
        while self.entries.len() >= self.most || taken.saturating_add(bytes) > self.room {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
            let Some((key, entry)) = oldest.and_then(|key| self.entries.remove_entry(&key)) else { break };
            taken -= entry.bytes;
            gone.push(key);
        }
        gone
    }

    /// All values, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values().map(|entry| &entry.value)
    }

    /// Takes a value out.
    pub fn remove(&mut self, key: &str) {
        self.entries.remove(key);
    }

    /// Puts a value in, used by this.
    pub fn insert(&mut self, key: String, bytes: usize, value: V) {
        self.entries.remove(&key);
        self.make_room(bytes);
        self.clock += 1;
        self.entries.insert(key, Entry { value, bytes, used: self.clock });
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn what_was_not_used_for_longest_goes() {
        let mut recent = Recent::new(3, 100);
        for key in ["a", "b", "c"] {
            recent.insert(key.to_owned(), 10, key);
        }
        assert!(recent.get("a").is_some());
        recent.insert("d".to_owned(), 10, "d");
        assert!(recent.get("b").is_none(), "the fourth");
        assert_eq!(recent.make_room(85), ["c", "a"], "for its size");
        recent.insert("e".to_owned(), 85, "e");
        assert_eq!(recent.get("d"), Some(&mut "d"));
        // As large as it may be, it is kept.
        recent.insert("f".to_owned(), 1_000, "f");
        assert_eq!(recent.get("f"), Some(&mut "f"));
        assert_eq!(recent.get("d"), None);
        recent.insert("f".to_owned(), 10, "again");
        recent.insert("g".to_owned(), 90, "g");
        assert_eq!(recent.get("f"), Some(&mut "again"), "its size is that of its last value");
    }
}
