//! What the registry says, and the dashboard that it is kept in. Pure.
//!
//! The payload is one JSON string in the `options.content` of a text panel, because a string survives every storage
//! version and custom fields do not (fact: `record-as-dashboard`). It is found by its panel's title, never by
//! position, and carries a checksum: a record that a person damaged is told, never guessed at.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::kinds;
use crate::model::{Address, FolderPath, KindName, Ledger, Recorded, StackName};

/// The kind of the objects that records are kept in.
pub const KEPT_AS: KindName = kinds::dashboard::Dashboard::NAME;
/// The uid of the folder that holds every stack's record.
pub const FOLDER: &str = "amgctl";
/// The title of the panel that holds the payload.
const PAYLOAD_PANEL: &str = "amgctl record (do not edit)";
/// The format of the payload.
const FORMAT: u32 = 1;
/// How many runs are remembered for people.
const RUNS: usize = 10;

/// Everything that is recorded of a stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// The stack.
    pub stack: StackName,
    /// Where it was applied from; empty while that is unknown.
    pub origin: String,
    /// Counts the saves.
    pub serial: u64,
    /// The run that saved it: a restored record reuses serials, never runs.
    pub run: String,
    /// The key of the fingerprints, as hexadecimal digits: random, made with the record.
    pub salt: String,
    /// Who is applying, if anybody.
    pub lease: Option<Lease>,
    /// The lease that was ended by hand since the last apply: whose it was may not have noticed.
    pub ended: Option<Lease>,
    /// Which run made the folders that this stack made: where two stacks have recorded one, it tells whose it is.
    pub made: BTreeMap<Address, String>,
    /// What is ours.
    pub objects: BTreeMap<Address, Recorded>,
    /// Which folder each directory stands for.
    pub bindings: BTreeMap<FolderPath, String>,
    /// The last runs, the newest first: for people.
    pub runs: Vec<RunNote>,
}

/// Who is applying.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lease {
    /// The run.
    pub run: String,
    /// Who that is, in words.
    pub holder: String,
    /// Since when, by the server's clock: RFC 3339.
    pub since: String,
    /// How long after the record's last save it has expired.
    pub seconds: i64,
    /// The process that holds it, told apart on its own machine: a run that was killed there need not be waited for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub process: String,
}

/// One run, for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunNote {
    /// The run; empty in what older versions of amgctl noted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// When it ended, by the server's clock.
    pub at: String,
    /// Who ran it.
    pub by: String,
    /// What came of it, in words.
    pub what: String,
    /// The digest of the saved plan that it carried out; empty where there was none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub plan: String,
}

#[derive(Serialize, Deserialize)]
struct RecordDocument {
    format: u32,
    stack: String,
    #[serde(default)]
    origin: String,
    serial: u64,
    run: String,
    salt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease: Option<Lease>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Lease>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    made: BTreeMap<String, String>,
    objects: BTreeMap<String, Recorded>,
    #[serde(default)]
    bindings: Vec<(FolderPath, String)>,
    #[serde(default)]
    runs: Vec<RunNote>,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    amgctl: u32,
    sha256: String,
    #[serde(borrow)]
    record: &'a RawValue,
}

impl Record {
    /// A new record of a stack, with a salt of its own.
    #[must_use]
    pub fn new(stack: StackName, origin: String, salt: String) -> Record {
        Record {
            stack,
            origin,
            serial: 0,
            run: String::new(),
            salt,
            lease: None,
            ended: None,
            made: BTreeMap::new(),
            objects: BTreeMap::new(),
            bindings: BTreeMap::new(),
            runs: Vec::new(),
        }
    }

    /// What a plan needs of it.
    #[must_use]
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger { serial: self.serial, run: &self.run, objects: &self.objects, bindings: &self.bindings }
    }

    /// Lets go of objects that turned out to be another stack's.
    pub fn let_go<'a>(&mut self, of: impl Iterator<Item = &'a Address>) {
        for address in of {
            self.objects.remove(address);
            self.made.remove(address);
        }
    }

    /// The uid of the dashboard that a stack's record is kept in.
    #[must_use]
    pub fn uid(stack: &StackName) -> String {
        format!("amgctl-{stack}")
    }

    /// Remembers a run for people.
    pub fn note(&mut self, note: RunNote) {
        self.runs.insert(0, note);
        self.runs.truncate(RUNS);
    }

    /// Every run that this record knows to have written for the stack: what they left is not somebody else's.
    #[must_use]
    pub fn known_runs(&self) -> BTreeSet<&str> {
        let leases = self.lease.iter().chain(&self.ended).map(|lease| lease.run.as_str());
        let pending = self.objects.values().filter_map(|r| r.pending.as_ref()).map(|p| p.run.as_str());
        let noted = self.runs.iter().map(|note| note.run.as_str());
        leases.chain(pending).chain(noted).chain([self.run.as_str()]).filter(|run| !run.is_empty()).collect()
    }

    /// Takes in what a run was about to write that held the lease beside this record's: its save was accepted too and
    /// then overwritten, and both have ended since.
    pub fn take_in(&mut self, rival: &Record) {
        for (address, theirs) in &rival.objects {
            let Some(pending) = &theirs.pending else { continue };
            let ours = self.objects.entry(address.clone()).or_insert_with(|| theirs.clone());
            ours.pending.get_or_insert_with(|| pending.clone());
        }
        for (address, run) in &rival.made {
            self.made.entry(address.clone()).or_insert_with(|| run.clone());
        }
        let by = rival.lease.as_ref().map_or(String::new(), |lease| lease.holder.clone());
        let at = rival.lease.as_ref().map_or(String::new(), |lease| lease.since.clone());
        self.note(RunNote {
            run: rival.run.clone(),
            at,
            by,
            what: "began beside another run, and was cut off".into(),
            plan: String::new(),
        });
    }

    /// The dashboard to save, without version.
    #[must_use]
    pub fn to_dashboard(&self) -> Value {
        let runs: String = self.runs.iter().map(|r| format!("- {}: {} ({})\n", r.at, r.what, r.by)).collect();
        let about = format!(
            "This is the record of what `amgctl` keeps here for the stack `{}`: {} objects, from `{}`.\n\n\
             Do not edit or delete it: without it `amgctl` no longer knows what is its own. An older state can be \
             restored from this dashboard's history.\n\nLast runs:\n\n{runs}",
            self.stack,
            self.objects.len(),
            if self.origin.is_empty() { "an unknown place" } else { &self.origin },
        );
        let text = |id: u32, title: &str, y: u32, mode: &str, content: &str| {
            json!({
                "id": id, "type": "text", "title": title, "gridPos": { "x": 0, "y": y, "w": 24, "h": 8 },
                "options": { "mode": mode, "content": content },
            })
        };
        json!({
            "uid": Record::uid(&self.stack),
            "title": format!("amgctl: {}", self.stack),
            "tags": ["amgctl"],
            "schemaVersion": 39,
            "panels": [
                text(1, "What this is", 0, "markdown", &about),
                {
                    "id": 2, "type": "row", "title": "Record", "collapsed": true,
                    "gridPos": { "x": 0, "y": 8, "w": 24, "h": 1 },
                    "panels": [text(3, PAYLOAD_PANEL, 9, "code", &self.payload())],
                },
            ],
        })
    }

    fn payload(&self) -> String {
        let stored = RecordDocument {
            format: FORMAT,
            stack: self.stack.to_string(),
            origin: self.origin.clone(),
            serial: self.serial,
            run: self.run.clone(),
            salt: self.salt.clone(),
            lease: self.lease.clone(),
            ended: self.ended.clone(),
            made: self.made.iter().map(|(a, run)| (a.to_string(), run.clone())).collect(),
            objects: self.objects.iter().map(|(a, r)| (a.to_string(), r.clone())).collect(),
            bindings: self.bindings.iter().map(|(p, u)| (p.clone(), u.clone())).collect(),
            runs: self.runs.clone(),
        };
        let record = serde_json::to_string(&stored).unwrap_or_default();
        let sha256 = hex::encode(Sha256::digest(record.as_bytes()));
        let raw = RawValue::from_string(record).unwrap_or_default();
        serde_json::to_string(&Envelope { amgctl: FORMAT, sha256, record: &raw }).unwrap_or_default()
    }

    /// Reads a record back out of its dashboard. Errors say in words what is damaged.
    pub fn of_dashboard(dashboard: &Value) -> Result<Record, String> {
        let payload =
            find_payload(dashboard, 0).ok_or_else(|| format!("the panel `{PAYLOAD_PANEL}` is not there"))?;
        let envelope: Envelope<'_> =
            serde_json::from_str(payload).map_err(|e| format!("its payload cannot be read: {e}"))?;
        if envelope.amgctl > FORMAT {
            return Err("a newer amgctl wrote it: use that version or a later one".into());
        }
        if hex::encode(Sha256::digest(envelope.record.get().as_bytes())) != envelope.sha256 {
            return Err("its payload was changed by hand: the checksum does not match".into());
        }
        let stored: RecordDocument =
            serde_json::from_str(envelope.record.get()).map_err(|e| format!("its payload cannot be read: {e}"))?;
        let objects = stored.objects.into_iter().map(|(address, recorded)| {
            kinds::address(&address)
                .map(|a| (a, recorded))
                .ok_or_else(|| format!("it names `{address}`, which is not an address"))
        });
        Ok(Record {
            stack: StackName::parse(&stored.stack)?,
            origin: stored.origin,
            serial: stored.serial,
            run: stored.run,
            salt: stored.salt,
            lease: stored.lease,
            ended: stored.ended,
            // Only a help to tell whose a folder is: what is not an address is left out.
            made: stored.made.into_iter().filter_map(|(a, run)| Some((kinds::address(&a)?, run))).collect(),
            objects: objects.collect::<Result<_, String>>()?,
            bindings: stored.bindings.into_iter().collect(),
            runs: stored.runs,
        })
    }
}

// Bounded in depth: the dashboard may be anybody's by now.
fn find_payload(value: &Value, depth: usize) -> Option<&str> {
    let panels = value.get("panels")?.as_array()?;
    panels.iter().find_map(|panel| {
        if panel.get("title").and_then(Value::as_str) == Some(PAYLOAD_PANEL) {
            return panel.pointer("/options/content")?.as_str();
        }
        if depth < 3 { find_payload(panel, depth + 1) } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Owned;

    fn record() -> Record {
        let mut record = Record::new(StackName::parse("demo").unwrap(), "github.com/a/b".into(), "00ff".into());
        record.objects.insert(
            kinds::address("dashboard.cpu").unwrap(),
            Recorded {
                digest: None,
                revision: 1,
                identity: None,
                parent: Some("f".into()),
                title: "CPU".into(),
                secrets: BTreeMap::new(),
                elsewhere: BTreeMap::new(),
                source: "cpu.json".into(),
                content: None,
                protect: true,
                how: Owned::Adopted,
                pending: None,
            },
        );
        record.bindings.insert(FolderPath::new(vec!["A / B".into(), "C".into()]).unwrap(), "uid".into());
        record.serial = 7;
        record
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let record = record();
        assert_eq!(Record::of_dashboard(&record.to_dashboard()).unwrap(), record);
    }

    #[test]
    fn the_payload_is_found_by_title_wherever_a_browser_moved_it() {
        let record = record();
        let mut dashboard = record.to_dashboard();
        let payload = dashboard["panels"][1]["panels"][0].take();
        dashboard["panels"] = json!([payload, { "type": "row" }]);
        assert_eq!(Record::of_dashboard(&dashboard).unwrap(), record);
    }

    #[test]
    fn a_changed_payload_is_told() {
        let mut dashboard = record().to_dashboard();
        let content =
            dashboard["panels"][1]["panels"][0]["options"]["content"].as_str().unwrap().replace("cpu", "gpu");
        dashboard["panels"][1]["panels"][0]["options"]["content"] = json!(content);
        assert!(Record::of_dashboard(&dashboard).unwrap_err().contains("checksum"));
        assert!(Record::of_dashboard(&json!({})).is_err());
    }

    #[test]
    fn what_a_run_beside_this_one_was_about_to_write_is_taken_in() {
        use crate::model::{Digest, Pending};
        let pending = |run: &str| Pending {
            run: run.into(),
            digest: Digest::of_bytes(run.as_bytes()),
            parent: None,
            replace: false,
            secrets: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
        };
        let (mut ours, mut theirs) = (record(), record());
        let shared = kinds::address("dashboard.cpu").unwrap();
        let new = kinds::address("dashboard.new").unwrap();
        let entry = theirs.objects[&shared].clone();
        theirs.objects.get_mut(&shared).unwrap().pending = Some(pending("theirs"));
        theirs.objects.insert(new.clone(), Recorded { pending: Some(pending("theirs")), ..entry.clone() });
        theirs.objects.insert(kinds::address("dashboard.old").unwrap(), entry);
        theirs.run = "theirs".into();
        ours.take_in(&theirs);
        assert_eq!(ours.objects.keys().collect::<Vec<_>>(), [&shared, &new], "what is not pending is not taken in");
        assert_eq!(ours.objects[&shared].pending.as_ref().unwrap().run, "theirs");
        assert!(ours.known_runs().contains("theirs"));
        // What this run was about to write itself stays.
        let mut both = record();
        both.objects.get_mut(&shared).unwrap().pending = Some(pending("ours"));
        both.take_in(&theirs);
        assert_eq!(both.objects[&shared].pending.as_ref().unwrap().run, "ours");
    }
}
