//! A stack's record that becomes another stack's: what of that is still to be done. Pure.

use super::Record;
use crate::model::{RecordState, StackName};

/// What a take-over comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Handover {
    /// The old record becomes this stack's, and then goes.
    Take(Box<Record>),
    /// An earlier take-over was cut off after it saved the new record: the old one holds nothing else, and only has to go.
    Finish,
    /// It was done before, or there is nowhere to take it to: the record is not kept, or may not be read.
    Nothing,
}

/// Why a record cannot be taken over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Obstacle {
    /// There is none of that stack.
    NoSuchRecord,
    /// This stack has objects of its own.
    OwnRecord,
}

/// Decides what becomes of the old stack's record, where that is read and free.
pub fn hand_over(
    own: &RecordState<Box<Record>>,
    old: Option<Record>,
    to: &StackName,
) -> Result<Handover, Obstacle> {
    match (own, old) {
        (RecordState::There(_), None) => Ok(Handover::Nothing),
        (_, None) => Err(Obstacle::NoSuchRecord),
        (RecordState::There(own), Some(old)) => {
            let has_all = old.objects.keys().all(|address| own.objects.contains_key(address));
            if has_all { Ok(Handover::Finish) } else { Err(Obstacle::OwnRecord) }
        }
        (RecordState::Absent, Some(old)) => {
            Ok(Handover::Take(Box::new(Record { stack: to.clone(), serial: 0, ..old })))
        }
        (RecordState::Unknown(_) | RecordState::Off, Some(_)) => Ok(Handover::Nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::dashboard::Dashboard;
    use crate::model::{Address, Recorded, Uid};

    /// A record with these dashboards.
    fn record(stack: &str, objects: &str) -> Record {
        let mut record = Record::new(StackName::parse(stack).unwrap(), "origin".into(), "salt".into());
        record.serial = 7;
        for uid in objects.split_whitespace() {
            let address = Address::new(Dashboard::NAME, Uid::parse(uid).unwrap());
            record.objects.insert(address, Recorded::default());
        }
        record
    }

    fn check(own: RecordState<&str>, old: Option<&str>, expected: &str) {
        let own = own.map(|objects| Box::new(record("new", objects)));
        let told =
            match hand_over(&own, old.map(|objects| record("old", objects)), &StackName::parse("new").unwrap()) {
                Ok(Handover::Take(taken)) => {
                    assert_eq!((taken.stack.as_str(), taken.serial, taken.salt.as_str()), ("new", 0, "salt"));
                    format!("take {}", taken.objects.len())
                }
                Ok(other) => format!("{other:?}"),
                Err(obstacle) => format!("error {obstacle:?}"),
            };
        assert_eq!(told, expected, "{own:?} {old:?}");
    }

    #[test]
    fn a_record_is_taken_over_once_and_never_over_another() {
        let unknown = || RecordState::Unknown("why".to_owned());
        check(RecordState::Absent, Some("a b"), "take 2");
        check(RecordState::Absent, None, "error NoSuchRecord");
        check(RecordState::There("a b c"), Some("a b"), "Finish");
        check(RecordState::There("a b"), Some(""), "Finish");
        check(RecordState::There("a"), Some("a b"), "error OwnRecord");
        check(RecordState::There(""), Some("b"), "error OwnRecord");
        check(RecordState::There("a"), None, "Nothing");
        check(unknown(), Some("a"), "Nothing");
        check(unknown(), None, "error NoSuchRecord");
        check(RecordState::Off, Some("a"), "Nothing");
        check(RecordState::Off, None, "error NoSuchRecord");
    }
}
