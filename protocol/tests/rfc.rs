//! Published examples: JWS with ES256. (The key derivation of JWE stands beside its code.)
#![allow(clippy::unwrap_used, clippy::expect_used)]

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, SigningKey};
use protocol::encoding::decode;
use protocol::jwk::PublicJwk;
use protocol::jws::{self, JwsError, KeyId, Unverified};

const KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const SIGNING_INPUT: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/// RFC 7515 A.3: the signature holds under the key as we read it; the example's header, without typ and kid, is not
/// ours and is refused.
#[test]
fn rfc_7515_a_3() {
    let key: PublicJwk = serde_json::from_str(KEY).unwrap();
    let signature = Signature::from_slice(&decode(SIGNATURE).unwrap()).unwrap();
    key.verifying_key()
        .verify(SIGNING_INPUT.as_bytes(), &signature)
        .unwrap();
    let compact = format!("{SIGNING_INPUT}.{SIGNATURE}");
    assert_eq!(
        Unverified::parse(&compact, "JWT").err(),
        Some(JwsError::Header)
    );
}

/// RFC 7515 A.3.1 gives the private key too: what we sign with it verifies under the public one.
#[test]
fn signing_with_the_key_of_rfc_7515_a_3() {
    let private =
        SigningKey::from_slice(&decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").unwrap())
            .unwrap();
    let public: PublicJwk = serde_json::from_str(KEY).unwrap();
    assert_eq!(PublicJwk::from(private.verifying_key()), public);
    let kid = KeyId::try_from("a".to_owned()).unwrap();
    let compact = jws::sign("x", &kid, &serde_json::json!({"a": 1}), &private).unwrap();
    let jws = Unverified::parse(&compact, "x").unwrap();
    assert_eq!(jws.kid(), &kid);
    let payload = jws.verify(&public.verifying_key()).unwrap();
    assert_eq!(*payload, br#"{"a":1}"#);
}
