//! An append-only list of numbers in chunks. Full chunks never change: copies of the list share them, so a copy of a
//! long record, for a fork or for a file being written, costs almost nothing.

use std::ops::Range;
use std::sync::Arc;

/// Numbers per chunk.
pub(super) const CHUNK: usize = 4096;

/// The list.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    full: Vec<Arc<[f64]>>,
    /// The numbers after the last full chunk, fewer than a chunk.
    tail: Vec<f64>,
}

impl Chunks {
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK + self.tail.len()
    }

    pub fn is_empty(&self) -> bool {
        self.full.is_empty() && self.tail.is_empty()
    }

    pub fn push(&mut self, value: f64) {
        self.tail.push(value);
        if self.tail.len() == CHUNK {
            self.full.push(Arc::from(self.tail.as_slice()));
            self.tail.clear();
        }
    }

    pub fn get(&self, place: usize) -> Option<f64> {
        let chunk = self.full.get(place / CHUNK).map_or(self.tail.as_slice(), |chunk| chunk);
        let inside = place % CHUNK;
        // after the last full chunk there is one tail, and nothing more
        if place / CHUNK <= self.full.len() { chunk.get(inside).copied() } else { None }
    }

    /// The numbers of a range that lies within one chunk.
    ///
    /// # Panics
    /// If it does not, or extends beyond the last number.
    pub fn part(&self, places: Range<usize>) -> &[f64] {
        let number = places.start / CHUNK;
        let chunk = self.full.get(number).map_or(self.tail.as_slice(), |chunk| chunk);
        &chunk[places.start - number * CHUNK..places.end - number * CHUNK]
    }

    pub fn truncate(&mut self, len: usize) {
        if len >= self.len() {
            return;
        }
        let (full, rest) = (len / CHUNK, len % CHUNK);
        if let Some(cut) = self.full.get(full) {
            self.tail.clear();
            self.tail.extend_from_slice(&cut[..rest]);
        } else {
            self.tail.truncate(rest);
        }
        self.full.truncate(full);
    }

    pub fn shrink_to_fit(&mut self) {
        self.full.shrink_to_fit();
        self.tail.shrink_to_fit();
    }

    /// Bytes on the heap; shared chunks count in full.
    pub fn heap_bytes(&self) -> usize {
        let full =
            self.full.len() * CHUNK * size_of::<f64>() + self.full.capacity() * size_of::<Arc<[f64]>>();
        full + self.tail.capacity() * size_of::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn chunks_are_a_list(
            deeds in prop::collection::vec((0..3 * CHUNK, prop::option::of(0..9 * CHUNK)), 0..6),
            places in prop::collection::vec(0..12 * CHUNK, 20),
        ) {
            let (mut chunks, mut list) = (Chunks::default(), Vec::new());
            let mut copies = Vec::new();
            for (pushes, cut) in deeds {
                for _ in 0..pushes {
                    let value = list.len() as f64 + copies.len() as f64 / 8.0;
                    chunks.push(value);
                    list.push(value);
                }
                copies.push((chunks.clone(), list.clone()));
                if let Some(len) = cut {
                    chunks.truncate(len);
                    list.truncate(len);
                }
            }
            copies.push((chunks, list));
            // later changes do not affect the copy
            for (chunks, list) in copies {
                prop_assert_eq!((chunks.len(), chunks.is_empty()), (list.len(), list.is_empty()));
                for &place in &places {
                    prop_assert_eq!(chunks.get(place), list.get(place).copied());
                    let end = (place + 32).min(list.len()).min((place / CHUNK + 1) * CHUNK);
                    if place < end {
                        prop_assert_eq!(chunks.part(place..end), &list[place..end]);
                    }
                }
            }
        }
    }

    #[test]
    fn copies_share_what_is_full() {
        let mut chunks = Chunks::default();
        (0..3 * CHUNK + 7).for_each(|value| chunks.push(value as f64));
        let copy = chunks.clone();
        assert!(chunks.full.iter().zip(&copy.full).all(|(one, other)| Arc::ptr_eq(one, other)));
        assert!(copy.heap_bytes() < (3 * CHUNK + 64) * size_of::<f64>());
    }
}
