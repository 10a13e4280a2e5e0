//! The expressions of workflows, as far as the action and the pages use them.

/// Where names lead.
pub trait Scope {
    /// The value of a name as `steps.run.outputs.plan`; empty where nothing has it.
    fn value(&self, name: &str) -> String;
}

/// Puts values in place of `${{ … }}`.
pub fn filled(text: &str, scope: &dyn Scope) -> String {
    let mut parts = text.split("${{");
    let mut filled = parts.next().unwrap().to_owned();
    for part in parts {
        let (expression, rest) = part.split_once("}}").unwrap_or_else(|| panic!("no }}}} in `{text}`"));
        filled.push_str(&value(expression, scope));
        filled.push_str(rest);
    }
    filled
}

/// Whether a condition holds. One that names no status holds only where nothing has failed.
pub fn holds(condition: &str, failed: bool, scope: &dyn Scope) -> bool {
    if failed && !condition.contains("always()") {
        return false;
    }
    condition.split("||").any(|all| all.split("&&").all(|one| comparison(one, scope)))
}

fn comparison(one: &str, scope: &dyn Scope) -> bool {
    let of = |side: &str| value(side, scope);
    match (one.split_once("!="), one.split_once("==")) {
        (Some((left, right)), _) => of(left) != of(right),
        (None, Some((left, right))) => of(left) == of(right),
        (None, None) => one.trim() == "always()" || !of(one).is_empty(),
    }
}

fn value(expression: &str, scope: &dyn Scope) -> String {
    let of = |one: &str| match one.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(literal) => literal.to_owned(),
        None => {
            assert!(
                one.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)),
                "`{one}` is not known here"
            );
            scope.value(one)
        }
    };
    expression.split("||").map(|one| of(one.trim())).find(|value| !value.is_empty()).unwrap_or_default()
}
