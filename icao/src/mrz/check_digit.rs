//! Check digits of the machine readable zone (Doc 9303-3 4.9).

/// The check digit of `field` as an ASCII digit: weights 7, 3, 1, modulus 10, A = 10 to Z = 35, filler = 0.
///
/// `None` if `field` holds a character that the machine readable zone does not know.
#[must_use]
pub fn check_digit(field: &[u8]) -> Option<u8> {
    let mut sum = 0u8;
    for (character, weight) in field.iter().zip([7u8, 3, 1].into_iter().cycle()) {
        let value = match character {
            b'0'..=b'9' => character - b'0',
            b'A'..=b'Z' => character - b'A' + 10,
            b'<' => 0,
            _ => return None,
        };
        // At most 35 * 7 before, at most 9 after each step: u8 holds every intermediate value.
        sum = (sum + value % 10 * weight % 10) % 10;
    }
    Some(b'0' + sum)
}
