//! JSON Schema of everything that travels, generated from the types and published with the page SDK.

use crate::messages::{DaemonMessage, PageMessage};
use crate::{chip_authentication, evidence, request};

/// All messages and signed or sealed contents in one schema document: the definitions `PageMessage`,
/// `DaemonMessage`, `Request`, `ChipAuthentication`, `Evidence` and `ChipAuthenticationResult`.
///
/// A page that checks what it sends takes `PageMessage`; what is inside a JWS or JWE, the page does not see.
#[must_use]
pub fn document() -> serde_json::Value {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    generator.subschema_for::<PageMessage>();
    generator.subschema_for::<DaemonMessage>();
    generator.subschema_for::<Signed>();
    generator.subschema_for::<Sealed>();
    let definitions = generator.take_definitions(true);
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": crate::SUBPROTOCOL,
        "description": "Messages between login page, RDA daemon and login server",
        "$defs": definitions,
    })
}

/// The part of [`document`] that a page meets: `PageMessage` and `DaemonMessage` with what they are made of.
#[must_use]
pub fn messages() -> serde_json::Value {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    generator.subschema_for::<PageMessage>();
    generator.subschema_for::<DaemonMessage>();
    let definitions = generator.take_definitions(true);
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": crate::SUBPROTOCOL,
        "description": "Messages between login page and RDA daemon",
        "$defs": definitions,
    })
}

/// What travels signed, by `typ` of its JWS.
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "stands for its schema only")]
enum Signed {
    #[schemars(rename = "rda-request+jwt")]
    Request(request::Claims),
    #[schemars(rename = "rda-chip-authentication+jwt")]
    ChipAuthentication(chip_authentication::Claims),
}

/// What travels sealed, by `typ` of its JWE.
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "stands for its schema only")]
enum Sealed {
    #[schemars(rename = "rda-evidence+jwe")]
    Evidence(evidence::Evidence),
    #[schemars(rename = "rda-chip-authentication-result+jwe")]
    ChipAuthenticationResult(chip_authentication::ChipAuthenticationResult),
}
