//! Which group PACE runs in, and which combinations the standard leaves out (Doc 9303-11, 9.2.1 and 9.5.1).

use crate::crypto::curve::NamedCurve;
use crate::crypto::key_agreement::Group;
use crate::crypto::public_key_info::PublicKeyInfoError;
use crate::lds::security_info::{
    Agreement, KeyId, Mapping, PaceDomainParameterInfo, PaceInfo, PaceProtocol, SecurityInfos,
};
use crate::tlv;

/// Version of PACE that Doc 9303 defines.
const VERSION: u64 = 2;
/// Largest number that is, or is reserved for, standardized domain parameters (Doc 9303-11, 9.5.1).
const LAST_STANDARDIZED: u64 = 31;

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
    /// The PACEDomainParameterInfo that the PACEInfo refers to is absent, or there are several.
    #[error("PACEInfo refers to no single PACEDomainParameterInfo")]
    NoDomainParameterInfo,
    /// The domain parameters given on the chip cannot be used.
    #[error("PACE domain parameters of the chip: {0}")]
    DomainParameters(#[from] PublicKeyInfoError),
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
    parameter_id: Option<KeyId>,
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
            Some(id),
        )
    }

    /// Looks up the domain parameters of a PACEInfo, in the PACEDomainParameterInfos beside it where they are not
    /// standardized (Doc 9303-11, 9.2.2). Curves must be known ones, whatever their form.
    ///
    /// # Errors
    /// As [`Self::from_info`], and [`ParametersError::NoDomainParameterInfo`], [`ParametersError::DomainParameters`].
    pub fn from_infos(info: &PaceInfo, infos: &SecurityInfos) -> Result<Self, ParametersError> {
        if info.version != VERSION || info.parameter_id.is_some_and(|id| id <= LAST_STANDARDIZED) {
            return Self::from_info(info);
        }
        // A PACEInfo without reference means the only parameters of its kind.
        let meant = |given: &&PaceDomainParameterInfo| {
            given.agreement == info.protocol.agreement
                && (info.parameter_id.is_none() || info.parameter_id == given.parameter_id)
        };
        let mut candidates = infos.pace_domain_parameters().filter(meant);
        let (Some(given), None) = (candidates.next(), candidates.next()) else {
            return Err(ParametersError::NoDomainParameterInfo);
        };
        let group = Group::from_algorithm_identifier(&given.domain_parameter)?;
        Self::new(info.protocol, group, info.parameter_id)
    }

    /// Combines a protocol with a group that the chip knows by `parameter_id`, or that is its only one.
    ///
    /// # Errors
    /// [`ParametersError`] for combinations that the standard does not define.
    pub fn new(
        protocol: PaceProtocol,
        group: Group,
        parameter_id: Option<u64>,
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
            parameter_id: parameter_id.map(KeyId),
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

    /// Data object 84 of MSE:Set AT; nothing where the chip itself has no number for its parameters.
    pub(super) fn reference(&self) -> Vec<u8> {
        self.parameter_id
            .map_or_else(Vec::new, |id| tlv::encode(0x84, &id.to_bytes()))
    }
}
