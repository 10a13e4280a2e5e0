//! The faults of one document, as many as anybody reads: a document that is wrong at every key must not cost a place
//! found and a message made for each.
//!
//! What is not told is counted; a document with an error is refused however many of them are told.

use std::sync::Arc;

use crate::model::{Place, Problem, Severity};

/// The most errors, and the most warnings, of one document that are told.
const TOLD: usize = 100;

/// Faults as they are found.
#[derive(Default)]
pub(crate) struct Faults {
    told: Vec<Problem>,
    errors: usize,
    warnings: usize,
}

impl Faults {
    /// Takes an error, which is made only if it is told.
    pub(crate) fn error(&mut self, make: impl FnOnce() -> Problem) {
        self.errors += 1;
        if self.errors <= TOLD {
            self.told.push(make());
        }
    }

    /// Takes a warning, which is made only if it is told.
    pub(crate) fn warning(&mut self, make: impl FnOnce() -> Problem) {
        self.warnings += 1;
        if self.warnings <= TOLD {
            self.told.push(make());
        }
    }

    /// One each that counts the errors and the warnings that are not told, then all that are.
    pub(crate) fn finish(self, file: &Arc<str>) -> Vec<Problem> {
        let mut all = Vec::new();
        for (count, word, severity) in
            [(self.errors, "errors", Severity::Error), (self.warnings, "warnings", Severity::Warning)]
        {
            if count > TOLD {
                let message = format!("{} more {word} of this file are not shown", count - TOLD);
                all.push(Problem { severity, ..Problem::error("many", message).at(Place::file(file.clone())) });
            }
        }
        all.extend(self.told);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_told_and_the_rest_are_counted_and_never_made() {
        let mut faults = Faults::default();
        for n in 0..250 {
            faults.error(|| {
                assert!(n < TOLD, "one that is not told was made");
                Problem::error("x", n.to_string())
            });
        }
        faults.warning(|| Problem::warning("y", "one"));
        let all = faults.finish(&"a.json".into());
        assert_eq!(all.len(), TOLD + 2);
        let first = all.first().unwrap();
        assert_eq!(first.message, "150 more errors of this file are not shown");
        assert_eq!((first.severity, first.spots.len()), (Severity::Error, 1));
    }
}
