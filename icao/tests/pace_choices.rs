//! What the terminal makes of what EF.CardAccess offers: domain parameters that are spelled out, and the proof that comes
//! with PACE itself.
#![cfg(feature = "simulator")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use icao::access_key::AccessKey;
use icao::crypto::cipher::CipherSuite;
use icao::crypto::curve::NamedCurve;
use icao::crypto::key_agreement::Group;
use icao::lds::{CardSecurity, FileId};
use icao::mrz::AccessFields;
use icao::simulator::{
    Chip, ChipBuilder, Holder, Mapping, PaceVariant, Profile, SeededRandom, SimulatedLink,
};
use icao::terminal::{AccessProtocol, Error, Policy, Terminal};
use icao::transport::Limits;

fn keys(holder: &Holder) -> [AccessKey; 1] {
    let fields = AccessFields::new(
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
    );
    [AccessKey::Mrz(fields.unwrap())]
}

/// Opens the chip and hands the terminal on.
fn opened<T>(builder: ChipBuilder, then: impl FnOnce(&mut Terminal<'_>, AccessProtocol) -> T) -> T {
    let mut link = SimulatedLink::new(builder.build().unwrap());
    let mut rng = SeededRandom::new(b"terminal");
    let mut on_event = |_| {};
    let keys = keys(&Profile::NlPassport2011.holder());
    let mut terminal = Terminal::new(&mut link, &mut rng, Policy::default(), &mut on_event);
    let access = terminal.open(&keys).unwrap();
    then(&mut terminal, access)
}

fn parameter_id(access: AccessProtocol) -> Option<u64> {
    match access {
        AccessProtocol::Pace(info) => info.parameter_id,
        AccessProtocol::Bac => None,
    }
}

#[test]
fn domain_parameters_that_are_spelled_out_open_a_chip() {
    for (curve, dh) in [
        (Some(NamedCurve::BrainpoolP320r1), None),
        (Some(NamedCurve::P256), None),
        (None, Some(2)),
    ] {
        let group = match (curve, dh) {
            (Some(curve), _) => Group::Curve(curve),
            (None, id) => Group::from_parameter_id(id.unwrap()).unwrap(),
        };
        for mapping in [Mapping::Generic, Mapping::Integrated] {
            let pace =
                PaceVariant::with_domain_parameters(mapping, CipherSuite::Aes128, 77, &group);
            // A key of a DH group does not fit a short APDU.
            let builder = Chip::passport()
                .pace(pace.unwrap())
                .without_bac()
                .limits(Limits::EXTENDED);
            opened(builder, |terminal, access| {
                assert_eq!(parameter_id(access), Some(77));
                assert!(terminal.read(FileId::EF_SOD).is_ok());
            });
        }
    }
}

#[test]
fn the_larger_curve_is_chosen_whatever_its_number() {
    let spelled_out = |id, curve| {
        let group = Group::Curve(curve);
        PaceVariant::with_domain_parameters(Mapping::Generic, CipherSuite::Aes128, id, &group)
            .unwrap()
    };
    let standardized = PaceVariant::new(Mapping::Generic, CipherSuite::Aes128, 16).unwrap();
    // A high number is no strength.
    let builder = Chip::passport()
        .pace(spelled_out(99, NamedCurve::P256))
        .pace(standardized.clone());
    opened(builder, |_, access| {
        assert_eq!(parameter_id(access), Some(16))
    });
    let builder = Chip::passport()
        .pace(standardized_dh())
        .pace(spelled_out(40, NamedCurve::P256));
    opened(builder, |_, access| {
        assert_eq!(parameter_id(access), Some(40))
    });
}

fn standardized_dh() -> PaceVariant {
    PaceVariant::new(Mapping::Generic, CipherSuite::Aes128, 2).unwrap()
}

fn mapping_chip() -> ChipBuilder {
    let group = Group::Curve(NamedCurve::BrainpoolP256r1);
    let pace = PaceVariant::new(Mapping::ChipAuthentication, CipherSuite::Aes128, 13).unwrap();
    Chip::passport()
        .pace(pace)
        .chip_authentication(&group, None, &[CipherSuite::Aes128])
        .unwrap()
}

#[test]
fn chip_authentication_mapping_proves_the_key_of_card_security() {
    for (builder, genuine) in [(mapping_chip(), true), (mapping_chip().cloned(), false)] {
        opened(builder, |terminal, _| {
            let file = terminal.card_security().unwrap().unwrap();
            let file = CardSecurity::parse(&file).unwrap();
            let mapping = terminal.chip_authentication_mapping().unwrap();
            let mut keys = file.security_infos().chip_authentication_keys();
            let proven = keys.any(|key| mapping.proves(&key.public_key().unwrap()));
            assert_eq!(proven, genuine);
            // The application is selected again.
            assert!(terminal.read(FileId::EF_SOD).is_ok());
        });
    }
    let gm = PaceVariant::new(Mapping::Generic, CipherSuite::Aes128, 12).unwrap();
    opened(Chip::passport().pace(gm), |terminal, _| {
        assert!(terminal.chip_authentication_mapping().is_none());
        assert_eq!(terminal.card_security(), Ok(None));
    });
    opened(Chip::passport(), |terminal, access| {
        assert_eq!(access, AccessProtocol::Bac);
        assert_eq!(terminal.card_security(), Err(Error::NotOpened));
    });
}
