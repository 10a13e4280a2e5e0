//! Whose a folder is that two stacks have recorded as made by them. Pure, and the same for both: each stack decides by
//! itself, from the same facts, and one of them lets go.

use crate::model::StackName;

/// What one stack says of a folder that it has recorded as made by it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim<'a> {
    /// The stack.
    pub stack: &'a StackName,
    /// The run that made it; empty where the record does not say.
    pub run: String,
    /// The accounts that made and saved the stack's record, by name.
    pub accounts: Vec<String>,
}

/// Whether the folder is `ours`: it was made by an account of this stack and of no other, or, where that says nothing
/// (one account applies both), by the smaller run id. A run that is not known comes last.
#[must_use]
pub fn made_it(ours: &Claim<'_>, theirs: &Claim<'_>, created_by: &str) -> bool {
    let by = |claim: &Claim<'_>| !created_by.is_empty() && claim.accounts.iter().any(|a| a == created_by);
    match (by(ours), by(theirs)) {
        (true, false) => true,
        (false, true) => false,
        (true, true) | (false, false) => rank(ours) < rank(theirs),
    }
}

fn rank<'a>(claim: &'a Claim<'_>) -> (bool, &'a str, &'a str) {
    (claim.run.is_empty(), &claim.run, claim.stack.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim<'a>(stack: &'a StackName, run: &str, account: &str) -> Claim<'a> {
        Claim { stack, run: run.into(), accounts: vec![account.into()] }
    }

    #[test]
    fn the_account_that_made_it_decides_else_the_smaller_run() {
        let (a, b) = (StackName::parse("a").unwrap(), StackName::parse("b").unwrap());
        for (ours, theirs, by, is_ours) in [
            (("9", "sa-a"), ("1", "sa-b"), "sa-a", true),
            (("1", "sa-a"), ("9", "sa-b"), "sa-b", false),
            (("9", "sa"), ("1", "sa"), "sa", false),
            (("1", "sa"), ("9", "sa"), "sa", true),
            (("1", "sa-a"), ("9", "sa-b"), "somebody", true),
            (("1", "sa-a"), ("9", "sa-b"), "", true),
            (("", "sa"), ("9", "sa"), "sa", false),
            (("", "sa"), ("", "sa"), "sa", true),
        ] {
            let (ours, theirs) = (claim(&a, ours.0, ours.1), claim(&b, theirs.0, theirs.1));
            assert_eq!(made_it(&ours, &theirs, by), is_ours, "{ours:?} {theirs:?} {by}");
        }
    }

    proptest! {
        #[test]
        fn exactly_one_of_two_stacks_keeps_it(
            runs in prop::array::uniform2("[0-9a-f]{0,3}"),
            accounts in prop::array::uniform2("[xyz]"),
            by in "[xyz]?",
        ) {
            let (a, b) = (StackName::parse("a").unwrap(), StackName::parse("b").unwrap());
            let (a, b) = (claim(&a, &runs[0], &accounts[0]), claim(&b, &runs[1], &accounts[1]));
            prop_assert_ne!(made_it(&a, &b, &by), made_it(&b, &a, &by));
        }
    }
}
