//! stub
use super::style::Style;
use crate::model::Problem;
/// stub
#[must_use]
pub fn problems(problems: &[Problem], files: usize, nothing_sent: bool, _style: &Style) -> String {
    let mut s = String::new();
    for p in problems {
        s += &format!("{:?}[{}]: {}\n", p.severity, p.code, p.message);
        for x in &p.spots {
            s += &format!("  --> {}\n", x.place);
        }
        if let Some(h) = &p.help {
            s += &format!("  help: {h}\n");
        }
    }
    let _ = (files, nothing_sent);
    s
}
