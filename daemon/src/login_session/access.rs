//! The keys that open a document, from the request and from what the citizen typed.

use icao::access_key::{AccessKey, PaceKey};
use icao::driving_licence::LicenceLine;
use icao::mrz::AccessFields;
use protocol::error::Code;
use protocol::messages::TypedAccess;
use protocol::request::Access;

use super::Stop;
use crate::session::AcceptedRequest;

/// All keys, those of the request first.
pub(super) fn keys(request: &AcceptedRequest) -> Result<Vec<AccessKey>, Stop> {
    let released = request.request.claims().access.iter();
    let mut keys = released.map(access_key).collect::<Result<Vec<_>, _>>()?;
    if let Some(typed) = &request.typed_access {
        keys.extend(typed_keys(typed).ok_or(Code::AccessDataWrong)?);
    }
    if keys.is_empty() {
        Err(Code::AccessDataMissing.into())
    } else {
        Ok(keys)
    }
}

fn access_key(access: &Access) -> Result<AccessKey, Stop> {
    Ok(match access {
        Access::MrzDigest(digest) => AccessKey::MrzDigest(*digest.as_array()),
        Access::PaceKey(key) => AccessKey::PaceKey(PaceKey {
            sha1_16: *key.sha1_16.as_array(),
            sha256_32: *key.sha256_32.as_array(),
        }),
        Access::Can(can) => AccessKey::can(can.as_str()).map_err(|_| Code::AccessDataWrong)?,
    })
}

/// The keys that follow from what was typed, in the order in which to try them; `None` where it cannot be right.
pub(crate) fn typed_keys(typed: &TypedAccess) -> Option<Vec<AccessKey>> {
    Some(match typed {
        TypedAccess::Mrz(mrz) => vec![AccessKey::Mrz(
            AccessFields::new(
                mrz.document_number(),
                mrz.date_of_birth(),
                mrz.date_of_expiry(),
            )
            .ok()?,
        )],
        TypedAccess::Can { can } => vec![AccessKey::can(can.as_str()).ok()?],
        TypedAccess::LicenceLine { licence_line } => LicenceLine::parse(licence_line.as_str())
            .ok()?
            .access_keys()
            .into(),
    })
}
