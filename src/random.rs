//! Random numbers: the one place that asks the machine for them.

/// 32 random bytes, as hexadecimal digits. Fails where the machine has none to give.
pub fn hex() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}
