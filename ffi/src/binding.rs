//! For whom and for which request a proof is made: the bindings of the project's protocol (docs/protocol.md).

use protocol::bindings::{self, TooLong};
use protocol::origin::Origin;
use protocol::request::RequestHash;
use sha2::{Digest, Sha256};

use crate::code::RdaCode;
use crate::failure::Failure;

/// Origin and request that a proof is bound to.
#[derive(Clone)]
pub(crate) struct Binding {
    origin: Origin,
    request: RequestHash,
}

impl Binding {
    /// `origin` in the spelling of a browser; `request` are the octets that terminal and verifier both have.
    pub(crate) fn new(origin: &str, request: &[u8]) -> Result<Self, Failure> {
        if request.is_empty() {
            return Err(Failure::argument("an empty request binds nothing"));
        }
        Ok(Self {
            origin: Origin::parse(origin).map_err(Failure::argument)?,
            request: RequestHash::from_bytes(Sha256::digest(request).into()),
        })
    }

    fn parts(&self) -> bindings::Binding<'_> {
        bindings::Binding {
            origin: &self.origin,
            request: &self.request,
        }
    }

    /// RND.IFD of Active Authentication.
    pub(crate) fn challenge(&self, sod: &[u8]) -> Result<[u8; 8], Failure> {
        self.parts().rnd_ifd(sod).map_err(too_long)
    }

    /// The factor t of Chip Authentication.
    pub(crate) fn tweak(
        &self,
        sod: &[u8],
        dg14: &[u8],
        public_key: &[u8],
    ) -> Result<[u8; 32], Failure> {
        self.parts()
            .chip_authentication_tweak(sod, dg14, public_key)
            .map_err(too_long)
    }
}

fn too_long(error: TooLong) -> Failure {
    Failure::new(RdaCode::Argument, error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Binding;

    /// The published vectors of the protocol, from the octets that a verifier signs.
    #[test]
    fn bindings_are_those_of_the_protocol() {
        let file = include_str!("../../protocol/tests/vectors/bindings.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        let vectors = file["vectors"].as_array().unwrap();
        assert!(vectors.len() > 20);
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap();
            let octets = |name: &str| hex::decode(text(name)).unwrap();
            let request = text("request_signing_input").as_bytes();
            let binding = Binding::new(text("origin"), request).unwrap();
            let (sod, dg14, key) = (octets("sod"), octets("dg14"), octets("public_key"));
            assert_eq!(
                binding.challenge(&sod).unwrap().as_slice(),
                octets("rnd_ifd")
            );
            assert_eq!(
                binding.tweak(&sod, &dg14, &key).unwrap().as_slice(),
                octets("tweak_before_reduction")
            );
        }
    }
}
