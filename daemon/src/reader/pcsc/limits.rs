//! What a reader says of the lengths that it carries.

use icao::transport::Limits;
use pcsc::Card;

/// CM_IOCTL_GET_FEATURE_REQUEST (PC/SC part 10, 2.2): which extra control codes a reader has.
const GET_FEATURE_REQUEST: u32 = 3400;
/// Feature whose control code answers with the reader's properties as TLV (PC/SC part 10, 2.6.14).
const FEATURE_GET_TLV_PROPERTIES: u8 = 0x12;
/// Property dwMaxAPDUDataSize, four bytes little-endian.
const MAX_APDU_DATA_SIZE: u8 = 0x0A;

/// What reader and driver carry. A reader that does not say is taken at its word of carrying extended APDUs only if the
/// chip asks for them: the terminal falls back when they fail.
pub(super) fn limits(card: &Card) -> Limits {
    match max_apdu_data_size(card) {
        Some(0..=256) => Limits::SHORT,
        Some(size) => {
            let size = usize::try_from(size)
                .unwrap_or(usize::MAX)
                .min(Limits::EXTENDED.max_response - 2);
            Limits {
                max_command: size.saturating_add(9).min(Limits::EXTENDED.max_command),
                max_response: size.saturating_add(2),
            }
        }
        None => Limits::EXTENDED,
    }
}

fn max_apdu_data_size(card: &Card) -> Option<u32> {
    let mut buffer = [0; 256];
    let features = card
        .control(pcsc::ctl_code(GET_FEATURE_REQUEST.into()), &[], &mut buffer)
        .ok()?;
    let code = property(features, FEATURE_GET_TLV_PROPERTIES)?;
    let code = u32::from_be_bytes(code.try_into().ok()?);
    let mut buffer = [0; 256];
    let properties = card.control(code.into(), &[], &mut buffer).ok()?;
    let size = property(properties, MAX_APDU_DATA_SIZE)?;
    Some(u32::from_le_bytes(size.try_into().ok()?))
}

/// The value with this tag in a list of one-byte tag, one-byte length, value.
fn property(mut list: &[u8], wanted: u8) -> Option<&[u8]> {
    loop {
        let (&[tag, length], rest) = list.split_first_chunk::<2>()?;
        let (value, rest) = rest.split_at_checked(usize::from(length))?;
        if tag == wanted {
            return Some(value);
        }
        list = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::property;

    #[test]
    fn a_property_is_found_and_a_cut_list_is_no_harm() {
        let list = [0x01, 2, 0xAA, 0xBB, 0x0A, 4, 0x00, 0x00, 0x01, 0x00];
        assert_eq!(
            property(&list, 0x0A),
            Some([0x00, 0x00, 0x01, 0x00].as_slice())
        );
        assert_eq!(property(&list, 0x0B), None);
        assert_eq!(property(&list[..7], 0x0A), None);
        assert_eq!(property(&[0x0A], 0x0A), None);
    }
}
