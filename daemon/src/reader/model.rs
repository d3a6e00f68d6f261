//! Which model a reader is, without what tells one device from another.

/// Longest name of a reader model, in characters.
const LONGEST: usize = 64;

/// The model in a reader's name, without the serial number in parentheses and the numbers of device and slot that PC/SC
/// puts behind it.
#[must_use]
pub fn model_of(name: &str) -> String {
    let mut depth = 0usize;
    let outside: String = name
        .chars()
        .filter(|character| {
            match character {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect();
    let mut words: Vec<&str> = outside.split_whitespace().collect();
    let is_number =
        |word: &&str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    for _ in 0..2 {
        if words.last().is_some_and(is_number) {
            words.pop();
        }
    }
    words.join(" ").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::model_of;

    #[test]
    fn a_reader_model_has_no_serial_number() {
        for (name, model) in [
            (
                "ACS ACR1252 Dual Reader [ACR1252 Dual Reader PICC] (RR123-4567) 01 00",
                "ACS ACR1252 Dual Reader [ACR1252 Dual Reader PICC]",
            ),
            ("Virtual PCD 00 00", "Virtual PCD"),
            (
                "Identiv uTrust 3700 F CL Reader 0",
                "Identiv uTrust 3700 F CL Reader 0",
            ),
            ("Broken (name", "Broken"),
            ("", ""),
        ] {
            assert_eq!(model_of(name), model);
        }
    }
}
