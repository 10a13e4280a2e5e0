//! What goes wrong on request: the grammar of `--fault`, and which request is next to meet it.
//!
//! A fault is written `WHAT[:FILTER…][WHEN][=VALUE]`, as `502:write%5` or `cut-after:write:/api/folders@3`:
//!
//! | part | is |
//! |---|---|
//! | WHAT | `refuse` closes a new connection at once · `429`, `500`, `502`, `503`, `504` answer so and do nothing · the same with `-after` do it and answer so · `cut-before` and `cut-after` close the connection without an answer, before or after it was done · `slow` and `slow-after` wait, before or after it was done · `busy` is a database that several writers meet in · `racy-saves` accepts two saves of one version, as the servers were measured to do · `nac` turns everybody away before Grafana sees them · `revoke` deletes every token that AWS made, just before · of AWS: `throttle` for too many calls, `denied` by IAM, `quota` used up, `expired` credentials, `skew` of the clocks, `updating` shows workspaces as being changed |
//! | FILTER | `read`, `write`, or the beginning of a path; `aws` or the name of an action, as `CreateSecret`, for calls to AWS, which nothing else strikes; the faults of AWS need none |
//! | WHEN | `@3` the third of those requests, `@3-5`, `@3+`, `%5` five in a hundred of them, `%5/7` the same with seed 7; without it every one |
//! | VALUE | a time: how long `slow` waits, what `429` and `throttle` ask to wait, how far `skew` puts AWS's clock ahead, which a client may make up for; without it every signature is too late |
//!
//! A word that could never strike what its filters name is refused. Each Grafana of several counts by itself.
//! Counting and chance are the fault's own, so the same requests in the same order meet the same faults.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::request::Request;

/// Something that goes wrong, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    what: What,
    writes: Option<bool>,
    whom: Whom,
    when: When,
    value: Option<Duration>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A new connection is closed at once.
    Refuse,
    /// The answer is this status; the request is done all the same, or is not.
    Status {
        /// The status.
        code: u16,
        /// It was done.
        done: bool,
    },
    /// The connection is closed without an answer; the request is done all the same, or is not.
    Cut {
        /// It was done.
        done: bool,
    },
    /// The answer comes late; the request is done at once, or after the wait.
    Slow {
        /// It is done at once.
        done: bool,
    },
    /// The database is one that writers lock against each other.
    Busy,
    /// Two saves of one version are both accepted.
    RacySaves,
    /// The network access control turns everybody away from Grafana, before it sees them.
    Nac,
    /// Somebody deletes every token that AWS made, just before.
    Revoke,
    /// There were too many calls to AWS.
    Throttle,
    /// IAM does not allow it.
    Denied,
    /// A quota of AWS is used up.
    Quota,
    /// The caller's credentials ran out.
    Expired,
    /// The clocks of AWS and its caller differ too much.
    Skew,
    /// The workspace is being changed.
    Updating,
}

impl What {
    /// What there is to strike.
    fn scope(self) -> Scope {
        match self {
            What::Status { .. } | What::Cut { .. } | What::Slow { .. } => Scope::Both,
            What::Refuse | What::Busy | What::RacySaves | What::Nac | What::Revoke => Scope::Grafana,
            What::Throttle | What::Denied | What::Quota | What::Expired | What::Skew => Scope::Aws,
            What::Updating => Scope::Workspaces,
        }
    }
}

/// Where something can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Both,
    Grafana,
    Aws,
    /// The calls to AWS that show workspaces.
    Workspaces,
}

/// The calls to AWS that show a workspace's status.
const SHOWING: [&str; 2] = ["DescribeWorkspace", "ListWorkspaces"];

/// Which requests a fault is for.
#[derive(Clone, Debug, PartialEq)]
enum Whom {
    /// Those to Grafana whose path begins so.
    Grafana(String),
    /// Calls to AWS: of one action, or of any.
    Aws(Option<&'static str>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    Always,
    Between(usize, usize),
    Percent(f64, u64),
}

/// How the paths of calls to AWS begin, as faults and logs name them: the action follows.
const AWS: &str = "aws:";

const WORDS: &[(&str, What)] = &[
    ("refuse", What::Refuse),
    ("429", What::Status { code: 429, done: false }),
    ("500", What::Status { code: 500, done: false }),
    ("502", What::Status { code: 502, done: false }),
    ("503", What::Status { code: 503, done: false }),
    ("504", What::Status { code: 504, done: false }),
    ("429-after", What::Status { code: 429, done: true }),
    ("500-after", What::Status { code: 500, done: true }),
    ("502-after", What::Status { code: 502, done: true }),
    ("503-after", What::Status { code: 503, done: true }),
    ("504-after", What::Status { code: 504, done: true }),
    ("cut-before", What::Cut { done: false }),
    ("cut-after", What::Cut { done: true }),
    ("slow", What::Slow { done: false }),
    ("slow-after", What::Slow { done: true }),
    ("nac", What::Nac),
    ("revoke", What::Revoke),
    ("throttle", What::Throttle),
    ("denied", What::Denied),
    ("quota", What::Quota),
    ("expired", What::Expired),
    ("skew", What::Skew),
    ("updating", What::Updating),
    ("busy", What::Busy),
    ("racy-saves", What::RacySaves),
];

/// Text that is no fault, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAFault {
    text: String,
    why: String,
}

impl std::error::Error for NotAFault {}

impl fmt::Display for NotAFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no fault: {}", self.text, self.why)
    }
}

impl FromStr for Fault {
    type Err = NotAFault;

    fn from_str(text: &str) -> Result<Fault, NotAFault> {
        let no = |why: String| NotAFault { text: text.to_owned(), why };
        let (rest, value) = match text.split_once('=') {
            Some((rest, value)) => (
                rest,
                Some(
                    duration(value)
                        .ok_or_else(|| no(format!("`{value}` is no time; write it as `2s` or `150ms`")))?,
                ),
            ),
            None => (text, None),
        };
        let (head, when) = match rest.find(['@', '%']) {
            Some(at) => (
                &rest[..at],
                when(&rest[at..]).ok_or_else(|| {
                    no(format!("`{}` is no time of it; write `@3`, `@3-5`, `@3+`, `%5` or `%5/7`", &rest[at..]))
                })?,
            ),
            None => (rest, When::Always),
        };
        let mut parts = head.split(':');
        let word = parts.next().unwrap_or_default();
        let what = WORDS.iter().find(|(w, _)| *w == word).map(|(_, what)| *what).ok_or_else(|| {
            let words: Vec<_> = WORDS.iter().map(|(w, _)| format!("`{w}`")).collect();
            no(format!("the words are {}", words.join(", ")))
        })?;
        let (mut writes, mut whom) = (None, None);
        for filter in parts {
            match filter {
                "write" => writes = Some(true),
                "read" => writes = Some(false),
                path if path.starts_with('/') => whom = Some(Whom::Grafana(path.to_owned())),
                "aws" => whom = whom.or(Some(Whom::Aws(None))),
                name if name.starts_with(|c: char| c.is_ascii_uppercase()) => {
                    let action = super::aws::action(name)
                        .ok_or_else(|| no(format!("the embedded AWS does not know the action `{name}`")))?;
                    whom = Some(Whom::Aws(Some(action)));
                }
                _ => {
                    return Err(no(format!(
                        "`{filter}` is neither `read` nor `write` nor a path nor an action of AWS"
                    )));
                }
            }
        }
        let whom = match (what.scope(), whom) {
            (Scope::Grafana, Some(Whom::Aws(_))) => return Err(no(format!("`{word}` never strikes AWS"))),
            (Scope::Aws | Scope::Workspaces, Some(Whom::Grafana(_))) => {
                return Err(no(format!("`{word}` strikes AWS only")));
            }
            (Scope::Workspaces, Some(Whom::Aws(Some(action)))) if !SHOWING.contains(&action) => {
                return Err(no(format!("`{word}` strikes `{}` only", SHOWING.join("` and `"))));
            }
            (_, Some(whom)) => whom,
            (Scope::Aws | Scope::Workspaces, None) => Whom::Aws(None),
            (Scope::Both | Scope::Grafana, None) => Whom::Grafana(String::new()),
        };
        if matches!(what, What::Slow { .. }) && value.is_none() {
            return Err(no("say how slow, as `slow=2s`".to_owned()));
        }
        Ok(Fault { what, writes, whom, when, value })
    }
}

fn when(text: &str) -> Option<When> {
    let rest = &text[1..];
    if text.starts_with('%') {
        let (percent, seed) = match rest.split_once('/') {
            Some((percent, seed)) => (percent, seed.parse().ok()?),
            None => (rest, 0),
        };
        let percent: f64 = percent.parse().ok()?;
        return (0.0..=100.0).contains(&percent).then_some(When::Percent(percent, seed));
    }
    let (from, to) = match (rest.strip_suffix('+'), rest.split_once('-')) {
        (Some(from), _) => (from.parse().ok()?, usize::MAX),
        (None, Some((from, to))) => (from.parse().ok()?, to.parse().ok()?),
        (None, None) => (rest.parse().ok()?, rest.parse().ok()?),
    };
    (from >= 1 && to >= from).then_some(When::Between(from, to))
}

fn duration(text: &str) -> Option<Duration> {
    let seconds = super::duration::seconds(text)?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The faults of one workspace, each with how often it could have struck.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(Fault, AtomicUsize)>);

/// How a busy database treats a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Busy {
    /// As the servers were measured: more often the more writers meet.
    Measured,
    /// This one is met.
    Now,
}

impl Faults {
    /// Begins counting.
    pub(crate) fn new(faults: Vec<Fault>) -> Faults {
        Faults(faults.into_iter().map(|fault| (fault, AtomicUsize::new(0))).collect())
    }

    /// What strikes this request, with its time if it has one; busy databases are asked apart.
    pub(crate) fn strike(&self, request: &Request) -> Vec<(What, Option<Duration>)> {
        self.0
            .iter()
            .enumerate()
            .filter(|(_, (fault, _))| {
                !matches!(fault.what, What::Refuse | What::Busy | What::RacySaves) && fault.concerns(request)
            })
            .filter(|(i, (fault, count))| fault.is_due(*i, count))
            .map(|(_, (fault, _))| (fault.what, fault.value))
            .collect()
    }

    /// This new connection is to be closed.
    pub(crate) fn refuses(&self) -> bool {
        let mut due = false;
        for (i, (fault, count)) in self.0.iter().enumerate() {
            due |= fault.what == What::Refuse && fault.is_due(i, count);
        }
        due
    }

    /// A busy database meets this request, which is one that can suffer from it.
    pub(crate) fn busy(&self, request: &Request) -> Option<Busy> {
        let mut met = None;
        for (i, (fault, count)) in self.0.iter().enumerate() {
            if fault.what == What::Busy && fault.concerns(request) {
                met = match fault.when {
                    When::Always => met.or(Some(Busy::Measured)),
                    When::Between(..) | When::Percent(..) if fault.is_due(i, count) => Some(Busy::Now),
                    When::Between(..) | When::Percent(..) => met,
                };
            }
        }
        met
    }

    /// Saves race: whether this one surely overlooks another, or at the rate that was measured.
    pub(crate) fn races(&self, request: &Request) -> Option<bool> {
        let mut met = None;
        for (i, (fault, count)) in self.0.iter().enumerate() {
            if fault.what == What::RacySaves && fault.concerns(request) {
                met = match fault.when {
                    When::Always => met.or(Some(false)),
                    When::Between(..) | When::Percent(..) if fault.is_due(i, count) => Some(true),
                    When::Between(..) | When::Percent(..) => met,
                };
            }
        }
        met
    }

    /// The network access control may turn somebody away.
    pub(crate) fn turns_away(&self) -> bool {
        self.0.iter().any(|(fault, _)| fault.what == What::Nac)
    }

    /// Some database is busy as measured: writes then take their time, so that they can meet.
    pub(crate) fn busy_as_measured(&self) -> bool {
        self.0.iter().any(|(fault, _)| fault.what == What::Busy && fault.when == When::Always)
    }
}

impl Fault {
    fn concerns(&self, request: &Request) -> bool {
        let meant = match (&self.whom, request.path.strip_prefix(AWS)) {
            (Whom::Grafana(beginning), None) => request.path.starts_with(beginning),
            (Whom::Aws(Some(wanted)), Some(action)) => *wanted == action,
            (Whom::Aws(None), Some(action)) => self.what.scope() != Scope::Workspaces || SHOWING.contains(&action),
            (Whom::Grafana(_), Some(_)) | (Whom::Aws(_), None) => false,
        };
        meant && self.writes.is_none_or(|writes| writes == is_write(request))
    }

    fn is_due(&self, index: usize, count: &AtomicUsize) -> bool {
        let n = count.fetch_add(1, Ordering::Relaxed) + 1;
        match self.when {
            When::Always => true,
            When::Between(from, to) => (from..=to).contains(&n),
            When::Percent(percent, seed) => chance(seed.wrapping_add(index as u64), n as u64) * 100.0 < percent,
        }
    }
}

/// Whether a request changes something: of AWS's, the name says it, since most are sent alike.
fn is_write(request: &Request) -> bool {
    match request.path.strip_prefix(AWS) {
        Some(action) => !["Get", "BatchGet", "List", "Describe"].iter().any(|verb| action.starts_with(verb)),
        None => request.is_write(),
    }
}

/// A number from 0 to 1 that depends on nothing but these two (SplitMix64).
pub(crate) fn chance(seed: u64, n: u64) -> f64 {
    let mut z = seed.wrapping_mul(0xd1b5_4a32_d192_ed03).wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    #[allow(clippy::cast_precision_loss)]
    let part = ((z ^ (z >> 31)) >> 11) as f64;
    part / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(text: &str, requests: &[(&str, &str)]) -> Vec<usize> {
        let faults = Faults::new(vec![text.parse().unwrap()]);
        let hit = |(i, (method, path)): (usize, &(&str, &str))| {
            (!faults.strike(&Request::at(method, path, "")).is_empty()).then_some(i + 1)
        };
        requests.iter().enumerate().filter_map(hit).collect()
    }

    #[test]
    fn a_fault_strikes_the_requests_it_names() {
        let mixed =
            [("GET", "/api/a"), ("POST", "/api/a"), ("POST", "/api/b"), ("GET", "/api/b"), ("PUT", "/api/a")];
        assert_eq!(struck("502@2", &mixed), [2]);
        assert_eq!(struck("502:write@2", &mixed), [3]);
        assert_eq!(struck("502:write:/api/a@2+", &mixed), [5]);
        assert_eq!(struck("cut-after@2-3", &mixed), [2, 3]);
        assert_eq!(struck("slow:read=10ms", &mixed), [1, 4]);
        assert_eq!(struck("slow-after:write=10ms", &mixed), [2, 3, 5]);
    }

    #[test]
    fn calls_to_aws_are_struck_by_their_action_and_by_nothing_else() {
        let mixed = [
            ("POST", "aws:CreateWorkspaceServiceAccount"),
            ("POST", "aws:CreateWorkspaceServiceAccountToken"),
            ("POST", "/api/a"),
            ("POST", "aws:GetSecretValue"),
            ("GET", "aws:DescribeWorkspaceConfiguration"),
            ("GET", "aws:DescribeWorkspace"),
        ];
        assert_eq!(struck("502:CreateWorkspaceServiceAccount", &mixed), [1]);
        assert_eq!(struck("502:aws", &mixed), [1, 2, 4, 5, 6]);
        assert_eq!(struck("502:aws:read", &mixed), [4, 5, 6]);
        assert_eq!(struck("502", &mixed), [3]);
        assert_eq!(struck("throttle@2+=2s", &mixed), [2, 4, 5, 6]);
        assert_eq!(struck("updating@1", &mixed), [6]);
        assert_eq!(struck("nac", &mixed), [3]);
    }

    #[test]
    fn a_rate_is_about_kept_and_the_same_each_time() {
        let many = vec![("GET", "/api/search"); 2000];
        let first = struck("502%5", &many);
        assert!((60..140).contains(&first.len()), "{}", first.len());
        assert_eq!(first, struck("502%5", &many));
        assert_ne!(first, struck("502%5/7", &many));
    }

    #[test]
    fn the_documentation_names_every_word() {
        let told = include_str!("../../../docs/sandbox.md");
        for (word, _) in WORDS.iter().filter(|(word, _)| !word.ends_with("-after") || !word.starts_with('5')) {
            assert!(told.contains(&format!("`{word}`")), "{word} is not in docs/sandbox.md");
        }
    }

    #[test]
    fn what_is_no_fault_is_told_with_what_would_be() {
        for (text, told) in [
            ("frob", "`frob` is no fault: the words are `refuse`, `429`"),
            ("502:often", "`often` is neither `read` nor `write` nor a path nor an action of AWS"),
            ("502:CreateToken", "the embedded AWS does not know the action `CreateToken`"),
            ("nac:aws", "`nac` never strikes AWS"),
            ("denied:/api", "`denied` strikes AWS only"),
            ("updating:CreateSecret", "`updating` strikes `DescribeWorkspace` and `ListWorkspaces` only"),
            ("502@0", "`@0` is no time of it"),
            ("502%x", "`%x` is no time of it"),
            ("slow", "say how slow, as `slow=2s`"),
            ("slow=fast", "`fast` is no time; write it as `2s`"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
