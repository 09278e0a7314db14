//! A growing set of row numbers that answers "the n-th" and "how many below" at once.

/// Rows per block.
const BLOCK: u64 = 4_096;
const WORDS: usize = (BLOCK / 64) as usize;

/// Row numbers, added in rising order. A billion rows cost 125 MB if they are spread over all of it, and next to
/// nothing where there are none.
#[derive(Clone, Debug, Default)]
pub struct RowSet {
    blocks: Vec<Block>,
    len: u64,
}

#[derive(Clone, Debug)]
struct Block {
    /// Members in all blocks before.
    before: u64,
    bits: Option<Box<[u64; WORDS]>>,
}

impl RowSet {
    /// How many.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes in a row; it must not be below one that is in already.
    pub fn push(&mut self, row: u64) {
        let block = (row / BLOCK) as usize;
        while self.blocks.len() <= block {
            self.blocks.push(Block { before: self.len, bits: None });
        }
        let bits = self.blocks[block].bits.get_or_insert_with(|| Box::new([0; WORDS]));
        let (word, bit) = place(row);
        if bits[word] & (1 << bit) == 0 {
            bits[word] |= 1 << bit;
            self.len += 1;
        }
    }

    /// Takes in `rows` rows from `first` on.
    pub fn push_many(&mut self, first: u64, rows: u64) {
        for row in first..first.saturating_add(rows) {
            self.push(row);
        }
    }

    /// Whether it holds the row.
    pub fn contains(&self, row: u64) -> bool {
        let (word, bit) = place(row);
        let block = self.blocks.get((row / BLOCK) as usize);
        block.and_then(|block| block.bits.as_ref()).is_some_and(|bits| bits[word] & (1 << bit) != 0)
    }

    /// The member with this number, from 0.
    pub fn get(&self, nth: u64) -> Option<u64> {
        if nth >= self.len {
            return None;
        }
        // The last block that has not more than `nth` before it and is not empty.
        let at = self.blocks.partition_point(|block| block.before <= nth).checked_sub(1)?;
        let block = &self.blocks[at];
        let mut left = nth - block.before;
        for (word, bits) in block.bits.as_ref()?.iter().enumerate() {
            let ones = u64::from(bits.count_ones());
            if left < ones {
                let mut bits = *bits;
                for _ in 0..left {
                    bits &= bits - 1;
                }
                return Some(at as u64 * BLOCK + word as u64 * 64 + u64::from(bits.trailing_zeros()));
            }
            left -= ones;
        }
        None
    }

    /// How many members are below the row: the number of the first one that is not.
    pub fn below(&self, row: u64) -> u64 {
        let Some(block) = self.blocks.get((row / BLOCK) as usize) else { return self.len };
        let Some(bits) = &block.bits else { return block.before };
        let (word, bit) = place(row);
        let whole: u32 = bits[..word].iter().map(|bits| bits.count_ones()).sum();
        let part = (bits[word] & ((1 << bit) - 1)).count_ones();
        block.before + u64::from(whole + part)
    }
}

fn place(row: u64) -> (usize, u32) {
    (((row % BLOCK) / 64) as usize, (row % 64) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_sorted_list() {
        let mut seed = 1_u64;
        for gap in [1, 3, 100, 9_000] {
            let (mut set, mut list, mut row) = (RowSet::default(), Vec::new(), 0);
            for _ in 0..3_000 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                row += 1 + (seed >> 33) % gap;
                set.push(row);
                list.push(row);
            }
            assert_eq!(set.len(), list.len() as u64);
            for (nth, row) in list.iter().enumerate() {
                assert_eq!(set.get(nth as u64), Some(*row), "gap {gap}");
                assert_eq!(set.below(*row), nth as u64);
                assert_eq!(set.below(row + 1), nth as u64 + 1);
                assert!(set.contains(*row));
                let next = list.get(nth + 1) == Some(&(row + 1));
                assert_eq!(set.contains(row + 1), next);
            }
            assert_eq!(set.get(set.len()), None);
            assert_eq!(set.below(u64::MAX), set.len());
        }
    }

    #[test]
    fn rows_beyond_a_billion_are_rows_like_others() {
        let mut set = RowSet::default();
        set.push(5);
        set.push(5);
        set.push_many(1_000_000_000, 3);
        assert_eq!((set.len(), set.get(1), set.get(3)), (4, Some(1_000_000_000), Some(1_000_000_002)));
        assert_eq!((set.below(6), set.below(999_999_999), set.below(1_000_000_001)), (1, 1, 2));
    }

    #[test]
    fn nothing_is_in_an_empty_one() {
        let set = RowSet::default();
        assert!(set.is_empty() && !set.contains(0));
        assert_eq!((set.get(0), set.below(7)), (None, 0));
    }
}
