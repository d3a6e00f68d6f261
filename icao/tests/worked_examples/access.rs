//! Basic Access Control: Doc 9303-11, appendix D.

use icao::access_key::AccessKey;
use icao::apdu::{Command, Response, StatusWord};
use icao::bac::{Bac, BacError};
use icao::mrz::AccessFields;

use crate::{bytes, command, done, h, response};

const CHALLENGE: &str = "4608F91988702212 9000";
const CRYPTOGRAM: &str =
    "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449";

fn bac() -> Bac {
    let key = AccessKey::Mrz(AccessFields::new("L898902C", "690806", "940623").unwrap());
    let k_ifd = h("0B795240CB7049B01C19B33E32804F0B");
    Bac::new(
        &key,
        *h("781723860C06C226").first_chunk().unwrap(),
        *k_ifd.first_chunk().unwrap(),
    )
    .unwrap()
}

/// A terminal that has received RND.IC and sent its cryptogram.
fn authenticating() -> Bac {
    let mut bac = bac();
    assert_eq!(command(bac.next()), "0084000008");
    bac.receive(&response(CHALLENGE)).unwrap();
    assert_eq!(
        command(bac.next()),
        "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2\
         5F1448EEA8AD90A728"
    );
    bac
}

#[test]
fn appendix_d_opens_and_reads_ef_com() {
    let mut bac = authenticating();
    bac.receive(&response(&format!("{CRYPTOGRAM}9000")))
        .unwrap();
    let mut channel = done(bac.next());
    assert_eq!(bac.next().unwrap_err(), BacError::OutOfTurn);

    let mut com = Vec::new();
    for (plain, protected, answer, data) in [
        (
            Command::select_file(0x011E),
            "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
            "990290008E08FA855A5D4C50A8ED9000",
            "",
        ),
        (
            Command::read_binary(0, 4),
            "0CB000000D9701048E08ED6705417E96BA5500",
            "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
            "60145F01",
        ),
        (
            Command::read_binary(4, 18),
            "0CB000040D9701128E082EA28A70F3C7B53500",
            "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
            "04303130365F36063034303030305C026175",
        ),
    ] {
        assert_eq!(bytes(&channel.protect(&plain).unwrap()), protected);
        let answer = channel.unprotect(&response(answer)).unwrap();
        assert_eq!(answer, Response::new(h(data), StatusWord::OK));
        com.extend(answer.data);
    }
    assert_eq!(com, h("60145F0104303130365F36063034303030305C026175"));
}

#[test]
fn the_chip_must_prove_itself_too() {
    let good = h(CRYPTOGRAM);
    for position in [0, 31, 32, 39] {
        let mut bac = authenticating();
        let mut data = good.clone();
        data[position] ^= 1;
        assert_eq!(
            bac.receive(&Response::new(data, StatusWord::OK)),
            Err(BacError::Mac)
        );
        assert_eq!(bac.next().unwrap_err(), BacError::OutOfTurn);
    }
    for length in [0, 32, 39, 41] {
        let mut bac = authenticating();
        let mut data = good.clone();
        data.resize(length, 0);
        assert_eq!(
            bac.receive(&Response::new(data, StatusWord::OK)),
            Err(BacError::ResponseLength)
        );
    }
    // The terminal's own cryptogram is authentic, but holds the nonces in the other order.
    let mut bac = authenticating();
    let own = h("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A7");
    assert_eq!(
        bac.receive(&Response::new(own, StatusWord::OK)),
        Err(BacError::Nonce)
    );
}

#[test]
fn refusals_are_told_apart() {
    let status = |sw| Response::new(Vec::new(), StatusWord(sw));
    assert_eq!(
        bac().receive(&status(0x6D00)),
        Err(BacError::Challenge(StatusWord::WRONG_INS))
    );
    assert_eq!(
        bac().receive(&response("00 9000")),
        Err(BacError::ChallengeLength)
    );
    for sw in [0x6300, 0x63CF, 0x6982, 0x6988] {
        let wrong_key = Err(BacError::WrongKey(StatusWord(sw)));
        assert_eq!(authenticating().receive(&status(sw)), wrong_key);
    }
    let pace_only = Err(BacError::Authenticate(StatusWord::REFERENCE_NOT_FOUND));
    assert_eq!(authenticating().receive(&status(0x6A88)), pace_only);

    let can = AccessKey::can("123456").unwrap();
    assert_eq!(
        Bac::new(&can, [0; 8], [0; 16]).unwrap_err(),
        BacError::NotFromMrz
    );
    let mut open = bac().with_open_length();
    open.receive(&response(CHALLENGE)).unwrap();
    assert!(command(open.next()).ends_with("90A700"));
}
