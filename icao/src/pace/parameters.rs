//! Which group PACE runs in, and which combinations the standard leaves out (Doc 9303-11, 9.2.1 and 9.5.1).

use crate::crypto::curve::NamedCurve;
use crate::crypto::key_agreement::Group;
use crate::lds::security_info::{Agreement, KeyId, Mapping, PaceInfo, PaceProtocol};

/// Version of PACE that Doc 9303 defines.
const VERSION: u64 = 2;

/// Why a PACEInfo cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParametersError {
    /// Another version than 2.
    #[error("PACE version {0} is not the one of Doc 9303")]
    Version(u64),
    /// The PACEInfo names no domain parameters.
    #[error("PACEInfo without domain parameters")]
    NoParameterId,
    /// Domain parameters that are not standardized, or reserved.
    #[error("PACE domain parameters {0} are not standardized")]
    UnknownParameterId(u64),
    /// A curve for a Diffie-Hellman protocol, or the other way round.
    #[error("PACE domain parameters are of another kind than the protocol")]
    KindMismatch,
    /// Integrated Mapping needs p = 3 mod 4, which the prime of secp224r1 is not (Doc 9303-11, table 12).
    #[error("Integrated Mapping does not exist over secp224r1")]
    IntegratedMappingOverSecp224r1,
    /// Chip Authentication Mapping is defined for elliptic curves and AES only (Doc 9303-11, 9.2.1).
    #[error("Chip Authentication Mapping is defined for elliptic curves and AES only")]
    ChipAuthenticationMapping,
}

/// A protocol with the group it runs in: what PACE can be started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceParameters {
    protocol: PaceProtocol,
    group: Group,
    parameter_id: KeyId,
}

impl PaceParameters {
    /// Looks up the standardized domain parameters (0 to 2 and 8 to 18) of a PACEInfo.
    ///
    /// # Errors
    /// A [`ParametersError`] that says why this PACEInfo cannot be carried out.
    pub fn from_info(info: &PaceInfo) -> Result<Self, ParametersError> {
        if info.version != VERSION {
            return Err(ParametersError::Version(info.version));
        }
        let id = info.parameter_id.ok_or(ParametersError::NoParameterId)?;
        let group = u8::try_from(id).ok().and_then(Group::from_parameter_id);
        Self::new(
            info.protocol,
            group.ok_or(ParametersError::UnknownParameterId(id))?,
            id,
        )
    }

    /// Combines a protocol with a group that the chip knows by `parameter_id`.
    ///
    /// # Errors
    /// [`ParametersError`] for combinations that the standard does not define.
    pub fn new(
        protocol: PaceProtocol,
        group: Group,
        parameter_id: u64,
    ) -> Result<Self, ParametersError> {
        let agreement = match group {
            Group::Curve(_) => Agreement::Ecdh,
            Group::Dh(_) => Agreement::Dh,
        };
        if agreement != protocol.agreement {
            return Err(ParametersError::KindMismatch);
        }
        match (protocol.mapping, &group) {
            (Mapping::Integrated, Group::Curve(NamedCurve::P224)) => {
                return Err(ParametersError::IntegratedMappingOverSecp224r1);
            }
            // The object identifier is the authority on which combinations exist.
            (Mapping::ChipAuthentication, _)
                if PaceProtocol::from_oid(&protocol.oid()) != Some(protocol) =>
            {
                return Err(ParametersError::ChipAuthenticationMapping);
            }
            _ => {}
        }
        Ok(Self {
            protocol,
            group,
            parameter_id: KeyId(parameter_id),
        })
    }

    /// The protocol.
    #[must_use]
    pub const fn protocol(&self) -> PaceProtocol {
        self.protocol
    }

    /// The group.
    #[must_use]
    pub const fn group(&self) -> &Group {
        &self.group
    }

    /// The content of data object 84 in MSE:Set AT.
    #[must_use]
    pub(super) fn reference(&self) -> Vec<u8> {
        self.parameter_id.to_bytes()
    }
}
