//! Which process holds a lease, told apart on its own machine: one that was killed there need not be waited for.
//!
//! Linux only; elsewhere a process has no name, and a lease ends by the server's clock or by `amgctl unlock`.

use std::fs;

use crate::model::Digest;

/// The name of this process: boot, namespace of processes, number, start time. Empty where it cannot be told.
#[must_use]
pub fn me() -> String {
    of(std::process::id()).unwrap_or_default()
}

/// Whether the process of this name surely ended: it was on this machine, in this boot, and is not there any more.
#[must_use]
pub fn is_dead(name: &str) -> bool {
    let mut parts = name.split('/');
    let (Some(boot), Some(space), Some(number)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let here = boot_and_space();
    let same_machine = here.is_some_and(|(b, s)| b == boot && s == space);
    let Ok(number) = number.parse::<u32>() else { return false };
    same_machine && of(number).as_deref() != Some(name)
}

/// A short name of this process, without a slash: machine and boot in eight digits, number, start time. Empty where it
/// cannot be told.
#[must_use]
pub fn mark() -> String {
    short(&me()).unwrap_or_default()
}

/// Whether the process of this short name surely ended, as [`is_dead`] has it.
#[must_use]
pub fn is_gone(mark: &str) -> bool {
    let mut parts = mark.split('.');
    let (Some(place), Some(number)) = (parts.next(), parts.next()) else { return false };
    let Ok(number) = number.parse::<u32>() else { return false };
    let here = short(&me()).is_some_and(|own| own.split('.').next() == Some(place));
    here && of(number).and_then(|name| short(&name)).as_deref() != Some(mark)
}

/// The short form of a process's name.
fn short(name: &str) -> Option<String> {
    let (rest, started) = name.rsplit_once('/')?;
    let (place, number) = rest.rsplit_once('/')?;
    let place = Digest::of_bytes(place.as_bytes());
    Some(format!("{}.{number}.{started}", place.as_str().get(..8)?))
}

fn boot_and_space() -> Option<(String, String)> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
    let space = fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().replace('/', "-");
    Some((boot, space))
}

fn of(number: u32) -> Option<String> {
    let (boot, space) = boot_and_space()?;
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name in parentheses may hold anything; the state and the start time are the 1st and 20th field after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?;
    (state != "Z" && state != "X").then(|| format!("{boot}/{space}/{number}/{started}"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_one_that_never_was_does_not() {
        let name = me();
        assert!(!name.is_empty());
        assert!(!is_dead(&name));
        let (front, started) = name.rsplit_once('/').unwrap();
        assert!(is_dead(&format!("{front}/{started}1")));
        assert!(!is_dead("another-boot/pid/1/1"));
        assert!(!is_dead(""));
        let mark = mark();
        assert!(mark.len() <= 28 && !mark.contains(['/', '-']), "{mark}");
        assert!(!is_gone(&mark));
        assert!(is_gone(&format!("{mark}1")));
        assert!(!is_gone("00000000.1.1"), "another machine's");
        assert!(!is_gone(""));
    }
}
