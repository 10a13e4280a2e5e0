//! What `bootstrap-identity`, `bootstrap-api-key` and `identity prune` are going to do, as people read it (pure).

use super::style::{Style, Tone};

/// One thing that is going to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// What becomes of it.
    pub what: What,
    /// What it is: `service account`, `token`, `secret`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What there is to say of it.
    pub about: String,
}

/// What becomes of something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// It is made.
    Make,
    /// It is changed.
    Change,
    /// It is deleted.
    Delete,
}

impl What {
    fn sign(self, style: &Style) -> String {
        match self {
            What::Make => style.paint(Tone::Add, "+"),
            What::Change => style.paint(Tone::Change, "~"),
            What::Delete => style.paint(Tone::Remove, "-"),
        }
    }
}

/// The steps as a table, and how many there are of each kind.
#[must_use]
pub fn steps(steps: &[Step], style: &Style) -> String {
    let wide = |of: fn(&Step) -> &str| steps.iter().map(|s| console::measure_text_width(of(s))).max().unwrap_or(0);
    let (kinds, names) = (wide(|s| s.kind), wide(|s| &s.name));
    let count = |what| steps.iter().filter(|s| s.what == what).count();
    let mut text = String::from("amgctl will do the following:\n\n");
    for step in steps {
        let kind = console::pad_str(step.kind, kinds, console::Alignment::Left, None);
        let name = console::pad_str(&step.name, names, console::Alignment::Left, None);
        let (sign, about) = (step.what.sign(style), style.paint(Tone::Dim, &step.about));
        let line = format!("  {sign} {kind}  {name}  {about}");
        // Names may be longer than a line is wide: what there is to say then stands below, not at the edge.
        match style.fits(&line) {
            true => text.push_str(line.trim_end()),
            false => text.push_str(&format!("  {sign} {kind}  {}\n      {about}", step.name)),
        }
        text.push('\n');
    }
    text.push_str(&format!(
        "\nPlan: {} to add, {} to change, {} to delete.",
        count(What::Make),
        count(What::Change),
        count(What::Delete)
    ));
    text
}

/// One step that was done.
#[must_use]
pub fn done(step: &Step, style: &Style) -> String {
    let word = match step.what {
        What::Make => "made",
        What::Change => "changed",
        What::Delete => "deleted",
    };
    let name = if step.name.is_empty() { String::new() } else { format!("  {}", step.name) };
    format!("  {} {}{name}  {word}", step.what.sign(style), step.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_longer_than_a_line_stands_by_itself() {
        let name = "amgctl/shop/secret/20261124T112108Z-a095fd192ee7a0689c14b2ec";
        let step = Step { what: What::Delete, kind: "token", name: name.into(), about: "superseded".into() };
        let style = Style { width: Some(60), ..Style::default() };
        let text = steps(std::slice::from_ref(&step), &style);
        assert!(text.contains(&format!("\n  - token  {name}\n      superseded\n")), "{text}");
        assert!(steps(&[step], &Style::default()).contains(&format!("{name}  superseded\n")));
    }
}
