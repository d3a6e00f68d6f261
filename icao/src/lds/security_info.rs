//! SecurityInfos (Doc 9303-11 9.2): what a chip supports, told in EF.CardAccess, EF.CardSecurity and DG14.

use der::asn1::ObjectIdentifier;

use super::LdsError;
use crate::crypto::cipher::CipherSuite;
use crate::crypto::hash::HashAlgorithm;
use crate::tlv::asn1::{SEQUENCE, SET};
use crate::tlv::{Reader, Tlv, TlvError};
use crate::tolerance::{Tolerance, Tolerances};

/// Most SecurityInfos read from one set. Real sets hold a dozen.
const MAX_SECURITY_INFOS: usize = 256;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// id-PK: Chip Authentication public keys (Doc 9303-11 9.2.6).
const ID_PK: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.1");
/// id-TA: Terminal Authentication (Doc 9303-11 9.2.7).
const ID_TA: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2");
/// id-CA: Chip Authentication protocols.
const ID_CA: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.3");
/// id-PACE: PACE protocols.
const ID_PACE: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4");
/// id-icao-mrtd-security-aaProtocolObject (Doc 9303-11 9.2.3).
const ID_AA: ObjectIdentifier = oid("2.23.136.1.1.5");

/// The key agreement of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agreement {
    /// Diffie-Hellman in a multiplicative group.
    Dh,
    /// Diffie-Hellman over an elliptic curve.
    Ecdh,
}

/// How PACE maps the nonce to a generator (Doc 9303-11 4.4.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mapping {
    /// Generic Mapping.
    Generic,
    /// Integrated Mapping.
    Integrated,
    /// Chip Authentication Mapping.
    ChipAuthentication,
}

/// A PACE protocol, as its object identifier names it (Doc 9303-11 9.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaceProtocol {
    /// Mapping of the nonce.
    pub mapping: Mapping,
    /// Kind of key agreement.
    pub agreement: Agreement,
    /// Cipher of secure messaging.
    pub suite: CipherSuite,
}

/// Third-last arc of the PACE identifiers for each mapping and agreement.
const PACE_ARCS: [(u32, Mapping, Agreement); 5] = [
    (1, Mapping::Generic, Agreement::Dh),
    (2, Mapping::Generic, Agreement::Ecdh),
    (3, Mapping::Integrated, Agreement::Dh),
    (4, Mapping::Integrated, Agreement::Ecdh),
    (6, Mapping::ChipAuthentication, Agreement::Ecdh),
];

/// Last arc of the identifiers of PACE and Chip Authentication for each cipher.
const SUITE_ARCS: [(u32, CipherSuite); 4] = [
    (1, CipherSuite::TripleDes),
    (2, CipherSuite::Aes128),
    (3, CipherSuite::Aes192),
    (4, CipherSuite::Aes256),
];

/// Last arc of the identifiers of key agreements.
const AGREEMENT_ARCS: [(u32, Agreement); 2] = [(1, Agreement::Dh), (2, Agreement::Ecdh)];

fn suite_from_arc(arc: u32) -> Option<CipherSuite> {
    SUITE_ARCS
        .iter()
        .find(|(known, _)| *known == arc)
        .map(|(_, suite)| *suite)
}

fn agreement_from_arc(arc: u32) -> Option<Agreement> {
    AGREEMENT_ARCS
        .iter()
        .find(|(known, _)| *known == arc)
        .map(|(_, agreement)| *agreement)
}

/// `base` with one or two arcs behind it. The bases are constants of this module, with room for more arcs.
fn extend(base: ObjectIdentifier, arcs: &[u32]) -> ObjectIdentifier {
    arcs.iter()
        .fold(base, |oid, arc| oid.push_arc(*arc).unwrap_or(oid))
}

/// The arcs of `oid` behind `base`, if it begins with it.
fn arcs_behind(oid: &ObjectIdentifier, base: &ObjectIdentifier) -> Option<Vec<u32>> {
    let mut arcs = oid.arcs();
    base.arcs()
        .all(|arc| arcs.next() == Some(arc))
        .then(|| arcs.collect())
}

impl PaceProtocol {
    /// The protocol of an object identifier id-PACE-*-*-*.
    #[must_use]
    pub fn from_oid(oid: &ObjectIdentifier) -> Option<Self> {
        let &[kind, suite] = arcs_behind(oid, &ID_PACE)?.as_slice() else {
            return None;
        };
        let (_, mapping, agreement) = *PACE_ARCS.iter().find(|(arc, ..)| *arc == kind)?;
        let suite = suite_from_arc(suite)?;
        // Chip Authentication Mapping is not defined with 3DES (Doc 9303-11 9.2.1).
        if mapping == Mapping::ChipAuthentication && suite == CipherSuite::TripleDes {
            return None;
        }
        Some(Self {
            mapping,
            agreement,
            suite,
        })
    }

    /// The object identifier. A combination that Doc 9303 does not define (Chip Authentication Mapping over a
    /// multiplicative group) has the one of Generic Mapping.
    #[must_use]
    pub fn oid(&self) -> ObjectIdentifier {
        let kind = PACE_ARCS
            .iter()
            .find(|(_, mapping, agreement)| {
                (*mapping, *agreement) == (self.mapping, self.agreement)
            })
            .map_or(1, |(arc, ..)| *arc);
        extend(ID_PACE, &[kind, suite_arc(self.suite)])
    }
}

fn suite_arc(suite: CipherSuite) -> u32 {
    match suite {
        CipherSuite::TripleDes => 1,
        CipherSuite::Aes128 => 2,
        CipherSuite::Aes192 => 3,
        CipherSuite::Aes256 => 4,
    }
}

/// PACEInfo (Doc 9303-11 9.2.1): one way in which the chip does PACE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceInfo {
    /// The protocol.
    pub protocol: PaceProtocol,
    /// Version, 2.
    pub version: u64,
    /// Standardized domain parameters, or the reference of a [`PaceDomainParameterInfo`]; absent if there is just one.
    pub parameter_id: Option<u64>,
}

/// PACEDomainParameterInfo (Doc 9303-11 9.2.2): domain parameters that are not standardized, or named outside PACEInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceDomainParameterInfo {
    /// Kind of key agreement.
    pub agreement: Agreement,
    /// AlgorithmIdentifier, DER.
    pub domain_parameter: Vec<u8>,
    /// The reference that PACEInfo uses.
    pub parameter_id: Option<u64>,
}

/// A Chip Authentication protocol, as its object identifier names it (Doc 9303-11 9.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChipAuthenticationProtocol {
    /// Kind of key agreement.
    pub agreement: Agreement,
    /// Cipher of secure messaging afterwards.
    pub suite: CipherSuite,
}

impl ChipAuthenticationProtocol {
    /// The protocol of an object identifier id-CA-*-*.
    #[must_use]
    pub fn from_oid(oid: &ObjectIdentifier) -> Option<Self> {
        let &[agreement, suite] = arcs_behind(oid, &ID_CA)?.as_slice() else {
            return None;
        };
        Some(Self {
            agreement: agreement_from_arc(agreement)?,
            suite: suite_from_arc(suite)?,
        })
    }

    /// The object identifier.
    #[must_use]
    pub fn oid(&self) -> ObjectIdentifier {
        let agreement = match self.agreement {
            Agreement::Dh => 1,
            Agreement::Ecdh => 2,
        };
        extend(ID_CA, &[agreement, suite_arc(self.suite)])
    }
}

/// ChipAuthenticationInfo (Doc 9303-11 9.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationInfo {
    /// The protocol.
    pub protocol: ChipAuthenticationProtocol,
    /// Version: 1 for what Doc 9303 defines; 2 and 3 are protocols of TR-03110 for other documents.
    pub version: u64,
    /// Which key is meant, if there are several.
    pub key_id: Option<KeyId>,
}

/// Reference of a private key in the chip (DO 84 of MSE:Set AT).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub u64);

impl KeyId {
    /// Big-endian without leading zero bytes, at least one byte: C3, not 00 C3, which some chips refuse.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let bytes = self.0.to_be_bytes();
        let start = bytes
            .iter()
            .position(|byte| *byte != 0)
            .unwrap_or(bytes.len() - 1);
        bytes.iter().copied().skip(start).collect()
    }
}

/// ChipAuthenticationPublicKeyInfo (Doc 9303-11 9.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationPublicKeyInfo {
    /// Kind of key agreement, as the object identifier id-PK-* says.
    pub agreement: Agreement,
    /// SubjectPublicKeyInfo as in the file.
    pub public_key_info: Vec<u8>,
    /// The reference of the key, if the chip has several.
    pub key_id: Option<KeyId>,
}

/// ActiveAuthenticationInfo (Doc 9303-11 9.2.3): with which hash the chip signs by ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveAuthenticationInfo {
    /// Version, 1.
    pub version: u64,
    /// Signature algorithm, an object identifier ecdsa-plain-* of TR-03111 5.2.1.1.
    pub signature_algorithm: ObjectIdentifier,
}

impl ActiveAuthenticationInfo {
    /// The hash the signature algorithm names, under the plain (TR-03111) or the ANSI X9.62 identifiers.
    #[must_use]
    pub fn hash(&self) -> Option<HashAlgorithm> {
        const PLAIN: ObjectIdentifier = oid("0.4.0.127.0.7.1.1.4.1");
        const ANSI_SHA2: ObjectIdentifier = oid("1.2.840.10045.4.3");
        const ANSI_SHA1: ObjectIdentifier = oid("1.2.840.10045.4.1");
        if self.signature_algorithm == ANSI_SHA1 {
            return Some(HashAlgorithm::Sha1);
        }
        let plain = arcs_behind(&self.signature_algorithm, &PLAIN);
        let ansi = arcs_behind(&self.signature_algorithm, &ANSI_SHA2);
        match (plain.as_deref(), ansi.as_deref()) {
            (Some([1]), _) => Some(HashAlgorithm::Sha1),
            (Some([2]), _) | (_, Some([1])) => Some(HashAlgorithm::Sha224),
            (Some([3]), _) | (_, Some([2])) => Some(HashAlgorithm::Sha256),
            (Some([4]), _) | (_, Some([3])) => Some(HashAlgorithm::Sha384),
            (Some([5]), _) | (_, Some([4])) => Some(HashAlgorithm::Sha512),
            _ => None,
        }
    }
}

/// TerminalAuthenticationInfo (Doc 9303-11 9.2.7); this crate reads past it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalAuthenticationInfo {
    /// Version: 1 or 2.
    pub version: u64,
}

/// One element of SecurityInfos.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityInfo {
    /// Active Authentication.
    ActiveAuthentication(ActiveAuthenticationInfo),
    /// Chip Authentication.
    ChipAuthentication(ChipAuthenticationInfo),
    /// A key of Chip Authentication.
    ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo),
    /// PACE.
    Pace(PaceInfo),
    /// Domain parameters of PACE.
    PaceDomainParameter(PaceDomainParameterInfo),
    /// Terminal Authentication.
    TerminalAuthentication(TerminalAuthenticationInfo),
    /// A known object identifier, and behind it another syntax than belongs to it.
    Malformed(ObjectIdentifier),
    /// Any other object identifier; its content is not looked at.
    Unknown(ObjectIdentifier),
}

/// A way to do Chip Authentication: a protocol and the key it is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationOption<'a> {
    /// The protocol.
    pub protocol: ChipAuthenticationProtocol,
    /// The key of the chip.
    pub key: &'a ChipAuthenticationPublicKeyInfo,
    /// No ChipAuthenticationInfo names the protocol, so version 1 with 3DES holds (TR-03110-3 A.1.1.2 note).
    pub inferred: bool,
}

/// SecurityInfos, parsed: known elements in the order of the file, unknown ones named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityInfos {
    infos: Vec<SecurityInfo>,
    tolerances: Tolerances,
}

impl SecurityInfos {
    /// Reads a SET OF SecurityInfo. Unknown ones are kept by name only, malformed ones by name and recorded (left out if
    /// they have none), duplicates kept and recorded, bytes after the set recorded.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] if `bytes` begin with no SET of data objects, or with one of more than 256.
    pub fn parse(bytes: &[u8]) -> Result<Self, LdsError> {
        let mut tolerances = Tolerances::new();
        let (set, rest) = Tlv::split(bytes)?;
        if !rest.is_empty() {
            tolerances.record(Tolerance::TrailingBytes);
        }
        let mut infos = Vec::new();
        for (count, element) in set.expect(SET)?.children().enumerate() {
            if count == MAX_SECURITY_INFOS {
                return Err(TlvError::TooMany.into());
            }
            match SecurityInfo::parse(element?, &mut tolerances) {
                Ok(info) => {
                    let is_understood =
                        !matches!(info, SecurityInfo::Unknown(_) | SecurityInfo::Malformed(_));
                    if is_understood && infos.contains(&info) {
                        tolerances.record(Tolerance::DuplicateSecurityInfo);
                    }
                    infos.push(info);
                }
                Err(_) => tolerances.record(Tolerance::MalformedSecurityInfo),
            }
        }
        Ok(Self { infos, tolerances })
    }

    /// All elements, in the order of the file.
    #[must_use]
    pub fn infos(&self) -> &[SecurityInfo] {
        &self.infos
    }

    /// Deviations met.
    #[must_use]
    pub fn tolerances(&self) -> &Tolerances {
        &self.tolerances
    }

    /// The offers of PACE: those that [`SecurityInfos::pace`] gives, and by their names those that are malformed or of a
    /// protocol not known here.
    pub fn pace_offers(&self) -> impl Iterator<Item = &SecurityInfo> {
        self.infos.iter().filter(|info| match info {
            SecurityInfo::Pace(_) => true,
            SecurityInfo::Malformed(protocol) | SecurityInfo::Unknown(protocol) => {
                // One arc behind it names domain parameters, two a protocol.
                arcs_behind(protocol, &ID_PACE).is_some_and(|arcs| arcs.len() == 2)
            }
            _ => false,
        })
    }

    /// Whether PACE is offered at all.
    #[must_use]
    pub fn offers_pace(&self) -> bool {
        self.pace_offers().next().is_some()
    }

    /// Whether these SecurityInfos, which are signed (DG14), bear out what an unsigned EF.CardAccess says of PACE (Doc
    /// 9303-11 9.2.11): it has an offer that is named here, and none that a terminal understands without being named here.
    /// `None` where nothing is named here, as in older documents.
    #[must_use]
    pub fn bear_out_pace(&self, shown: &Self) -> Option<bool> {
        self.offers_pace().then(|| {
            let mut offers = shown.pace_offers();
            offers.any(|offer| self.infos.contains(offer))
                && shown
                    .pace()
                    .all(|way| self.pace().any(|named| named == way))
        })
    }

    /// The ways of PACE.
    pub fn pace(&self) -> impl Iterator<Item = &PaceInfo> {
        self.infos.iter().filter_map(|info| {
            if let SecurityInfo::Pace(info) = info {
                Some(info)
            } else {
                None
            }
        })
    }

    /// Domain parameters of PACE that are given here.
    pub fn pace_domain_parameters(&self) -> impl Iterator<Item = &PaceDomainParameterInfo> {
        self.infos.iter().filter_map(|info| {
            if let SecurityInfo::PaceDomainParameter(info) = info {
                Some(info)
            } else {
                None
            }
        })
    }

    /// The protocols of Chip Authentication, of every version.
    pub fn chip_authentication(&self) -> impl Iterator<Item = &ChipAuthenticationInfo> {
        self.infos.iter().filter_map(|info| {
            if let SecurityInfo::ChipAuthentication(info) = info {
                Some(info)
            } else {
                None
            }
        })
    }

    /// The keys of Chip Authentication.
    pub fn chip_authentication_keys(
        &self,
    ) -> impl Iterator<Item = &ChipAuthenticationPublicKeyInfo> {
        self.infos.iter().filter_map(|info| {
            if let SecurityInfo::ChipAuthenticationPublicKey(info) = info {
                Some(info)
            } else {
                None
            }
        })
    }

    /// How the chip signs in Active Authentication, where the key alone does not tell.
    #[must_use]
    pub fn active_authentication(&self) -> Option<&ActiveAuthenticationInfo> {
        self.infos.iter().find_map(|info| {
            if let SecurityInfo::ActiveAuthentication(info) = info {
                Some(info)
            } else {
                None
            }
        })
    }

    /// Every way to do Chip Authentication version 1: each key with the protocols that name it, in the order of the file.
    /// Where no ChipAuthenticationInfo belongs to a key, 3DES is inferred, as some states' chips need it.
    #[must_use]
    pub fn chip_authentication_options(&self) -> Vec<ChipAuthenticationOption<'_>> {
        let mut options = Vec::new();
        for key in self.chip_authentication_keys() {
            let named: Vec<_> = self
                .chip_authentication()
                .filter(|info| info.version == 1 && info.protocol.agreement == key.agreement)
                // An absent reference on either side means that there is no choice to make.
                .filter(|info| {
                    info.key_id.is_none() || key.key_id.is_none() || info.key_id == key.key_id
                })
                .map(|info| ChipAuthenticationOption {
                    protocol: info.protocol,
                    key,
                    inferred: false,
                })
                .collect();
            if named.is_empty() {
                let protocol = ChipAuthenticationProtocol {
                    agreement: key.agreement,
                    suite: CipherSuite::TripleDes,
                };
                options.push(ChipAuthenticationOption {
                    protocol,
                    key,
                    inferred: true,
                });
            }
            options.extend(named);
        }
        options
    }
}

impl SecurityInfo {
    /// SecurityInfo ::= SEQUENCE { protocol OBJECT IDENTIFIER, requiredData ANY, optionalData ANY OPTIONAL }
    fn parse(element: Tlv<'_>, met: &mut Tolerances) -> Result<Self, TlvError> {
        let mut fields = element.expect(SEQUENCE)?.children();
        let protocol = fields.next().ok_or(TlvError::Truncated)??.oid()?;
        Ok(Self::of(protocol, fields, met).unwrap_or_else(|_| {
            met.record(Tolerance::MalformedSecurityInfo);
            Self::Malformed(protocol)
        }))
    }

    /// What the fields behind `protocol` say.
    fn of(
        protocol: ObjectIdentifier,
        mut fields: Reader<'_>,
        met: &mut Tolerances,
    ) -> Result<Self, TlvError> {
        let mut required = || fields.next().ok_or(TlvError::Truncated)?;

        let info = if let Some(pace) = PaceProtocol::from_oid(&protocol) {
            let version = required()?.small_integer()?;
            Self::Pace(PaceInfo {
                protocol: pace,
                version,
                parameter_id: small_optional(&mut fields)?,
            })
        } else if let Some(ca) = ChipAuthenticationProtocol::from_oid(&protocol) {
            let version = required()?.small_integer()?;
            let key_id = small_optional(&mut fields)?.map(KeyId);
            Self::ChipAuthentication(ChipAuthenticationInfo {
                protocol: ca,
                version,
                key_id,
            })
        } else if let Some(agreement) = agreement_of(&protocol, &ID_PK) {
            let public_key_info = required()?.expect(SEQUENCE)?.raw.to_vec();
            let key_id = small_optional(&mut fields)?.map(KeyId);
            Self::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo {
                agreement,
                public_key_info,
                key_id,
            })
        } else if let Some((_, _, agreement)) = arcs_behind(&protocol, &ID_PACE)
            .and_then(|arcs| <[u32; 1]>::try_from(arcs).ok())
            .and_then(|[kind]| PACE_ARCS.iter().find(|(arc, ..)| *arc == kind))
        {
            let domain_parameter = required()?.expect(SEQUENCE)?.raw.to_vec();
            let parameter_id = small_optional(&mut fields)?;
            let agreement = *agreement;
            Self::PaceDomainParameter(PaceDomainParameterInfo {
                agreement,
                domain_parameter,
                parameter_id,
            })
        } else if protocol == ID_TA {
            let version = required()?.small_integer()?;
            // An efCVCA may follow, which no terminal without Terminal Authentication needs.
            return Ok(Self::TerminalAuthentication(TerminalAuthenticationInfo {
                version,
            }));
        } else if protocol == ID_AA {
            let version = required()?.small_integer()?;
            let signature_algorithm = required()?.oid()?;
            Self::ActiveAuthentication(ActiveAuthenticationInfo {
                version,
                signature_algorithm,
            })
        } else {
            return Ok(Self::Unknown(protocol));
        };
        if fields.finish().is_err() {
            met.record(Tolerance::TrailingBytes);
        }
        Ok(info)
    }
}

/// The agreement that the single arc behind `base` names.
fn agreement_of(oid: &ObjectIdentifier, base: &ObjectIdentifier) -> Option<Agreement> {
    let &[arc] = arcs_behind(oid, base)?.as_slice() else {
        return None;
    };
    agreement_from_arc(arc)
}

/// An INTEGER OPTIONAL at the end of a SecurityInfo.
fn small_optional(fields: &mut Reader<'_>) -> Result<Option<u64>, TlvError> {
    fields
        .optional(crate::tlv::asn1::INTEGER)?
        .map(|tlv| tlv.small_integer())
        .transpose()
}
