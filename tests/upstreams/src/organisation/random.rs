//! A small deterministic source of chance (splitmix64); never used for anything but making stories.

pub(super) struct Random {
    state: u64,
}

impl Random {
    /// Streams of different names are independent, so that a change in one part of the story leaves the others alone.
    pub(super) fn new(seed: u64, stream: &str) -> Self {
        let mut state = seed ^ 0x5157_494e_5441_4e54;
        for byte in stream.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self { state }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// `low <= value <= high`.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low).map_or(1, |width| width + 1);
        low + i64::try_from(self.next() % width).expect("widths here are far below 2^63")
    }

    /// True in `chance` cases of a thousand.
    pub(super) fn permille(&mut self, chance: u64) -> bool {
        self.next() % 1000 < chance
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// `value < length`.
    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.next() % (length as u64)).expect("an index below a length")
    }

    /// 40 hexadecimal digits.
    pub(super) fn sha(&mut self) -> String {
        format!("{:016x}{:016x}{:08x}", self.next(), self.next(), self.next() >> 32)
    }
}
