#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::definite::to_definite;
use super::*;

#[test]
fn reads_one_two_and_three_byte_tags_and_all_length_forms() {
    for (bytes, tag, header_len, value_len) in [
        (&[0x61, 0x05][..], 0x61, 2, Some(5)),
        (&[0x5F, 0x1F, 0x58], 0x5F1F, 3, Some(0x58)),
        (&[0x7F, 0x4E, 0x82, 0x01, 0x00], 0x7F4E, 5, Some(256)),
        (&[0xDF, 0x81, 0x01, 0x81, 0x80], 0xDF8101, 5, Some(128)),
        (&[0x75, 0x83, 0x01, 0x00, 0x00], 0x75, 5, Some(65_536)),
        (&[0x30, 0x80], 0x30, 2, None),
    ] {
        assert_eq!(
            Header::parse(bytes),
            Ok(Header {
                tag,
                header_len,
                value_len
            })
        );
    }
}

#[test]
fn refuses_malformed_headers() {
    for (bytes, error) in [
        (&[][..], TlvError::Truncated),
        (&[0x5F], TlvError::Truncated),
        (&[0x61], TlvError::Truncated),
        (&[0x61, 0x82, 0x01], TlvError::Truncated),
        (&[0x5F, 0x00, 0x00], TlvError::Tag),
        (&[0x5F, 0x81, 0x81, 0x01, 0x00], TlvError::Tag),
        (&[0x61, 0x85, 0, 0, 0, 0, 1], TlvError::Length),
        (&[0x61, 0xFF], TlvError::Length),
    ] {
        assert_eq!(Header::parse(bytes), Err(error), "{bytes:02X?}");
    }
    assert_eq!(Tlv::split(&[0x61, 0x02, 0x00]), Err(TlvError::Truncated));
    assert_eq!(Tlv::only(&[0x61, 0x00, 0x00]), Err(TlvError::Trailing));
    assert_eq!(
        FileLength::from_prefix(&[0x77, 0x80]),
        Err(TlvError::Indefinite)
    );
}

#[test]
fn file_length_is_header_and_value() {
    let length = FileLength::from_prefix(&[0x77, 0x82, 0x07, 0x3D]).unwrap();
    assert_eq!(
        (length.header, length.value, length.total()),
        (4, 0x73D, 0x741)
    );
}

#[test]
fn reader_stops_after_an_error() {
    let mut reader = Reader::new(&[0x04, 0x01, 0xAA, 0x04, 0x05, 0xBB]);
    assert_eq!(reader.next().unwrap().unwrap().value, [0xAA]);
    assert_eq!(reader.next().unwrap(), Err(TlvError::Truncated));
    assert!(reader.next().is_none());
}

#[test]
fn debug_shows_no_value() {
    let shown = format!("{:?}", Tlv::only(&[0x04, 0x02, 0xAB, 0xCD]).unwrap());
    assert_eq!(shown, "Tlv(04, 2 bytes)");
}

#[test]
fn indefinite_lengths_and_octet_strings_in_pieces_become_definite() {
    // SEQUENCE { OCTET STRING in two pieces, [0] { INTEGER 5 } } in indefinite form, and a byte after it.
    let ber = [
        0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 0xAA, 0x04, 0x02, 0xBB, 0xCC, 0x00, 0x00, 0xA0, 0x80,
        0x02, 0x01, 0x05, 0x00, 0x00, 0x00, 0x00, 0xEE,
    ];
    let (der, used) = to_definite(&ber).unwrap();
    assert_eq!(
        &*der,
        [
            0x30, 0x0A, 0x04, 0x03, 0xAA, 0xBB, 0xCC, 0xA0, 0x03, 0x02, 0x01, 0x05
        ]
    );
    assert_eq!(used, ber.len() - 1);
    // Definite already: borrowed, untouched.
    let (again, _) = to_definite(&der).unwrap();
    assert!(matches!(again, std::borrow::Cow::Borrowed(bytes) if bytes == &*der));
}

#[test]
fn missing_end_of_contents_and_bottomless_nesting_are_refused() {
    assert_eq!(
        to_definite(&[0x30, 0x80, 0x02, 0x01, 0x05]),
        Err(TlvError::Truncated)
    );
    assert_eq!(
        to_definite(&[0x30, 0x80].repeat(100_000)),
        Err(TlvError::TooDeep)
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Header::parse(&bytes);
        let _ = FileLength::from_prefix(&bytes);
        let _ = to_definite(&bytes);
        let read: usize = Reader::new(&bytes).filter_map(Result::ok).map(|tlv| tlv.raw.len()).sum();
        prop_assert!(read <= bytes.len());
    }

    #[test]
    fn what_is_encoded_is_read(tag in prop_oneof![Just(0x04u32), Just(0x5F1F), Just(0x7F49), Just(0xDF8101)],
                               value in proptest::collection::vec(any::<u8>(), 0..400)) {
        let bytes = encode(tag, &value);
        let tlv = Tlv::only(&bytes).unwrap();
        prop_assert_eq!(tlv.tag, tag);
        prop_assert_eq!(tlv.value, &value[..]);
        prop_assert_eq!(FileLength::from_prefix(&bytes).unwrap().total(), bytes.len());
    }

    #[test]
    fn tree_survives_the_way_through_indefinite_form(tree in tree()) {
        let mut ber = Vec::new();
        tree.write_indefinite(&mut ber);
        let mut der = Vec::new();
        tree.write_definite(&mut der);
        let (flattened, used) = to_definite(&ber).unwrap();
        prop_assert_eq!(used, ber.len());
        prop_assert_eq!(&*flattened, &der[..]);
    }
}

#[derive(Debug, Clone)]
enum Tree {
    Leaf(Vec<u8>),
    Node(Vec<Tree>),
}

impl Tree {
    fn write_indefinite(&self, out: &mut Vec<u8>) {
        match self {
            Self::Leaf(value) => out.extend(encode(0x0C, value)),
            Self::Node(children) => {
                out.extend([0x30, 0x80]);
                children
                    .iter()
                    .for_each(|child| child.write_indefinite(out));
                out.extend([0, 0]);
            }
        }
    }

    fn write_definite(&self, out: &mut Vec<u8>) {
        match self {
            Self::Leaf(value) => out.extend(encode(0x0C, value)),
            Self::Node(children) => {
                let mut content = Vec::new();
                children
                    .iter()
                    .for_each(|child| child.write_definite(&mut content));
                out.extend(encode(0x30, &content));
            }
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = proptest::collection::vec(any::<u8>(), 0..200).prop_map(Tree::Leaf);
    leaf.prop_recursive(5, 40, 5, |inner| {
        proptest::collection::vec(inner, 0..5).prop_map(Tree::Node)
    })
}
