//! Lists a page at a time, as all of the services give them.

/// The items of a page, and the token that asks for the next one.
pub(super) type Page<T> = (Vec<T>, Option<String>);

/// The page that a token asks for, the first one for the empty token; nothing for a token that this never gave.
pub(super) fn page<T>(items: Vec<T>, size: usize, token: &str) -> Option<Page<T>> {
    let begin = match token {
        "" => 0,
        text => text.strip_prefix("page-")?.parse::<usize>().ok().filter(|begin| *begin <= items.len())?,
    };
    let end = begin.saturating_add(size).min(items.len());
    let next = (end < items.len()).then(|| format!("page-{end}"));
    Some((items.into_iter().take(end).skip(begin).collect(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_until_the_last() {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let (items, next) = page(vec![1, 2, 3, 4, 5], 2, &token).unwrap();
            seen.push(items);
            match next {
                Some(next) => token = next,
                None => break,
            }
        }
        assert_eq!(seen, [vec![1, 2], vec![3, 4], vec![5]]);
    }

    #[test]
    fn a_token_that_was_never_given_asks_for_no_page() {
        assert_eq!(page(vec![1], 1, "page-2"), None);
        assert_eq!(page(vec![1], 1, "1"), None);
    }
}
