//! Lengths of time as people say them (pure).

/// What is left, rounded, in the largest unit that says enough: `29 days`, `23 hours`, `5 minutes`, `40 seconds`.
#[must_use]
pub fn left(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (length, unit) = UNITS.into_iter().find(|(length, _)| seconds >= 2 * length).unwrap_or((1, "second"));
    match (seconds.max(0) + length / 2) / length {
        1 => format!("1 {unit}"),
        n => format!("{n} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_said_in_one_unit() {
        for (seconds, said) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_200, "2 hours"),
            (172_800, "2 days"),
            (172_799, "48 hours"),
            (2_591_999, "30 days"),
            (2_592_000, "30 days"),
            (-5, "0 seconds"),
        ] {
            assert_eq!(left(seconds), said);
        }
    }
}
