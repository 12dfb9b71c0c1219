//! Amounts of money as the database stores them.

use std::fmt;

use sea_orm::DeriveValueType;

/// An amount in millionths of a service unit, stored as a 64-bit integer: never a float, at no place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct Amount(pub i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest magnitude of any amount and of any sum on an account: 9,000,000,000,000 units.
    pub const MOST: Self = Self(9_000_000_000_000 * Self::UNIT);
    /// Millionths in a unit.
    pub const UNIT: i64 = 1_000_000;

    /// This many millionths; none beyond [`Amount::MOST`] on either side.
    #[must_use]
    pub fn new(millionths: i128) -> Option<Self> {
        let amount = Self(i64::try_from(millionths).ok()?);
        amount.in_bounds().then_some(amount)
    }

    /// This many millionths, or the bound that it lies beyond.
    #[must_use]
    pub fn clamped(millionths: i128) -> Self {
        let most = i128::from(Self::MOST.0);
        Self(i64::try_from(millionths.clamp(-most, most)).unwrap_or(Self::MOST.0))
    }

    /// Whether its magnitude is at most [`Amount::MOST`].
    #[must_use]
    pub const fn in_bounds(self) -> bool {
        self.0 >= -Self::MOST.0 && self.0 <= Self::MOST.0
    }

    /// The millionths, in a type in which sums of a few amounts cannot overflow.
    #[must_use]
    pub const fn wide(self) -> i128 {
        self.0 as i128
    }

    /// The same amount in the other direction. Amounts in bounds have one.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(self.0.saturating_neg())
    }

    /// Reads `12`, `-0.5` or `3.000001`: ASCII digits, at most six of them after a point. Says what is wrong and what
    /// would be right.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (units, fraction) = match digits.split_once('.') {
            None => (digits, ""),
            Some((_, "")) => return Err(SHAPE),
            Some(parts) => parts,
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if units.is_empty() || !all_digits(units) || !all_digits(fraction) {
            return Err(SHAPE);
        }
        if fraction.len() > 6 {
            return Err("At most six digits after the point are kept; a millionth is the smallest amount.");
        }
        let units = units.trim_start_matches('0');
        if units.len() > 13 {
            return Err(MAGNITUDE);
        }
        let millionths: i128 = format!("0{units}{fraction:0<6}").parse().map_err(|_| SHAPE)?;
        Self::new(if negative { -millionths } else { millionths }).ok_or(MAGNITUDE)
    }
}

const SHAPE: &str = "A decimal number is written with digits and at most one point, such as 12, 0.5 or -3.25.";
const MAGNITUDE: &str = "The magnitude may be 9000000000000 at most.";

/// As short as it can be exact: `12`, `-0.5`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Total(self.wide()).fmt(f)
    }
}

/// A sum of many amounts, in millionths, which may lie beyond the bounds of a single one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Total(pub i128);

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = u128::from(Amount::UNIT.unsigned_abs());
        let (sign, magnitude) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let fraction = magnitude % unit;
        write!(f, "{sign}{}", magnitude / unit)?;
        if fraction == 0 {
            return Ok(());
        }
        write!(f, ".{}", format!("{fraction:06}").trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for millionths in [0, 1, -1, 10, 999_999, 1_000_000, -1_500_000, 123_456_789, Amount::MOST.0, -Amount::MOST.0] {
            let amount = Amount(millionths);
            assert_eq!(Amount::parse(&amount.to_string()), Ok(amount));
        }
        assert_eq!(Amount(-500_000).to_string(), "-0.5");
        assert_eq!(Amount(1).to_string(), "0.000001");
        assert_eq!(Amount::MOST.to_string(), "9000000000000");
        assert_eq!(Total(i128::from(i64::MAX) * 4).to_string(), "36893488147419.103228");
    }

    #[test]
    fn zeros_that_say_nothing_are_taken() {
        for text in ["007", "7.0", "7.000000", "0000000000000000000000007"] {
            assert_eq!(Amount::parse(text), Ok(Amount(7_000_000)), "{text}");
        }
        assert_eq!(Amount::parse("-0"), Ok(Amount::ZERO));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "", " ", "-", ".", "1.", ".5", "+1", "1,5", "1_000", "1e3", "0x1", "--1", "1-", "NaN", "inf", "1.5.0",
            " 1", "1 ", "\u{664}", "1\0", "∞",
        ] {
            assert_eq!(Amount::parse(text), Err(SHAPE), "{text:?}");
        }
        assert!(Amount::parse("0.0000001").is_err_and(|why| why.contains("six digits")));
        for text in ["9000000000000.000001", "-9000000000001", "99999999999999999999999999999999999999999999"] {
            assert_eq!(Amount::parse(text), Err(MAGNITUDE), "{text}");
        }
    }
}
