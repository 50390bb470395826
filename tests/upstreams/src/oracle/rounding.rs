//! Rounds fractions of whole numbers, half away from zero, without ever computing in floating point.

use serde_json::Value;

/// `numerator / denominator` with that many decimals.
pub(super) fn to_decimals(numerator: i128, denominator: i128, decimals: u32) -> Value {
    let scale = 10_i128.pow(decimals);
    let scaled = divide(numerator * scale, denominator);
    number(scaled, decimals)
}

/// `numerator / denominator` with two significant digits.
pub(super) fn to_two_digits(numerator: i128, denominator: i128) -> Value {
    if numerator == 0 {
        return Value::from(0.0);
    }
    // Enough decimals that the first digit counts, and only then the rounding.
    let mut decimals = 0;
    while numerator * 10_i128.pow(decimals) < denominator * 10 {
        decimals += 1;
    }
    let mut unit = 1;
    while numerator >= denominator * 100 * unit {
        unit *= 10;
    }
    if unit > 1 {
        return number(divide(numerator, denominator * unit) * unit, 0);
    }
    to_decimals(numerator, denominator, decimals)
}

/// `numerator / denominator` as a multiple of `step`.
pub(super) fn to_nearest(step: i128, numerator: i128, denominator: i128) -> Value {
    number(divide(numerator, denominator * step) * step, 0)
}

fn divide(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator.abs() + denominator).div_euclid(2 * denominator) * numerator.signum()
}

fn number(scaled: i128, decimals: u32) -> Value {
    let text = format!("{scaled}e-{decimals}");
    Value::from(text.parse::<f64>().expect("digits with an exponent are a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!(to_decimals(1, 8, 2), 0.13);
        assert_eq!(to_decimals(1, 3, 2), 0.33);
        assert_eq!(to_decimals(25, 2, 1), 12.5);
        assert_eq!(to_decimals(9, 4, 1), 2.3);
        assert_eq!(to_decimals(10, 1, 1), 10.0);
        assert_eq!(to_decimals(-1, 8, 2), -0.13);
        assert_eq!(to_nearest(5, -125, 10), -15.0);
        assert_eq!(to_nearest(5, 124, 10), 10.0);
    }

    #[test]
    fn two_digits_count_from_the_first_that_is_not_zero() {
        assert_eq!(to_two_digits(174, 10), 17.0);
        assert_eq!(to_two_digits(175, 10), 18.0);
        assert_eq!(to_two_digits(1234, 10), 120.0);
        assert_eq!(to_two_digits(1250, 10), 130.0);
        assert_eq!(to_two_digits(567, 100), 5.7);
        assert_eq!(to_two_digits(9, 1), 9.0);
        assert_eq!(to_two_digits(10, 1), 10.0);
        assert_eq!(to_two_digits(996, 100), 10.0);
        assert_eq!(to_two_digits(995, 10), 100.0);
        assert_eq!(to_two_digits(125, 1000), 0.13);
        assert_eq!(to_two_digits(567, 10_000), 0.057);
        assert_eq!(to_two_digits(0, 7), 0.0);
    }
}
