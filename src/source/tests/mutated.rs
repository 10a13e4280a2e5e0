//! Real dashboards with something done to them, read by the loader, the normaliser and the differ: no panic, no hang.
//!
//! What single hostile documents cost in time and memory is held by `tests/it/documents.rs`, on the program itself.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::*;
use crate::kinds;
use crate::kinds::dashboard::Dashboard;
use crate::model::digest::Numbers;
use crate::render::delta::lines as shown;
use crate::render::style::Style;

/// Bounded size, bounded time: some hundred times what the slowest case takes on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

/// How many documents are tried: so many that a build does not wait for them, or as many as AMGCTL_FUZZ says.
fn cases() -> u32 {
    std::env::var("AMGCTL_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(60)
}

/// The texts of the real dashboards that are small enough to be read many times.
fn texts() -> &'static [String] {
    static TEXTS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    TEXTS.get_or_init(|| {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus");
        let files = ignore::Walk::new(corpus).filter_map(Result::ok).map(ignore::DirEntry::into_path);
        let mut files: Vec<_> = files.filter(|p| p.extension().is_some_and(|end| end == "json")).collect();
        files.sort();
        let texts = files.iter().map(|path| std::fs::read_to_string(path).unwrap());
        let texts: Vec<String> = texts.filter(|text| text.len() < 40_000).collect();
        assert!(texts.len() >= 5, "{}", texts.len());
        texts
    })
}

/// What is done to a document, at a place in it.
#[derive(Clone, Debug)]
enum Mutation {
    /// It ends there.
    Cut(Index),
    /// One byte becomes another.
    Byte(Index, u8),
    /// A stretch is left out.
    Without(Index, usize),
    /// A stretch stands twice.
    Twice(Index, usize),
    /// A stretch of another document stands there.
    Of(Index, usize, Index, usize),
    /// An object has a key once more.
    Key(Index, &'static str),
    /// A value becomes another, of any type.
    Value(Index, &'static str),
    /// So many brackets are opened.
    Deep(Index, usize, &'static str),
}

const KEYS: [&str; 12] = [
    "title",
    "uid",
    "id",
    "panels",
    "targets",
    "datasource",
    "templating",
    "list",
    "apiVersion",
    "kind",
    "spec",
    "__inputs",
];

const VALUES: [&str; 20] = [
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "-1",
    "1.5",
    "9007199254740993",
    "1e400",
    "-1e-400",
    "0.1e1",
    "1E+10",
    "123456789012345678901234567890123456789012345678901234567890",
    "\"${DS_X}\"",
    "\"\\ud83d\"",
    "[[[[]]]]",
    "[{\"id\":1},{\"id\":1}]",
    "{\"uid\":{}}",
    "*anchor",
    "&anchor [*anchor]",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Mutation::Cut),
        (at(), any::<u8>()).prop_map(|(i, byte)| Mutation::Byte(i, byte)),
        (at(), 1usize..2000).prop_map(|(i, n)| Mutation::Without(i, n)),
        (at(), 1usize..2000).prop_map(|(i, n)| Mutation::Twice(i, n)),
        (at(), 0usize..1000, at(), 1usize..2000).prop_map(|(i, text, from, n)| Mutation::Of(i, text, from, n)),
        (at(), prop::sample::select(&KEYS[..])).prop_map(|(i, key)| Mutation::Key(i, key)),
        (at(), prop::sample::select(&VALUES[..])).prop_map(|(i, value)| Mutation::Value(i, value)),
        (at(), 1usize..3000, prop::sample::select(&["[", "{\"a\":", "[{\"panels\":"][..]))
            .prop_map(|(i, n, open)| Mutation::Deep(i, n, open)),
    ]
}

/// The place after the nth of a byte, or the end.
fn after(bytes: &[u8], byte: u8, index: &Index) -> usize {
    let places: Vec<usize> = bytes.iter().enumerate().filter(|(_, b)| **b == byte).map(|(i, _)| i + 1).collect();
    if places.is_empty() { bytes.len() } else { places[index.index(places.len())] }
}

fn stretch(bytes: &[u8], at: &Index, length: usize) -> std::ops::Range<usize> {
    let start = at.index(bytes.len().max(1)).min(bytes.len());
    start..(start + length).min(bytes.len())
}

fn mutated(mut bytes: Vec<u8>, mutation: &Mutation) -> Vec<u8> {
    match mutation {
        Mutation::Cut(at) => bytes.truncate(at.index(bytes.len() + 1)),
        Mutation::Byte(at, byte) => {
            let range = stretch(&bytes, at, 1);
            bytes[range].fill(*byte);
        }
        Mutation::Without(at, length) => {
            let range = stretch(&bytes, at, *length);
            bytes.drain(range);
        }
        Mutation::Twice(at, length) => {
            let range = stretch(&bytes, at, *length);
            let again = bytes[range.clone()].to_vec();
            bytes.splice(range.start..range.start, again);
        }
        Mutation::Of(at, text, from, length) => {
            let other = texts()[text % texts().len()].as_bytes();
            let piece = other[stretch(other, from, *length)].to_vec();
            let at = stretch(&bytes, at, 0).start;
            bytes.splice(at..at, piece);
        }
        Mutation::Key(at, key) => {
            let at = after(&bytes, b'{', at);
            bytes.splice(at..at, format!("\"{key}\":1,").into_bytes());
        }
        Mutation::Value(at, value) => {
            let at = after(&bytes, b':', at);
            let ends = |b: &u8| matches!(b, b',' | b'}' | b']' | b'\n' | b'{' | b'[');
            let length = bytes[at..].iter().position(ends).unwrap_or(0);
            bytes.splice(at..at + length, format!(" {value}").into_bytes());
        }
        Mutation::Deep(at, times, open) => {
            let at = after(&bytes, b':', at);
            bytes.splice(at..at, open.repeat(*times).into_bytes());
        }
    }
    bytes
}

/// Loads a document in both spellings, and compares what came of it with what it was.
fn goes_through(original: &str, bytes: &[u8]) {
    let begun = Instant::now();
    let root = directory(&[("a.json", bytes), ("b.yaml", bytes), ("c/datasources.yaml", bytes)]);
    let (declarations, problems) = answered(&loaded(root.path()), &[]);
    for declared in &declarations.objects {
        let body = declarations.body(declared).map_err(|problem| lines(&[*problem])).unwrap();
        let kind = kinds::by_name(declared.address.kind);
        assert_eq!(kind.normal(body.value).digest(), declared.digest, "{}", declared.place);
    }
    let look = crate::render::problems::Look::plain();
    let told = crate::render::problems::problems(&problems, look);
    assert!(told.len() < 1_000_000, "{} bytes of problems for {} bytes", told.len(), bytes.len());
    if let Ok(after) = serde_json::from_slice::<Value>(bytes) {
        differs(serde_json::from_str(original).unwrap(), after);
    }
    let took = begun.elapsed();
    assert!(took < LONGEST, "{took:?} for {} bytes", bytes.len());
}

/// Normal forms are stable, and a difference is told in few lines, both ways.
fn differs(before: Value, after: Value) {
    let kind = kinds::by_name(Dashboard::NAME);
    let normal = |value: Value| {
        let once = kind.normal(value);
        assert_eq!(kind.normal(once.clone().whole()), once, "normalising twice is normalising once");
        once.whole()
    };
    let (before, after) = (normal(before), normal(after));
    for (from, to) in [(&before, &after), (&after, &before)] {
        let delta = kind.diff(from, to, Numbers::Float);
        assert_eq!(delta.is_empty(), crate::model::digest::same_value(from, to, Numbers::Float));
        let told = shown(&delta, 6, &Style { width: Some(80), ..Style::default() });
        assert!(told.iter().map(String::len).sum::<usize>() < 200_000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn a_real_dashboard_survives_whatever_is_done_to_it(
        which in any::<Index>(),
        mutations in proptest::collection::vec(mutation(), 1..4),
    ) {
        let original = &texts()[which.index(texts().len())];
        let bytes = mutations.iter().fold(original.clone().into_bytes(), mutated);
        goes_through(original, &bytes);
    }

    #[test]
    fn a_valid_dashboard_with_other_values_is_compared_without_end_to_it(
        which in any::<Index>(),
        at in proptest::collection::vec((any::<Index>(), prop::sample::select(&VALUES[..14])), 1..30),
    ) {
        let original = &texts()[which.index(texts().len())];
        let values = at.into_iter().map(|(at, value)| Mutation::Value(at, value));
        let bytes = values.fold(original.clone().into_bytes(), |bytes, mutation| {
            let next = mutated(bytes.clone(), &mutation);
            // One that is no JSON any more teaches the differ nothing.
            if serde_json::from_slice::<Value>(&next).is_ok() { next } else { bytes }
        });
        goes_through(original, &bytes);
    }
}
