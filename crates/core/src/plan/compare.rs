//! What a plan compares and shows of both sides: the normal forms of what differs, as they may be shown, and the keyed
//! digests of what may not be. Pure.
//!
//! The bodies of dashboards are read again only where they differ; those of data sources always, because their secrets
//! and the values from elsewhere in them have to be told apart ([`super::veil`]).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Workspace;
use super::veil::Veil;
use crate::kinds;
use crate::model::{Address, Declared, Fingerprint, Problem, RecordState, Recorded, Secret};

/// What the directory says of one object.
pub struct DeclaredForm {
    /// Its body, with all values.
    pub value: Value,
    /// The same as it may be shown.
    pub shown: Value,
    /// The values from elsewhere in it, each with how it is written.
    pub pieces: Vec<(Secret, String)>,
    /// The secret values, by key; or what is wrong with one of them.
    pub secrets: Result<Vec<(String, Secret)>, Box<Problem>>,
}

/// Both sides as a plan compares and shows them.
#[derive(Default)]
pub struct Sides {
    /// The workspace; what it says of data sources as it may be shown.
    pub live: Workspace,
    /// The normal forms of what differs, as they may be shown.
    pub declared: BTreeMap<Address, Value>,
    /// The live forms that may not be shown as they are, as they may be shown.
    pub shown: BTreeMap<Address, Value>,
    /// The fingerprints of the declared secrets.
    pub fingerprints: BTreeMap<Address, BTreeMap<String, Fingerprint>>,
    /// The fingerprints of the values that come from elsewhere.
    pub elsewhere: BTreeMap<Address, BTreeMap<String, Fingerprint>>,
    /// What must not be shown of each data source.
    pub veils: BTreeMap<Address, Veil>,
}

/// What the record says, and the key of its fingerprints.
#[derive(Clone, Copy)]
pub struct Keyed<'a> {
    /// What is known of the objects that are ours.
    pub record: &'a RecordState<&'a BTreeMap<Address, Recorded>>,
    /// The key.
    pub salt: &'a str,
}

/// Puts both sides beside each other. `scope` is what is planned: the secrets of the rest need not be there. `draws` says
/// whether new objects are drawn, so that their bodies are read too. `read` gives what the directory says of an object.
pub fn sides(
    declared: &[Declared],
    scope: &BTreeSet<&Address>,
    live: Workspace,
    keyed: Keyed<'_>,
    draws: bool,
    read: impl Fn(&Declared) -> Result<DeclaredForm, Box<Problem>>,
) -> Result<Sides, Box<Problem>> {
    let mut sides = Sides { live, ..Sides::default() };
    for declared in declared {
        let address = &declared.address;
        let is_veiled = kinds::by_name(address.kind).facts().secrets.is_some();
        let differs = sides.live.found.get(address).is_some_and(|f| f.body.value().is_some());
        let is_new = !sides.live.found.contains_key(address) && !sides.live.unreadable.contains_key(address);
        let is_drawn = draws && is_new;
        if !(is_veiled || differs || is_drawn) {
            continue;
        }
        let form = read(declared)?;
        let kind = kinds::by_name(address.kind);
        let value = kind.normal(form.value).whole();
        if !is_veiled {
            sides.declared.insert(address.clone(), value);
            continue;
        }
        let veil = keyed.veil(address).over(&value, &kind.normal(form.shown).whole(), form.pieces);
        let secrets = match form.secrets {
            Ok(secrets) => secrets,
            // Nothing is fetched where nothing could be told apart.
            Err(_) if keyed.record.is_unknown() => Vec::new(),
            Err(problem) if scope.contains(address) => return Err(problem),
            // Nothing is fetched for what is not planned.
            Err(_) => Vec::new(),
        };
        if matches!(keyed.record, RecordState::There(_) | RecordState::Absent) {
            let prints = secrets.iter().map(|(k, v)| (k.clone(), Fingerprint::of(keyed.salt, address, k, v)));
            sides.fingerprints.insert(address.clone(), prints.collect());
            sides.elsewhere.insert(address.clone(), veil.prints());
        }
        sides.declared.insert(address.clone(), veil.declared(&value));
        sides.hide(address, veil, &value);
    }
    sides.hide_the_rest(keyed);
    Ok(sides)
}

/// The workspace alone, where the directory does not count.
#[must_use]
pub fn one_side(live: Workspace, keyed: Keyed<'_>) -> Sides {
    let mut sides = Sides { live, ..Sides::default() };
    sides.hide_the_rest(keyed);
    sides
}

/// What is planned: everything, or the targets and the data sources that they need.
#[must_use]
pub fn scope<'a>(declared: &'a [Declared], targets: &BTreeSet<Address>) -> BTreeSet<&'a Address> {
    let all = declared.iter().map(|declared| &declared.address);
    if targets.is_empty() {
        return all.collect();
    }
    let holds_secrets = |a: &Address| kinds::by_name(a.kind).facts().secrets.is_some();
    let needed: BTreeSet<Address> = declared
        .iter()
        .filter(|declared| targets.contains(&declared.address))
        .flat_map(|declared| &declared.references)
        .filter_map(|reference| Address::live(reference.to.kind, &reference.to.name))
        .filter(holds_secrets)
        .collect();
    all.filter(|a| targets.contains(a) || needed.contains(*a)).collect()
}

impl Sides {
    /// Hides what the record remembers of data sources that the directory does not declare any more.
    fn hide_the_rest(&mut self, keyed: Keyed<'_>) {
        let rest: Vec<Address> = self
            .live
            .found
            .keys()
            .filter(|a| kinds::by_name(a.kind).facts().secrets.is_some() && !self.declared.contains_key(a))
            .cloned()
            .collect();
        for address in rest {
            self.hide(&address, keyed.veil(&address), &Value::Null);
        }
    }

    fn hide(&mut self, address: &Address, veil: Veil, declared: &Value) {
        if veil.is_empty() {
            return;
        }
        if let Some(found) = self.live.found.get_mut(address)
            && let Some(live) = found.body.value()
        {
            let shown = veil.live(live, declared);
            found.headline = kinds::by_name(address.kind).headline(&shown);
            self.shown.insert(address.clone(), shown);
        }
        self.veils.insert(address.clone(), veil);
    }
}

impl Keyed<'_> {
    /// What the record remembers of a data source's values from elsewhere.
    fn veil(self, address: &Address) -> Veil {
        let recorded = self.record.there().and_then(|objects| objects.get(address));
        let (salt, of) = (self.salt.to_owned(), address.clone());
        let print = move |text: &str| Fingerprint::of(&salt, &of, "$__", &Secret::new(text.to_owned()));
        let veil = Veil::new(recorded, Box::new(print));
        if self.record.is_unknown() { veil.blind() } else { veil }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::dashboard::Dashboard;
    use crate::kinds::datasource::Datasource;
    use crate::model::Target;
    use crate::model::{
        BodyRef, Found, Headline, Identity, LiveBody, NormalDigest, Parent, Place, Saved, Uid, UidFrom,
    };
    use serde_json::json;

    const PLANTED: &str = "planted";

    fn datasource(uid: &str) -> Address {
        Address::new(Datasource::NAME, Uid::parse(uid).unwrap())
    }

    fn declared(uid: &str) -> Declared {
        Declared {
            address: datasource(uid),
            place: Place::file("d.yaml"),
            digest: kinds::by_name(Datasource::NAME).normal(json!({})).digest(),
            parent: Parent::None,
            headline: Headline::default(),
            name: uid.into(),
            references: Vec::new(),
            mentions: Vec::new(),
            secrets: Vec::new(),
            body: BodyRef::file("d.yaml"),
            uid_from: UidFrom::Document,
            protect: false,
            carried: false,
            fetched: None,
        }
    }

    fn live(uid: &str, url: &str) -> Workspace {
        let normal = kinds::by_name(Datasource::NAME).normal(json!({ "name": uid, "type": "loki", "url": url }));
        let digest: NormalDigest = normal.digest();
        let found = Found {
            identity: Identity::default(),
            body: LiveBody::Kept(digest, Box::new(normal.whole())),
            parent: None,
            headline: Headline { title: uid.into(), facts: vec![("url".into(), url.to_owned())] },
            saved: Saved::default(),
            guard: None,
            secure_keys: BTreeSet::new(),
        };
        Workspace { found: [(datasource(uid), found)].into(), ..Workspace::default() }
    }

    /// What the directory says of a data source whose URL comes from the environment, with one secret or none fetched.
    fn form(secret: Result<&str, &str>) -> DeclaredForm {
        let of = |url: &str| json!({ "name": "a", "type": "loki", "url": url });
        DeclaredForm {
            value: of(PLANTED),
            shown: of("$__env{URL}"),
            pieces: vec![(Secret::new(PLANTED.into()), "$__env{URL}".into())],
            secrets: match secret {
                Ok(value) => Ok(vec![("password".into(), Secret::new(value.into()))]),
                Err(why) => Err(Box::new(Problem::error("secret-not-fetched", why))),
            },
        }
    }

    /// What comes of one data source `a`: what is shown of either side, how many secrets have a fingerprint.
    fn check(record: RecordState<&str>, scope: &[&str], secret: Result<&str, &str>, expected: &str) {
        let recorded = |at: &str| -> BTreeMap<Address, Recorded> {
            let print = Fingerprint::of("salt", &datasource("a"), "$__", &Secret::new(PLANTED.into()));
            let elsewhere = if at.is_empty() { BTreeMap::new() } else { [(at.to_owned(), print)].into() };
            [(datasource("a"), Recorded { elsewhere, ..Recorded::default() })].into()
        };
        let recorded = record.map(|at| recorded(at));
        let record = recorded.map(|objects| objects);
        let scope: Vec<Address> = scope.iter().map(|uid| datasource(uid)).collect();
        let keyed = Keyed { record: &record, salt: "salt" };
        let sides = sides(&[declared("a")], &scope.iter().collect(), live("a", PLANTED), keyed, false, |_| {
            Ok(form(secret))
        });
        let told = match sides {
            Err(problem) => format!("error {}", problem.message),
            Ok(sides) => {
                let of = |side: &BTreeMap<Address, Value>| side[&datasource("a")]["url"].to_string();
                let prints = sides.fingerprints.get(&datasource("a")).map_or(0, BTreeMap::len);
                assert!(!format!("{:?} {:?}", sides.declared, sides.shown).contains(PLANTED));
                assert!(!format!("{:?}", sides.live.found[&datasource("a")].headline).contains(PLANTED));
                format!("{} {} {prints}", of(&sides.declared), of(&sides.shown))
            }
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn a_value_from_elsewhere_is_shown_on_neither_side_and_secrets_are_told_apart_where_the_record_is_known() {
        let unknown = || RecordState::Unknown("why".to_owned());
        let shown = r#""$__env{URL}" "$__env{URL}""#;
        check(RecordState::There("/url"), &["a"], Ok("x"), &format!("{shown} 1"));
        check(RecordState::There(""), &["a"], Ok("x"), &format!("{shown} 1"));
        check(RecordState::Absent, &["a"], Ok("x"), &format!("{shown} 1"));
        check(unknown(), &["a"], Ok("x"), &format!("{shown} 0"));
        check(RecordState::Off, &["a"], Ok("x"), &format!("{shown} 0"));
    }

    #[test]
    fn a_secret_that_is_not_there_is_an_error_only_where_it_is_planned_and_could_be_told_apart() {
        let shown = r#""$__env{URL}" "$__env{URL}""#;
        check(RecordState::Absent, &["a"], Err("not fetched"), "error not fetched");
        check(RecordState::Off, &["a"], Err("not fetched"), "error not fetched");
        check(RecordState::Absent, &["b"], Err("not fetched"), &format!("{shown} 0"));
        check(RecordState::Unknown("why".into()), &["a"], Err("not fetched"), &format!("{shown} 0"));
    }

    #[test]
    fn what_the_directory_declares_no_more_is_shown_without_what_the_record_remembers() {
        let print = Fingerprint::of("salt", &datasource("a"), "$__", &Secret::new(PLANTED.into()));
        let recorded = Recorded { elsewhere: [("/url".to_owned(), print)].into(), ..Recorded::default() };
        let objects: BTreeMap<Address, Recorded> = [(datasource("a"), recorded)].into();
        let record = RecordState::There(&objects);
        let sides = one_side(live("a", PLANTED), Keyed { record: &record, salt: "salt" });
        assert_eq!(sides.shown[&datasource("a")]["url"], "(a value from elsewhere)");
        assert!(!format!("{:?}", sides.live.found[&datasource("a")].headline).contains(PLANTED));
    }

    #[test]
    fn a_target_takes_the_data_sources_along_that_it_refers_to() {
        let mut dashboard = declared("d");
        dashboard.address = Address::new(Dashboard::NAME, Uid::parse("d").unwrap());
        let to = Target::new(Datasource::NAME, "a");
        dashboard.references.push(crate::model::Reference { to, pointer: String::new() });
        let all = [declared("a"), declared("b"), dashboard];
        let of = |targets: &[Address]| -> Vec<String> {
            scope(&all, &targets.iter().cloned().collect()).into_iter().map(ToString::to_string).collect()
        };
        assert_eq!(of(&[]).len(), 3);
        assert_eq!(of(&[all[2].address.clone()]), ["dashboard.d", "datasource.a"]);
        assert_eq!(of(&[datasource("b")]), ["datasource.b"]);
    }
}
