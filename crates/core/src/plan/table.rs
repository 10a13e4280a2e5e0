//! The decision table: which action follows from what is declared (D), recorded (R) and live (L).
//!
//! Data first: [`decide`] is one match over a [`Case`], and its test writes every row out again by hand. What the
//! rows say about real objects (digests, folders, secrets) is worked out in [`super::decide`].

/// How declared and live compare, where both are there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Same {
    /// They are equal.
    Yes,
    /// They differ.
    No,
}

/// What the record says of the object that is live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordSays {
    /// Nothing, or something about another incarnation.
    No,
    /// It is ours, and as we left it.
    AsLeft,
    /// It is ours, as we left it, but the record is out of date (identity or revision).
    AsLeftStale,
    /// It is ours, and somebody changed it.
    Changed,
    /// It is ours; whether somebody changed it cannot be told, and its identity moved.
    Unclear,
}

/// What is live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Case {
    /// The directory declares it; it is live.
    Both(RecordSays, Same),
    /// The directory declares it; it is not live; the record has it or not.
    DeclaredOnly {
        /// Whether the record has it.
        recorded: bool,
    },
    /// The directory does not declare it; it is live, and the record has it.
    Undeclared(RecordSays),
    /// The directory does not declare it, it is not live, but the record has it.
    Gone,
}

/// What follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Row {
    /// Make it.
    Create,
    /// Make it again: somebody deleted it.
    CreateAgain,
    /// It is there, equal, and not ours: adopt it if that is allowed, else leave it alone.
    AdoptOrLeave,
    /// It is there, different, and not ours: adopt it if that is allowed, else refuse.
    AdoptOrRefuse,
    /// Nothing to do.
    Nothing,
    /// Nothing to write but the record.
    Renew,
    /// Change it.
    Update,
    /// Change it, which overwrites what somebody else did.
    UpdateOverDrift,
    /// Remove it (an adopted one is released, a protected one stays).
    Delete,
    /// Remove it, which removes what somebody else did.
    DeleteOverDrift,
    /// Forget the entry.
    Forget,
}

/// The row for a case.
#[must_use]
pub fn decide(case: Case) -> Row {
    use RecordSays::{AsLeft, AsLeftStale, Changed, No, Unclear};
    match case {
        Case::Both(No, Same::Yes) => Row::AdoptOrLeave,
        Case::Both(No, Same::No) => Row::AdoptOrRefuse,
        Case::Both(AsLeft, Same::Yes) => Row::Nothing,
        Case::Both(AsLeftStale | Changed | Unclear, Same::Yes) => Row::Renew,
        Case::Both(AsLeft | AsLeftStale, Same::No) => Row::Update,
        Case::Both(Changed | Unclear, Same::No) => Row::UpdateOverDrift,
        Case::DeclaredOnly { recorded: false } => Row::Create,
        Case::DeclaredOnly { recorded: true } => Row::CreateAgain,
        Case::Undeclared(No) | Case::Gone => Row::Forget,
        Case::Undeclared(AsLeft | AsLeftStale) => Row::Delete,
        Case::Undeclared(Changed | Unclear) => Row::DeleteOverDrift,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row of the table in `design`, written out by hand: D, R, L as the columns say.
    #[test]
    fn every_row_of_the_table() {
        use RecordSays::{AsLeft, AsLeftStale, Changed, No, Unclear};
        let rows = [
            (Case::DeclaredOnly { recorded: false }, Row::Create),
            (Case::Both(No, Same::Yes), Row::AdoptOrLeave),
            (Case::Both(No, Same::No), Row::AdoptOrRefuse),
            (Case::Both(AsLeft, Same::Yes), Row::Nothing),
            (Case::Both(AsLeftStale, Same::Yes), Row::Renew),
            (Case::Both(Changed, Same::Yes), Row::Renew),
            (Case::Both(Unclear, Same::Yes), Row::Renew),
            (Case::Both(AsLeft, Same::No), Row::Update),
            (Case::Both(AsLeftStale, Same::No), Row::Update),
            (Case::Both(Changed, Same::No), Row::UpdateOverDrift),
            (Case::Both(Unclear, Same::No), Row::UpdateOverDrift),
            (Case::DeclaredOnly { recorded: true }, Row::CreateAgain),
            (Case::Undeclared(AsLeft), Row::Delete),
            (Case::Undeclared(AsLeftStale), Row::Delete),
            (Case::Undeclared(Changed), Row::DeleteOverDrift),
            (Case::Undeclared(Unclear), Row::DeleteOverDrift),
            (Case::Undeclared(No), Row::Forget),
            (Case::Gone, Row::Forget),
        ];
        for (case, row) in rows {
            assert_eq!(decide(case), row, "{case:?}");
        }
    }

    #[test]
    fn nothing_that_is_not_recorded_is_ever_changed_or_removed() {
        for same in [Same::Yes, Same::No] {
            assert!(matches!(decide(Case::Both(RecordSays::No, same)), Row::AdoptOrLeave | Row::AdoptOrRefuse));
        }
        assert_eq!(decide(Case::Undeclared(RecordSays::No)), Row::Forget);
    }
}
