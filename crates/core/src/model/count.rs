//! Numbers of things, as people write them.

/// `1 object`, `12 objects`: a number with the word for one, which takes an `s` for any other number.
#[must_use]
pub fn counted(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_one() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "object")), ["0 objects", "1 object", "2 objects"]);
    }
}
