//! Figures: fractions of whole numbers, rounded exactly and half away from zero, and how a number is shown.

use serde::{Serialize, Serializer};

/// A number as it is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    Count(i64),
    Number(f64),
}

impl Value {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn as_f64(self) -> f64 {
        match self {
            Value::Count(count) => count as f64,
            Value::Number(number) => number,
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Count(count) => serializer.serialize_i64(*count),
            Value::Number(number) => serializer.serialize_f64(*number),
        }
    }
}

/// How exactly a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Decimals(u32),
    /// Two significant digits.
    TwoDigits,
    /// Multiples of five.
    Fives,
}

/// A figure before it is rounded; what is below the line is positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fraction {
    above: i128,
    below: i128,
}

impl Fraction {
    /// None where there is nothing to divide by.
    pub(super) fn new(above: i128, below: i128) -> Option<Self> {
        (below > 0).then_some(Self { above, below })
    }

    pub(super) fn rounded(self, precision: Precision) -> f64 {
        match precision {
            Precision::Decimals(decimals) => self.to_decimals(decimals),
            Precision::TwoDigits => self.to_two_digits(),
            Precision::Fives => as_f64(5 * divided(self.above, self.below * 5)),
        }
    }

    fn to_decimals(self, decimals: u32) -> f64 {
        let scale = 10_i128.pow(decimals);
        as_f64(divided(self.above * scale, self.below)) / as_f64(scale)
    }

    fn to_two_digits(self) -> f64 {
        let (size, mut decimals, mut unit) = (self.above.abs(), 0, 1);
        while size > 0 && size * 10_i128.pow(decimals) < self.below * 10 {
            decimals += 1;
        }
        while size >= self.below * 100 * unit {
            unit *= 10;
        }
        if unit > 1 { as_f64(unit * divided(self.above, self.below * unit)) } else { self.to_decimals(decimals) }
    }
}

/// A double, which a bucket's middle is, to two digits.
#[expect(clippy::cast_possible_truncation, reason = "a rounded logarithm, and a rounded number of two digits")]
pub(super) fn to_two_digits(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let exponent = value.log10().floor() as i32 - 1;
    let digits = (value / 10_f64.powi(exponent)).round();
    // A division by a power of ten is exact where a multiplication by its inverse is not.
    if exponent < 0 { digits / 10_f64.powi(-exponent) } else { digits * 10_f64.powi(exponent) }
}

fn divided(above: i128, below: i128) -> i128 {
    above.signum() * ((2 * above.abs() + below) / (2 * below))
}

#[expect(clippy::cast_precision_loss, reason = "what is shown stays far below 2^53")]
fn as_f64(number: i128) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(above: i128, below: i128, precision: Precision) -> f64 {
        Fraction::new(above, below).unwrap().rounded(precision)
    }

    #[test]
    fn halves_go_away_from_zero() {
        for (above, below, decimals, expected) in
            [(1, 8, 2, 0.13), (-1, 8, 2, -0.13), (1, 3, 2, 0.33), (25, 2, 1, 12.5), (9, 4, 1, 2.3), (-1, 99, 1, 0.0)]
        {
            assert_eq!(rounded(above, below, Precision::Decimals(decimals)), expected, "{above}/{below}");
        }
        for (above, below, expected) in [(25, 2, 15.0), (-25, 2, -15.0), (12, 1, 10.0), (0, 3, 0.0), (98, 1, 100.0)] {
            assert_eq!(rounded(above, below, Precision::Fives), expected, "{above}/{below}");
        }
        assert_eq!(Fraction::new(1, 0), None);
    }

    #[test]
    fn two_digits_count_from_the_first_that_is_not_zero() {
        for (above, below, expected) in [
            (12_345, 1000, 12.0),
            (1234, 100_000, 0.012),
            (1234, 10, 120.0),
            (1250, 10, 130.0),
            (996, 100, 10.0),
            (2449, 1000, 2.4),
            (-567, 100, -5.7),
            (0, 7, 0.0),
        ] {
            assert_eq!(rounded(above, below, Precision::TwoDigits), expected, "{above}/{below}");
        }
        for (value, expected) in [(12.345, 12.0), (0.012_34, 0.012), (123.4, 120.0), (9.96, 10.0), (2.449, 2.4)] {
            assert_eq!(to_two_digits(value), expected, "{value}");
        }
    }
}
