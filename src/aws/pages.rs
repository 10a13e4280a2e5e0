//! Lists that AWS gives page by page.

use super::{AwsError, Call};

/// How many pages a list has at most; one that has more never ends.
const PAGES: usize = 1000;

/// Where a list goes on.
pub(super) struct Pages {
    action: &'static str,
    /// What the next page is asked for with; none for the first.
    pub next: Option<String>,
    turned: usize,
}

impl Pages {
    /// The beginning of a list.
    pub(super) fn of(call: &Call) -> Pages {
        Pages { action: call.action, next: None, turned: 0 }
    }

    /// Whether there is another page. One that was read already, or too many, is no list of AWS's.
    pub(super) fn turn(&mut self, next: Option<String>) -> Result<bool, AwsError> {
        // Some services end a list with an empty text.
        let next = next.filter(|token| !token.is_empty());
        self.turned += 1;
        if next.is_some() && (next == self.next || self.turned == PAGES) {
            return Err(AwsError::Lost(format!("{}: its pages never end", self.action)));
        }
        self.next = next;
        Ok(self.next.is_some())
    }
}
