//! What a login server answers to evidence: commands that the chip obeys.

use icao::chip_authentication::remote::{ReadPlan, RemoteChipAuthentication};
use icao::chip_authentication::strongest;
use icao::crypto::key_agreement::SecretKey;
use icao::lds::{Dg14, FileId};
use icao::simulator::SeededRandom;
use protocol::bindings::Binding;
use protocol::chip_authentication::Claims;
use protocol::encoding::{FixedOctets, Octets};
use protocol::evidence::{Evidence, sealed_hash};
use protocol::request::Request;

/// The server's end of Chip Authentication with the chip of this evidence, which reads a file, and what its message says.
pub(crate) fn answer(
    request: &Request,
    evidence: &Evidence,
    sealed: &str,
    file: FileId,
) -> (RemoteChipAuthentication, Claims) {
    let dg14 = Dg14::parse(evidence.dg14.as_ref().unwrap().as_slice()).unwrap();
    let options = dg14.security_infos().chip_authentication_options();
    let (option, chip_key) = strongest(&options).unwrap();
    let ephemeral = SecretKey::generate(chip_key.group(), &mut SeededRandom::new(b"server"));
    let public_key = ephemeral.public_key().unwrap();
    let asked = request.claims();
    let binding = Binding {
        origin: &asked.aud,
        request: request.hash(),
    };
    let tweak = binding
        .chip_authentication_tweak(evidence.sod.as_slice(), dg14.raw(), public_key.as_bytes())
        .unwrap();
    let plan = ReadPlan::for_link(
        file,
        evidence.link.sfi,
        95,
        option.protocol.suite,
        evidence.link.max_response as usize,
    );
    let remote = RemoteChipAuthentication::new(
        option.protocol,
        &ephemeral.multiply(&tweak).unwrap(),
        &chip_key,
        &plan,
    )
    .unwrap();
    let claims = Claims {
        iss: asked.iss.clone(),
        aud: asked.aud.clone(),
        jti: asked.jti.clone(),
        iat: asked.iat,
        exp: asked.iat + 60,
        evidence: FixedOctets::new(sealed_hash(sealed)),
        public_key: Octets::new(public_key.as_bytes().to_vec()).unwrap(),
        oid: option.protocol.oid().to_string().try_into().unwrap(),
        key_id: option.key.key_id.map(|id| id.0),
        commands: remote
            .commands()
            .iter()
            .map(|command| Octets::new(command.clone()).unwrap())
            .collect(),
    };
    (remote, claims)
}
