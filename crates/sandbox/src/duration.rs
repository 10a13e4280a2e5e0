//! Durations as Grafana spells them: `5s`, `1h30m`, `1d`.

/// Seconds in a duration; nothing when it is none.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let long = match unit {
        "d" => Some(86_400.0),
        "w" => Some(604_800.0),
        "M" => Some(2_629_746.0),
        "y" => Some(31_556_952.0),
        _ => None,
    };
    if let (Some(long), Ok(number)) = (long, digits.parse::<f64>()) {
        return Some(number * long);
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let (unit, scale) =
            [("ms", 1e-3), ("µs", 1e-6), ("us", 1e-6), ("ns", 1e-9), ("s", 1.0), ("m", 60.0), ("h", 3600.0)]
                .into_iter()
                .find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        total += number * scale;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, read) in [
            ("5s", Some(5.0)),
            ("1h30m", Some(5400.0)),
            ("500ms", Some(0.5)),
            ("1d", Some(86_400.0)),
            ("auto", None),
            ("5", None),
            ("", None),
            ("5x", None),
        ] {
            assert_eq!(seconds(text), read, "{text}");
        }
    }
}
