//! The keys that open a document, from the request and from what the citizen typed.

use icao::access_key::{AccessKey, PaceKey};
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
        keys.push(typed_key(typed)?);
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

fn typed_key(typed: &TypedAccess) -> Result<AccessKey, Stop> {
    match typed {
        TypedAccess::Mrz(mrz) => AccessFields::new(
            mrz.document_number(),
            mrz.date_of_birth(),
            mrz.date_of_expiry(),
        )
        .map(AccessKey::Mrz)
        .map_err(|_| Code::AccessDataWrong.into()),
        TypedAccess::Can { can } => {
            AccessKey::can(can.as_str()).map_err(|_| Code::AccessDataWrong.into())
        }
    }
}
