//! Random numbers: the one place that asks the machine for them.

/// A number from 0 up to and without 1, each as likely as any other; 0 where the machine has none to give.
#[must_use]
pub fn chance() -> f64 {
    getrandom::u32().map_or(0.0, |number| f64::from(number) / (f64::from(u32::MAX) + 1.0))
}

/// 32 random bytes, as hexadecimal digits. Fails where the machine has none to give.
pub fn hex() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}
