//! How durations lie: buckets that grow by a quarter of an octave, and where a percentile of them may be told.

use std::collections::BTreeMap;

const BUCKETS_PER_OCTAVE: f64 = 4.0;

/// Observations by bucket. It is kept, and never served: only percentiles of it are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Histogram {
    buckets: BTreeMap<i16, i64>,
    /// The first and the last bucket in which a percentile may be told: beyond either lie enough observations of enough people.
    told: Option<(i16, i16)>,
}

impl Histogram {
    /// `told`: the first and the last bucket that a percentile may be told in.
    pub fn new(buckets: BTreeMap<i16, i64>, told: Option<(i16, i16)>) -> Self {
        Self { buckets, told }
    }

    /// Of what runs by itself: every percentile may be told.
    pub fn of_machines(buckets: BTreeMap<i16, i64>) -> Self {
        Self::new(buckets, Some((i16::MIN, i16::MAX)))
    }

    /// The bucket of so many seconds; what is shorter than a second lies in the first one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "4·log₂ of an i64 lies between 0 and 252"
    )]
    pub fn bucket(seconds: i64) -> i16 {
        ((seconds.max(1) as f64).log2() * BUCKETS_PER_OCTAVE).floor() as i16
    }

    pub fn buckets(&self) -> &BTreeMap<i16, i64> {
        &self.buckets
    }

    pub fn told(&self) -> Option<(i16, i16)> {
        self.told
    }

    pub fn count(&self) -> i64 {
        self.buckets.values().sum()
    }

    /// Takes in another one.
    pub fn add(&mut self, other: &Histogram) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
        self.told = match (self.told, other.told) {
            (Some((first, last)), Some((other_first, other_last))) => {
                Some((first.min(other_first), last.max(other_last)))
            }
            (told, other) => told.or(other),
        };
    }

    /// Seconds in the middle of the bucket that the percentile lies in; none where too few observations or people lie beyond.
    pub fn percentile(&self, percent: i64) -> Option<f64> {
        let (first, last) = self.told?;
        let rank = (self.count() * percent + 99) / 100;
        let mut seen = 0;
        let (bucket, _) = self.buckets.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        })?;
        (first <= *bucket && *bucket <= last).then(|| 2_f64.powf((f64::from(*bucket) + 0.5) / BUCKETS_PER_OCTAVE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_off_by_less_than_a_tenth() {
        for seconds in [1, 2, 59, 3600, 86_399, 31_536_000] {
            let bucket = Histogram::bucket(seconds);
            let histogram = Histogram::new([(bucket, 12)].into(), Some((bucket, bucket)));
            let told = histogram.percentile(50).unwrap();
            #[expect(clippy::cast_precision_loss, reason = "seconds of a year")]
            let error = (told / seconds as f64 - 1.0).abs();
            assert!(error <= 0.0911, "{seconds} s are told as {told}");
        }
    }

    #[test]
    fn a_percentile_with_too_little_beyond_is_not_told() {
        let histogram = Histogram::new([(10, 5), (20, 90), (30, 5)].into(), Some((15, 25)));
        assert!(histogram.percentile(50).is_some());
        assert_eq!((histogram.percentile(3), histogram.percentile(99)), (None, None));
        assert_eq!(Histogram::new([(10, 5)].into(), None).percentile(50), None);
    }

    #[test]
    fn windows_add_buckets_before_they_take_a_percentile() {
        let mut sum = Histogram::new([(10, 3)].into(), Some((10, 12)));
        sum.add(&Histogram::new([(10, 1), (40, 4)].into(), Some((8, 11))));
        assert_eq!((sum.buckets(), sum.told()), (&[(10, 4), (40, 4)].into(), Some((8, 12))));
    }
}
