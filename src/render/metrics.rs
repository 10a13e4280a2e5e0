//! The rounds of a loop in the text format of Prometheus, version 0.0.4. Pure.

use std::fmt::Write as _;

use crate::report::rounds::{BUCKETS, Rounds};

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a metric is, by Prometheus.
#[derive(Clone, Copy)]
enum Type {
    Counter,
    Gauge,
    Histogram,
}

/// All metrics. The `version` is the program's.
#[must_use]
pub fn text(rounds: &Rounds, version: &str, stack: &str) -> String {
    let mut text = String::new();
    head(&mut text, "amgctl_info", Type::Gauge, "What runs here; always 1.");
    sample(&mut text, "amgctl_info", &[("stack", stack), ("version", version)], "1");

    head(&mut text, "amgctl_rounds_total", Type::Counter, "Rounds that ended, by what came of them.");
    let failed: u64 = rounds.failed.values().sum();
    for (result, count) in [("succeeded", rounds.succeeded), ("waiting", rounds.waiting), ("failed", failed)] {
        sample(&mut text, "amgctl_rounds_total", &[("result", result)], &count.to_string());
    }
    let name = "amgctl_failures_total";
    head(&mut text, name, Type::Counter, "Rounds that failed, by the exit code that an apply would have.");
    for (status, count) in &rounds.failed {
        sample(&mut text, name, &[("code", &status.to_string())], &count.to_string());
    }
    let name = "amgctl_consecutive_failures";
    one(&mut text, name, Type::Gauge, "Rounds that failed since the last that did not.", rounds.failed_in_a_row);

    let name = "amgctl_round_duration_seconds";
    head(&mut text, name, Type::Histogram, "How long rounds took.");
    for (bound, count) in BUCKETS.iter().zip(rounds.within) {
        sample(&mut text, &format!("{name}_bucket"), &[("le", &bound.to_string())], &count.to_string());
    }
    let ended = rounds.ended().to_string();
    sample(&mut text, &format!("{name}_bucket"), &[("le", "+Inf")], &ended);
    sample(&mut text, &format!("{name}_sum"), &[], &rounds.seconds.to_string());
    sample(&mut text, &format!("{name}_count"), &[], &ended);

    head(&mut text, "amgctl_changes_total", Type::Counter, "Objects that were written, by what was done.");
    for (action, count) in &rounds.changes {
        sample(&mut text, "amgctl_changes_total", &[("action", action)], &count.to_string());
    }
    let name = "amgctl_drift_total";
    head(&mut text, name, Type::Counter, "Objects found changed outside, once a round, by what became of it.");
    for (outcome, count) in &rounds.drift {
        sample(&mut text, name, &[("outcome", outcome)], &count.to_string());
    }
    for (name, sort, help, value) in [
        (
            "amgctl_drifted_objects",
            Type::Gauge,
            "Objects that the last round found changed outside and left so.",
            rounds.drifted_now as u64,
        ),
        ("amgctl_objects", Type::Gauge, "Objects that the directory declares.", rounds.objects as u64),
        ("amgctl_pull_failures_total", Type::Counter, "Times that git pull failed.", rounds.pulls_failed),
        ("amgctl_requests_total", Type::Counter, "Requests that the workspace answered.", rounds.requests),
    ] {
        one(&mut text, name, sort, help, value);
    }
    // What has not happened yet has no time: an alert on its age would see 1970.
    for (name, help, at) in [
        ("amgctl_last_round_timestamp_seconds", "When the last round ended.", rounds.last),
        ("amgctl_last_success_timestamp_seconds", "When the last round that succeeded ended.", rounds.last_success),
    ] {
        if let Some(at) = at {
            one(&mut text, name, Type::Gauge, help, at);
        }
    }
    text
}

fn one(text: &mut String, name: &str, sort: Type, help: &str, value: impl ToString) {
    head(text, name, sort, help);
    sample(text, name, &[], &value.to_string());
}

fn head(text: &mut String, name: &str, sort: Type, help: &str) {
    let sort = match sort {
        Type::Counter => "counter",
        Type::Gauge => "gauge",
        Type::Histogram => "histogram",
    };
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {sort}\n");
}

fn sample(text: &mut String, name: &str, labels: &[(&str, &str)], value: &str) {
    text.push_str(name);
    for (i, (label, value)) in labels.iter().enumerate() {
        let _ = write!(text, "{}{label}=\"{}\"", if i == 0 { '{' } else { ',' }, escaped(value));
    }
    let _ = writeln!(text, "{} {value}", if labels.is_empty() { "" } else { "}" });
}

/// The value of a label: backslashes, quotes and ends of lines are escaped, everything else stands for itself.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Tally;
    use crate::report::rounds::{Drifted, Round, RoundResult};
    use std::time::Duration;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let mut all = Rounds::new();
        let round = Round {
            result: RoundResult::Succeeded,
            took: Duration::from_millis(750),
            at: 1_795_000_000,
            tally: Tally { changed: 1, ..Tally::default() },
            drift: Drifted { overwritten: 1, ..Drifted::default() },
            objects: Some(48),
            requests: 13,
            pull_failed: false,
        };
        all.take(&round);
        all.take(&Round { result: RoundResult::Failed(6), objects: None, ..round });
        let text = text(&all, "0.1.0", "shop");
        for line in [
            "amgctl_info{stack=\"shop\",version=\"0.1.0\"} 1",
            "# TYPE amgctl_rounds_total counter",
            "amgctl_rounds_total{result=\"succeeded\"} 1",
            "amgctl_rounds_total{result=\"failed\"} 1",
            "amgctl_failures_total{code=\"6\"} 1",
            "# TYPE amgctl_round_duration_seconds histogram",
            "amgctl_round_duration_seconds_bucket{le=\"0.5\"} 0",
            "amgctl_round_duration_seconds_bucket{le=\"1\"} 2",
            "amgctl_round_duration_seconds_bucket{le=\"+Inf\"} 2",
            "amgctl_round_duration_seconds_sum 1.5",
            "amgctl_round_duration_seconds_count 2",
            "amgctl_changes_total{action=\"changed\"} 2",
            "amgctl_drift_total{outcome=\"refused\"} 0",
            "amgctl_objects 48",
            "amgctl_last_success_timestamp_seconds 1795000000",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        // Every sample belongs to the metric whose head stands before it.
        let mut metric = "";
        for line in text.lines() {
            match line.strip_prefix("# HELP ") {
                Some(rest) => metric = rest.split(' ').next().unwrap(),
                None => assert!(line.starts_with("# TYPE") || line.starts_with(metric), "{line}"),
            }
        }
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn nothing_breaks_out_of_a_label() {
        let text = text(&Rounds::new(), "1", "a\"} 1\nb\\");
        assert!(text.contains(r#"amgctl_info{stack="a\"} 1\nb\\",version="1"} 1"#), "{text}");
        assert!(!text.contains("last_success"), "nothing has succeeded yet");
    }
}
