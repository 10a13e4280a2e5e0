use proptest::prelude::*;

use super::*;

fn variables(unset: Unset, values: &[(&str, &str)]) -> Variables {
    let mut variables = Variables::new(unset);
    for (name, value) in values {
        assert!(variables.set(name, value), "{name}");
    }
    variables
}

fn expanded(text: &str, variables: &Variables) -> Result<String, Why> {
    let (replacements, faults) = expand(text, variables);
    if let Some(fault) = faults.into_iter().next() {
        return Err(fault.why);
    }
    let (mut out, mut at) = (String::new(), 0);
    for replacement in replacements {
        out.push_str(&text[at..replacement.at.start]);
        out.push_str(&replacement.text);
        at = replacement.at.end;
    }
    out.push_str(&text[at..]);
    Ok(out)
}

const VALUES: &[(&str, &str)] = &[
    ("v", "abcABC123ABCabc"),
    ("path", "/path/to/file"),
    ("file", "bash.string.txt"),
    ("slashed", "foo/bar/baz"),
    ("empty", ""),
    ("d", "foo"),
    ("n", "5"),
    ("lines", "\naz-1a\n"),
    ("umlaut", "äb"),
    ("ds", "prometheus"),
    ("_Region", "eu-central-1"),
];

#[test]
fn each_form_is_what_flux_makes_of_it() {
    let strict = variables(Unset::Fault, VALUES);
    for (text, expected) in [
        ("nothing to do: $v, $(v), {v} and }", "nothing to do: $v, $(v), {v} and }"),
        ("${v}", "abcABC123ABCabc"),
        ("${_Region}", "eu-central-1"),
        ("<${lines}>", "<az-1a>"),
        ("<${empty}>", "<>"),
        // Defaults: of what is unset and of what is empty, whatever the operator says.
        ("${x:-d} ${x:=d} ${x=d} ${x:?d} ${x:+d}", "d d d d d"),
        ("${empty:-d} ${empty:=d} ${empty=d} ${empty:?d} ${empty:+d}", "d d d d d"),
        ("${n:-d} ${n:=d} ${n=d} ${n:?d} ${n:+d}", "5 5 5 5 5"),
        ("<${x:-}> <${x:=}>", "<> <>"),
        ("${x=prefix-${d}-suffix}", "prefix-foo-suffix"),
        ("${x:-${y:-${d}}}", "foo"),
        ("${x=${v^^}}", "ABCABC123ABCABC"),
        ("${x:-https://host/a:b}", "https://host/a:b"),
        ("${x:-$${d}}", "$foo"),
        // Length, case, substring.
        ("${#v} ${#empty} ${#umlaut}", "15 0 3"),
        ("${d^} ${d^^} ${v,} ${v,,} <${empty^}>", "Foo FOO abcABC123ABCabc abcabc123abcabc <>"),
        ("${umlaut^^} ${d,^}", "ÄB foo"),
        ("${v:6} ${v:6:3} ${v:-3:2}", "123ABCabc 123 abcABC123ABCabc"),
        ("${v:${n}:1} ${v:0:${n}} ${v:1:-1}", "C abcAB bcABC123ABCab"),
        ("<${v:100}> <${v:100:2}> ${v:2:100} <${v:5:-12}>", "<> <> cABC123ABCabc <>"),
        ("${umlaut:2}", "b"),
        ("${ds:raw} ${ds:csv:x}", "prometheus prometheus"),
        // Trimming by pattern: a `*` goes over slashes.
        ("${file#*.} ${file##*.} ${file%.*} ${file%%.*}", "string.txt txt bash.string bash"),
        ("${path#*/} ${path##*/} ${path%/*} <${path%%/*}>", "path/to/file file /path/to <>"),
        (
            "${file#b?s} ${file#[a-c]} ${file#[^x]} ${file#\\b}",
            "h.string.txt ash.string.txt ash.string.txt ash.string.txt",
        ),
        ("${file#x} ${file#[} ${file#$%:*{}", "bash.string.txt bash.string.txt bash.string.txt"),
        ("${d#*} <${d##*}> ${d%*} <${d%%*}>", "oo <> fo <>"),
        ("${d#${n}}", "foo"),
        // Replacing.
        ("${v/abc/X} ${v//abc/X} ${v/#abc/X} ${v/%abc/X}", "XABC123ABCabc XABC123ABCX XABC123ABCabc abcABC123ABCX"),
        ("${d/#/a-} ${d/%/-z} ${d/o/} ${d//o/}", "a-foo foo-z fo f"),
        ("${slashed/\\//-} ${slashed//\\//-}", "foo-bar/baz foo-bar-baz"),
        ("${d//${d}/${n}} ${d/o/$$}", "5 f$o"),
        ("${d/%x/y} ${d/#x/y} ${d/#foo/}", "foo foo foo"),
        // Escapes: two dollars are one, everywhere.
        ("$${v}", "${v}"),
        ("$$v and $$", "$v and $"),
        ("$$${n}", "$5"),
        ("$$$${n}", "$${n}"),
        ("text ${n}$${var$${v}$v${n}", "text 5${var${v}$v5"),
        ("$${x=${d}}", "${x=foo}"),
        ("\\\\.\\pipe ${n} \\\\", "\\\\.\\pipe 5 \\\\"),
        ("$", "$"),
        ("ends in $$", "ends in $"),
    ] {
        assert_eq!(expanded(text, &strict).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_flux_refuses_is_refused() {
    let strict = variables(Unset::Fault, VALUES);
    for text in [
        "${v-d}",
        "${v+d}",
        "${v?d}",
        "${a.b}",
        "${A B}",
        "${a-b}",
        "${}",
        "${ v}",
        "${.v}",
        "${!v}",
        "${v",
        "${",
        "${v:}",
        "${v::2}",
        "${v#}",
        "${v%}",
        "${v/a}",
        "${v/a/b",
        "${v:-d",
        "${v^^^}",
        "${v:1:2x",
        "${#}",
        "${#v:1}",
        "${d:${n}x}",
        "${d#x${n}}",
        "${DS_AMAZON_CLOUDWATCH US-EAST-2}",
        "${DS_VM-EVCC}",
        "${x:-${a.b}}",
    ] {
        let fault = expanded(text, &strict);
        assert!(matches!(fault, Err(Why::Unreadable(_))), "{text}: {fault:?}");
    }
    assert_eq!(expanded("${umlaut:1}", &strict), Err(Why::CutCharacter));
}

#[test]
fn a_variable_without_a_value_is_a_fault_unless_a_default_stands_beside_it() {
    let (strict, lenient) = (variables(Unset::Fault, VALUES), variables(Unset::Empty, VALUES));
    for (text, empty) in [
        ("${x}", ""),
        ("${#x}", "0"),
        ("${x^}", ""),
        ("${x^^}", ""),
        ("${x,}", ""),
        ("${x,,}", ""),
        ("${x:0}", ""),
        ("${x:0:10}", ""),
        ("${x:raw}", ""),
        ("${x/a/b}", ""),
        ("${x//a/b}", ""),
        ("${x/#a/b}", ""),
        ("${x/%a/b}", ""),
        ("${x#a}", ""),
        ("${x##a}", ""),
        ("${x%a}", ""),
        ("${x%%a}", ""),
    ] {
        assert_eq!(expanded(text, &strict), Err(Why::Unset("x".into())), "{text}");
        assert_eq!(expanded(text, &lenient).as_deref(), Ok(empty), "{text}");
    }
    // The default is looked at where it is not needed, too.
    assert_eq!(expanded("${d:-${x}}", &strict), Err(Why::Unset("x".into())));
    assert_eq!(expanded("${d:-${x}}", &lenient).as_deref(), Ok("foo"));
}

#[test]
fn faults_say_where_and_what_follows_is_read() {
    let strict = variables(Unset::Fault, VALUES);
    let (replacements, faults) = expand("a ${A B} ${x} ${n} ${y", &strict);
    let at: Vec<_> = faults.iter().map(|fault| fault.at.clone()).collect();
    assert_eq!(at, [2..8, 9..13, 19..22]);
    let replaced: Vec<_> = replacements.into_iter().map(|replacement| (replacement.at, replacement.text)).collect();
    assert_eq!(replaced, [(14..18, "5".to_owned())]);
}

#[test]
fn names_are_what_flux_lets_be_one() {
    for (name, usable) in
        [("A", true), ("_a9", true), ("9a", false), ("a-b", false), ("", false), ("é", false), ("a b", false)]
    {
        assert_eq!(is_name(name), usable, "{name}");
        assert_eq!(Variables::default().set(name, "x"), usable, "{name}");
    }
}

#[test]
fn what_grows_without_end_is_a_fault() {
    let long = "a".repeat(1024 * 1024);
    let strict = variables(Unset::Fault, &[("a", &long)]);
    assert_eq!(expanded(&"${a}".repeat(17), &strict), Err(Why::TooLarge));
    assert_eq!(expanded("${a//a/${a}}", &strict), Err(Why::TooLarge));
    assert_eq!(expanded(&format!("${{a##{}}}", "*a".repeat(1000)), &strict), Err(Why::TooLarge));
    let deep = format!("{}d{}", "${a:-".repeat(1000), "}".repeat(1000));
    assert!(matches!(expanded(&deep, &strict), Err(Why::Unreadable(_))));
}

proptest! {
    #[test]
    fn no_text_panics(text in "[${}vd:#%/^,=\\-+?*\\[\\]\\\\\\né a1]{0,40}", lenient in any::<bool>()) {
        let unset = if lenient { Unset::Empty } else { Unset::Fault };
        let (replacements, faults) = expand(&text, &variables(unset, VALUES));
        let mut all: Vec<_> = replacements.into_iter().map(|r| r.at).chain(faults.into_iter().map(|f| f.at)).collect();
        all.sort_by_key(|at| at.start);
        for at in &all {
            prop_assert!(text.get(at.clone()).is_some_and(|part| part.starts_with('$')), "{at:?} of {text:?}");
        }
    }

    #[test]
    fn text_without_an_expression_stays(text in "[^$]*(\\$[^${])?[^$]*") {
        prop_assert!(!concerns(&text));
        prop_assert_eq!(expanded(&text, &variables(Unset::Fault, VALUES)), Ok(text));
    }
}
