//! What kind of slot a reader's name tells of, and what kind of card an answer to reset.
//!
//! PC/SC knows no attribute that says whether a slot is contactless, so names decide, and only against a slot: one that
//! names nothing is looked at, and the card on it is asked for its application.

/// Parts of names of slots on which no document can lie.
const SECURE_MODULE: [&str; 2] = [" SAM", "[SAM"];
const VIRTUAL: [&str; 3] = ["Windows Hello", "Microsoft UICC", "Virtual Smart Card"];
/// Parts of names of slots that take a card with contacts.
const CONTACT: [&str; 6] = [
    " ICC]",
    "[ICC",
    " ICC Reader",
    "Contact Reader",
    "Contact Slot",
    "(Contact)",
];
/// Parts of names of contactless slots.
const CONTACTLESS: [&str; 8] = [
    "PICC",
    "Contactless",
    "contactless",
    "CL Reader",
    "-CL",
    " CL ",
    "NFC",
    "RFID",
];

/// Whether documents are looked for in the slot called `name`, of all slots called `all`.
///
/// SAM slots, virtual cards and contact slots are passed over. So is a slot that names nothing, if its device has another
/// that calls itself contactless: it is the contact slot of a reader for both.
pub(super) fn is_watched(name: &str, all: &[String]) -> bool {
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if has(&SECURE_MODULE) || has(&VIRTUAL) {
        return false;
    }
    if has(&CONTACTLESS) {
        return true;
    }
    !has(&CONTACT) && !all.iter().any(|other| is_contactless_twin(name, other))
}

/// Whether `other` is the contactless slot of the same device: PC/SC gives all slots of a device one number, the one before
/// the last.
fn is_contactless_twin(name: &str, other: &str) -> bool {
    let contactless = CONTACTLESS.iter().any(|part| other.contains(part));
    let device = |name: &str| {
        let mut words = name.rsplit(' ');
        let (_slot, device) = (words.next()?, words.next()?);
        // "00 00" of pcsc-lite. Windows gives each slot a number of its own, and nothing ties two together.
        (device.len() == 2 && device.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| device.to_owned())
    };
    let maker = |name: &str| name.split(' ').next().map(str::to_owned);
    contactless && name != other && maker(name) == maker(other) && {
        let device = (device(name), device(other));
        device.0.is_some() && device.0 == device.1
    }
}

/// Whether an answer to reset is one that readers make up for contactless chips: 3B 8n 80 01 (PC/SC part 3, 3.1.3.2.3).
pub(super) fn is_contactless(atr: &[u8]) -> bool {
    matches!(atr, [0x3B, t0, 0x80, 0x01, ..] if t0 & 0xF0 == 0x80)
}

#[cfg(test)]
mod tests {
    use super::{is_contactless, is_watched};

    #[test]
    fn slots_that_take_no_document_are_passed_over() {
        let names = [
            (
                "ACS ACR1252 Dual Reader [ACR1252 Dual Reader PICC] 00 00",
                true,
            ),
            (
                "ACS ACR1252 Dual Reader [ACR1252 Dual Reader SAM] 00 01",
                false,
            ),
            ("ACS ACR1252 1S CL Reader PICC 0", true),
            ("ACS ACR1252 1S CL Reader SAM 0", false),
            ("ACS ACR1281 1S Dual Reader ICC Reader 0", false),
            (
                "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422CL Smartcard Reader] 01 00",
                true,
            ),
            ("Identiv uTrust 4701 F Contact Reader 0", false),
            ("Identiv uTrust 4701 F CL Reader 0", true),
            (
                "SCM Microsystems Inc. SCL010 Contactless Reader 02 00",
                true,
            ),
            ("Windows Hello for Business 1", false),
            ("Microsoft UICC ISO Reader abcd 0", false),
            ("Microsoft Virtual Smart Card 0", false),
            ("Virtual PCD 03 00", true),
            ("Gemalto Prox-DU Contactless_12400511 04 00", true),
            // The contact slot of the same device names nothing.
            ("Gemalto Prox-DU 04 01", false),
            ("Gemalto PC Twin Reader 05 00", true),
        ];
        let all: Vec<String> = names.iter().map(|(name, _)| (*name).to_owned()).collect();
        for (name, watched) in names {
            assert_eq!(is_watched(name, &all), watched, "{name}");
        }
    }

    #[test]
    fn contactless_cards_are_known_by_the_form_of_their_answer_to_reset() {
        assert!(is_contactless(&[0x3B, 0x80, 0x80, 0x01, 0x01]));
        assert!(is_contactless(&[
            0x3B, 0x88, 0x80, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9
        ]));
        // A key with contacts.
        assert!(!is_contactless(&[
            0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE
        ]));
        assert!(!is_contactless(&[0x3B]));
        assert!(!is_contactless(&[]));
    }
}
