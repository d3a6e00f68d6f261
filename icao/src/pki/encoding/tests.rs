#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn objects_of(file: &[u8]) -> Vec<Vec<u8>> {
    objects(file).map(Result::unwrap).collect()
}

/// Something that begins like a certificate.
fn certificate(fill: u8) -> Vec<u8> {
    let inner = [
        &[0x30, 0x82, 0x01, 0x00, 0xA0, 0x03, 0x02, 0x01, 0x02][..],
        &[fill; 251],
        &[0x30, 0x00],
        &[0x03, 0x02, 0x00, fill],
    ]
    .concat();
    let len = u16::try_from(inner.len()).unwrap().to_be_bytes();
    [&[0x30, 0x82][..], &len, &inner].concat()
}

fn pem(object: &[u8]) -> String {
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        Base64::encode_string(object)
    )
}

#[test]
fn binary_and_pem_files_hold_the_same_objects() {
    let expected = [vec![0x30, 0x01, 0x00], vec![0x30, 0x00]];
    assert_eq!(objects_of(&[0x30, 0x01, 0x00, 0x30, 0x00]), expected);
    let text = b"subject=x\r\n-----BEGIN CERTIFICATE-----\r\nMAE\nA\n-----END CERTIFICATE-----\n\
                 -----BEGIN X-----MAA=-----END X-----";
    assert_eq!(objects_of(text), expected);
    assert!(objects_of(b"").is_empty());
    assert!(objects_of(b"# Certificates of states\n\nNone yet.\n").is_empty());
    let marked = [
        BYTE_ORDER_MARK,
        b"O=Minist\xC3\xA8re\n",
        pem(&[0x30, 0]).as_bytes(),
    ]
    .concat();
    assert_eq!(objects_of(&marked), [vec![0x30, 0]]);
    let headed = b"-----BEGIN X-----\nProc-Type: 4,CLEAR\n\nMAA=\n-----END X-----\n";
    assert_eq!(objects_of(headed), [vec![0x30, 0]]);
}

#[test]
fn fill_between_binary_objects_is_passed_over() {
    let (one, two) = (certificate(1), certificate(2));
    let file = [&one[..], b"\r\n", &two, &[0; 16]].concat();
    assert_eq!(objects_of(&file), [one, two]);
    let indefinite = [&[0x30, 0x80, 0x02, 0x01, 0x05, 0, 0][..], &certificate(3)].concat();
    assert_eq!(objects_of(&indefinite).len(), 2);
}

#[test]
fn directory_files_and_bare_base64_are_read() {
    let object = certificate(7);
    let base64 = Base64::encode_string(&object);
    assert_eq!(objects_of(base64.as_bytes()), std::slice::from_ref(&object));
    let (first, rest) = base64.split_at(40);
    let ldif = format!(
        "version: 1\n\ndn: cn=x,c=NL\ncn:: eA==\nuserCertificate;binary:: {first}\n {rest}\nsn: 1\n\n\
         dn: o=y\ncertificateRevocationList;binary:: {base64}\n"
    );
    assert_eq!(objects_of(ldif.as_bytes()), [object.clone(), object]);
}

#[test]
fn a_malformed_part_does_not_take_the_others_away() {
    for file in [
        &b"-----BEGIN X-----\nMAE"[..],
        b"-----BEGIN X",
        b"-----BEGIN X-----\n!!\n-----END X-----",
    ] {
        let found: Vec<_> = objects(file).map(Result::unwrap_err).collect();
        let [malformed] = found.as_slice() else {
            panic!("one part");
        };
        assert_eq!(malformed.error, PkiError::Pem);
        assert!(file.starts_with(&malformed.part) && malformed.part.len() > 10);
    }
    let object = certificate(4);
    let broken = format!(
        "-----BEGIN X-----\nMAE\n{0}-----BEGIN X-----\n?\n-----END X-----\n{0}",
        pem(&object)
    );
    let outcomes: Vec<_> = objects(broken.as_bytes())
        .map(|object| object.ok())
        .collect();
    assert_eq!(
        outcomes,
        [None, Some(object.clone()), None, Some(object.clone())]
    );

    let file = [
        &object[..],
        &[0xFF, 0xFF, 0xFF],
        &object,
        &[0x30, 0x85],
        &object,
    ]
    .concat();
    let outcomes: Vec<_> = objects(&file).map(|object| object.ok()).collect();
    let some = Some(object);
    assert_eq!(outcomes, [some.clone(), None, some.clone(), None, some]);
    assert!(objects(&[0x30, 0x05, 0x00]).next().unwrap().is_err());
    assert!(
        objects(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF])
            .next()
            .unwrap()
            .is_err()
    );
}

/// A part that is none is told whole, so that its digest is the one of the file it stands in.
#[test]
fn what_is_malformed_is_one_part() {
    let object = certificate(5);
    let (cut, _) = object.split_at(100);
    let picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0";
    for file in [cut, &picture[..], &object[1..]] {
        let found: Vec<_> = objects(file).map(Result::unwrap_err).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].part, file);
    }
    // The signer that came along in EF.SOD is no object of its own, nor is one behind the file.
    let sod = crate::tlv::encode(0x77, &object);
    let found: Vec<_> = objects(&sod).collect();
    assert!(matches!(found.as_slice(), [Err(whole)] if whole.part == sod));
    let found: Vec<_> = objects(&[&sod[..], &object].concat()).collect();
    assert!(matches!(found.as_slice(), [Err(_), Ok(behind)] if *behind == object));
    // One that was cut does not take the next one with it, wherever it was cut.
    for len in [40, 100, object.len() - 1] {
        let file = [&object[..len], &object, &object].concat();
        let found: Vec<_> = objects(&file).collect();
        assert_eq!(found.len(), 3, "{len}");
        assert_eq!(found[0].as_ref().unwrap_err().part, object[..len]);
        assert_eq!(found[2].as_deref(), Ok(&object[..]));
    }
}

/// Signed data that nobody signed, as other programs write them: `openssl crl2pkcs7 -nocrl`.
#[test]
fn a_bag_of_certificates_is_what_is_in_it() {
    use crate::tlv::encode;
    let signed_data = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];
    let data = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1];
    let (one, two) = (certificate(1), certificate(2));
    let bag = |signers: &[u8]| {
        let fields = [
            encode(0x02, &[1]),
            encode(0x31, &[]),
            encode(0x30, &data),
            encode(0xA0, &[&one[..], &two].concat()),
            encode(0x31, signers),
        ];
        let explicit = encode(0xA0, &encode(0x30, &fields.concat()));
        encode(0x30, &[&signed_data[..], &explicit].concat())
    };
    let unsigned = bag(&[]);
    assert_eq!(objects_of(&unsigned), [one.clone(), two.clone()]);
    let text = pem(&unsigned).replace("CERTIFICATE", "PKCS7");
    let file = [text.as_bytes(), pem(&one).as_bytes()].concat();
    assert_eq!(objects_of(&file), [one.clone(), two.clone(), one.clone()]);
    let signed = bag(&encode(0x30, &[]));
    assert_eq!(objects_of(&signed), [signed]);
}

#[test]
fn a_comment_may_stand_before_the_entries_of_a_directory() {
    let base64 = Base64::encode_string(&certificate(3));
    let file = format!("# made in 2026\n#\n\ndn: c=NL\nuserCertificate;binary:: {base64}\n");
    assert_eq!(objects_of(file.as_bytes()), [certificate(3)]);
}

proptest! {
    /// Objects do not depend on where the pieces of a file end, and no bytes hang or crash the reader.
    #[test]
    fn pieces_make_no_difference(
        parts in proptest::collection::vec((0u8..6, any::<u8>()), 0..6),
        noise in proptest::collection::vec(any::<u8>(), 0..40),
        piece in 1usize..70,
    ) {
        let mut file = Vec::new();
        for (kind, fill) in parts {
            match kind {
                0..=2 => file.extend(certificate(fill)),
                3 => file.extend(pem(&certificate(fill)).into_bytes()),
                4 => file.extend(&noise),
                _ => file.extend(b"\n\0"),
            }
        }
        let whole: Vec<_> = objects(&file).collect();
        let mut pieces = Objects::new();
        let mut found = Vec::new();
        for piece in file.chunks(piece) {
            pieces.feed(piece);
            found.extend(core::iter::from_fn(|| pieces.next_object()));
        }
        pieces.finish();
        found.extend(core::iter::from_fn(|| pieces.next_object()));
        prop_assert_eq!(whole, found);
    }
}
