//! What a test found out, as a line that `examples/proof.rs` makes its tables of.

use std::fmt::Display;

/// Prints a fact: a word that says of what sort it is, the test that found it out, and what it is.
pub fn fact(sort: &str, fields: &[&dyn Display]) {
    let thread = std::thread::current();
    let mut line = format!("proof\t{sort}\t{}", thread.name().unwrap_or("?"));
    for field in fields {
        line.push('\t');
        line.push_str(&field.to_string());
    }
    // One write, so that the lines of tests that run side by side stay whole.
    println!("{line}");
}
