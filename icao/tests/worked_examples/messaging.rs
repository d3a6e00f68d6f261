//! Secure messaging with AES: a recorded session of a real chip, and known answers computed independently.

use icao::apdu::{Command, Response, StatusWord};
use icao::crypto::cipher::CipherSuite;
use icao::secure_messaging::{SecureMessaging, SecureMessagingError, SessionKeys};

use crate::{bytes, h, response};

fn keys(enc: &str, mac: &str) -> SessionKeys {
    SessionKeys::new(CipherSuite::Aes128, &h(enc), &h(mac)).unwrap()
}

/// The session keys of appendix G.1, whose counter starts at zero.
fn channel() -> SecureMessaging {
    SecureMessaging::new(keys(
        "F5F0E35C0D7161EE6724EE513A0D9A7F",
        "FE251C7858B356B24514B3BD5F4297D1",
    ))
}

/// Chip Authentication's MSE:Set AT on a real chip, in the middle of a session.
#[test]
fn recorded_session_of_a_chip() {
    let keys = keys(
        "CC86415F2ED7E8FD663B754265695AE1",
        "581E84B8EE06C4D3EEE30461498D7FB3",
    );
    let mut ssc = [0; 16];
    ssc[15] = 0xBA;
    let mut channel = SecureMessaging::with_counter(keys, &ssc).unwrap();
    let plain = Command::mse_set_at_chip_authentication(h("800A04007F000702020302028401C3"));
    assert_eq!(
        bytes(&channel.protect(&plain).unwrap()),
        "0C2241A41D871101980953D37F67558690045D78A853B18A8E08929767A2CEF172E200"
    );
    let answer = channel
        .unprotect(&response("990290008E08FC873EBB62219C8A9000"))
        .unwrap();
    assert_eq!(answer, Response::new(Vec::new(), StatusWord::OK));
}

#[test]
fn aes_known_answers() {
    let mut channel = channel();
    let com_18 = "04303130365F36063034303030305C026175";
    for (plain, protected, answer, data) in [
        (
            "00A4040C07A0000002471001",
            "0CA4040C1D871101752F676B09FAC86A87D632749A49C7CC8E08C18BA1FCE707BD9F00",
            "990290008E08BEA7B381C494A0799000",
            Some(""),
        ),
        (
            "00A4020C02011E",
            "0CA4020C1D8711016EC84E1358184515AB2D827D30A5C92A8E08403D53BA7533FA7800",
            "990290008E08E00BFFE5473D41409000",
            Some(""),
        ),
        (
            "00B0000004",
            "0CB000000D9701048E085F466809FF5A7CFA00",
            "871101589BBC0A6D42160A410E922BF9B053C0990290008E08D740B23B68972F959000",
            Some("60145F01"),
        ),
        (
            "00B0000412",
            "0CB000040D9701128E08BBBF5ED5E05496B900",
            "872101BEF82DED9B5D74478CBF57D8D9A97CA0A734BF04FDFFB15F3E9B17C4CF0C7FAD\
             990290008E08FEF6E216BE55241B9000",
            Some(com_18),
        ),
        (
            "00B0000000",
            "0CB000000D9701008E0864DA65790BA2039A00",
            "8721010450F58FB15A3A736FDC3BB9960915A15FE04E22307D0492AFCEA3FE616F2B33\
             990262828E087CD5954ED4CCF2206282",
            None,
        ),
        (
            "00B00000000000",
            "0CB0000000000E970200008E08D0F0F335A8A8B35E0000",
            "8711015D0A4E8A41C49333422FA105E85275A3990290008E081CF983F2CD85D4259000",
            None,
        ),
    ] {
        let plain = Command::parse(&h(plain)).unwrap();
        assert_eq!(bytes(&channel.protect(&plain).unwrap()), protected);
        let received = response(answer);
        let answer = channel.unprotect(&received).unwrap();
        assert_eq!(answer.status, received.status);
        if let Some(data) = data {
            assert_eq!(answer.data, h(data));
        }
    }
}

/// Every way in which an answer can be wrong ends the channel for good.
#[test]
fn the_first_failure_is_the_last() {
    let good = h("871101752F676B09FAC86A87D632749A49C7CC990290008E08BEA7B381C494A0799000");
    let mac = |data: &str| format!("{data}8E08000000000000000 0");
    for (answer, error) in [
        (
            "6988".to_owned(),
            SecureMessagingError::Bare(StatusWord(0x6988)),
        ),
        (
            "9000".to_owned(),
            SecureMessagingError::Bare(StatusWord::OK),
        ),
        (hex::encode(good), SecureMessagingError::Mac),
        (mac("99029000") + "9000", SecureMessagingError::Mac),
        (mac("") + "9000", SecureMessagingError::DataObject(0x99)),
        (
            mac("9901 90") + "9000",
            SecureMessagingError::DataObject(0x99),
        ),
        (
            mac("99029000 99029000") + "9000",
            SecureMessagingError::DataObject(0x99),
        ),
        (
            mac("870101 99029000") + "9000",
            SecureMessagingError::DataObject(0x87),
        ),
        (
            mac("8103010203 99029000") + "9000",
            SecureMessagingError::DataObject(0x81),
        ),
        (
            "99029000 8E0700000000000000 9000".to_owned(),
            SecureMessagingError::DataObject(0x8E),
        ),
        (
            "990290008E08BEA7B381C494A079 6282".to_owned(),
            SecureMessagingError::Status {
                outer: StatusWord(0x6282),
                inner: StatusWord::OK,
            },
        ),
    ] {
        let mut channel = channel();
        channel
            .protect(&Command::parse(&h("00A4040C07A0000002471001")).unwrap())
            .unwrap();
        assert_eq!(
            channel.unprotect(&response(&answer)),
            Err(error),
            "{answer}"
        );
        assert!(channel.is_poisoned());
        let again = channel.protect(&Command::get_challenge());
        assert_eq!(again, Err(SecureMessagingError::Poisoned));
    }
    for malformed in [
        "99029000",
        "9902",
        "00",
        "99029000 8E0800000000000000 00 9000 9000",
    ] {
        let mut channel = channel();
        channel.protect(&Command::get_challenge()).unwrap();
        let answer = response(&format!("{malformed}9000"));
        assert!(
            matches!(
                channel.unprotect(&answer),
                Err(SecureMessagingError::Malformed(_))
            ),
            "{malformed}"
        );
    }
}

#[test]
fn turns_and_counter_are_kept() {
    let mut lost_response = channel();
    lost_response.protect(&Command::get_challenge()).unwrap();
    let again = lost_response.protect(&Command::get_challenge());
    assert_eq!(again, Err(SecureMessagingError::OutOfTurn));
    assert!(lost_response.is_poisoned());

    let keys = keys(
        "F5F0E35C0D7161EE6724EE513A0D9A7F",
        "FE251C7858B356B24514B3BD5F4297D1",
    );
    let mut used_up = SecureMessaging::with_counter(keys.clone(), &[0xFF; 16]).unwrap();
    let wrapped = used_up.protect(&Command::get_challenge());
    assert_eq!(wrapped, Err(SecureMessagingError::CounterExhausted));
    let short = SecureMessaging::with_counter(keys, &[0; 8]);
    assert_eq!(short.unwrap_err(), SecureMessagingError::KeyLength);

    // A command that cannot be protected moves nothing.
    let mut channel = channel();
    let too_long = Command::new(0, 0xA4, 4, 0x0C).with_data(vec![0; 65_535]);
    assert_eq!(
        channel.protect(&too_long),
        Err(SecureMessagingError::Command)
    );
    let first = channel
        .protect(&Command::parse(&h("00A4040C07A0000002471001")).unwrap())
        .unwrap();
    assert!(bytes(&first).starts_with("0CA4040C1D871101752F676B"));
}

/// What a short response holds under each cipher, by building the longest one.
#[test]
fn capacities_are_exact() {
    assert_eq!(channel().max_response_data(256), 223);
    let triple = SessionKeys::new(CipherSuite::TripleDes, &[1; 16], &[2; 16]).unwrap();
    let triple = SecureMessaging::new(triple);
    assert_eq!(triple.max_response_data(256), 231);
    for channel in [triple, channel()] {
        let suite = channel.suite();
        for limit in 0..1200 {
            let most = channel.max_response_data(limit);
            let length = |data: usize| {
                let object = (data / suite.block_len() + 1) * suite.block_len() + 1;
                let header = match object {
                    0..0x80 => 2,
                    0x80..0x100 => 3,
                    _ => 4,
                };
                header + object + 4 + 10
            };
            assert!(most == 0 || length(most) <= limit);
            assert!(length(most + 1) > limit);
        }
    }
}

/// READ BINARY with odd INS carries its offset in data object 85, without padding indicator.
#[test]
fn odd_instructions_use_object_85() {
    let protected = channel()
        .protect(&Command::read_binary(0x8000, 100))
        .unwrap();
    assert_eq!(
        (
            protected.cla,
            protected.ins,
            protected.data[0],
            protected.data[1]
        ),
        (0x0C, 0xB1, 0x85, 0x10)
    );
    assert_eq!(protected.data[18..21], [0x97, 0x01, 100]);
}
