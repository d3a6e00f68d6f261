//! The standardized elliptic curves of Doc 9303-11 9.5.1 (table 6, parameter ids 8 to 18): NIST curves of FIPS 186-4 and
//! Brainpool curves of RFC 5639, all of cofactor 1.

use core::fmt;

use const_oid::ObjectIdentifier;

macro_rules! octets {
    ($len:literal, $hex:expr) => {{
        const OCTETS: [u8; $len] = decode($hex);
        &OCTETS
    }};
}

macro_rules! parameters {
    ($len:literal, $hex:expr) => {{
        const PARAMETERS: CurveParameters = CurveParameters {
            p: octets!($len, $hex.p),
            a: octets!($len, $hex.a),
            b: octets!($len, $hex.b),
            gx: octets!($len, $hex.gx),
            gy: octets!($len, $hex.gy),
            n: octets!($len, $hex.n),
        };
        &PARAMETERS
    }};
}
/// A named curve.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NamedCurve {
    /// NIST P-192 (secp192r1), parameter id 8.
    P192,
    /// BrainpoolP192r1, parameter id 9.
    BrainpoolP192r1,
    /// NIST P-224 (secp224r1), parameter id 10.
    P224,
    /// BrainpoolP224r1, parameter id 11.
    BrainpoolP224r1,
    /// NIST P-256 (secp256r1), parameter id 12.
    P256,
    /// BrainpoolP256r1, parameter id 13.
    BrainpoolP256r1,
    /// BrainpoolP320r1, parameter id 14.
    BrainpoolP320r1,
    /// NIST P-384 (secp384r1), parameter id 15.
    P384,
    /// BrainpoolP384r1, parameter id 16.
    BrainpoolP384r1,
    /// BrainpoolP512r1, parameter id 17.
    BrainpoolP512r1,
    /// NIST P-521 (secp521r1), parameter id 18.
    P521,
}

/// Domain parameters of a curve y^2 = x^3 + ax + b over GF(p) with base point (gx, gy) of prime order n and cofactor 1.
/// Every value is big-endian and as long as p; the order of each of our curves has that length too.
#[derive(Debug)]
pub struct CurveParameters {
    /// The prime of the field.
    pub p: &'static [u8],
    /// Coefficient a.
    pub a: &'static [u8],
    /// Coefficient b.
    pub b: &'static [u8],
    /// x coordinate of the base point.
    pub gx: &'static [u8],
    /// y coordinate of the base point.
    pub gy: &'static [u8],
    /// Order of the base point.
    pub n: &'static [u8],
}

/// Domain parameters as a certificate or EF.DG14 states them (`SpecifiedECDomain`, SEC 1 C.2; Doc 9303-12 4.4 requires
/// this form). All values are unsigned big-endian; some issuers strip or pad them.
#[derive(Clone, Copy, Debug)]
pub struct ExplicitParameters<'a> {
    /// The prime of the field.
    pub p: &'a [u8],
    /// Coefficient a.
    pub a: &'a [u8],
    /// Coefficient b.
    pub b: &'a [u8],
    /// The base point as SEC1 octets, compressed or not.
    pub base: &'a [u8],
    /// Order of the base point.
    pub n: &'a [u8],
    /// The cofactor, which some issuers leave out.
    pub cofactor: Option<&'a [u8]>,
}

impl NamedCurve {
    /// Every curve, in the order of the parameter ids 8 to 18.
    pub const ALL: [Self; 11] = [
        Self::P192,
        Self::BrainpoolP192r1,
        Self::P224,
        Self::BrainpoolP224r1,
        Self::P256,
        Self::BrainpoolP256r1,
        Self::BrainpoolP320r1,
        Self::P384,
        Self::BrainpoolP384r1,
        Self::BrainpoolP512r1,
        Self::P521,
    ];

    /// The object identifier (RFC 5480 2.1.1.1, RFC 5639 4.1).
    pub const fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::P192 => "1.2.840.10045.3.1.1",
            Self::P224 => "1.3.132.0.33",
            Self::P256 => "1.2.840.10045.3.1.7",
            Self::P384 => "1.3.132.0.34",
            Self::P521 => "1.3.132.0.35",
            Self::BrainpoolP192r1 => "1.3.36.3.3.2.8.1.1.3",
            Self::BrainpoolP224r1 => "1.3.36.3.3.2.8.1.1.5",
            Self::BrainpoolP256r1 => "1.3.36.3.3.2.8.1.1.7",
            Self::BrainpoolP320r1 => "1.3.36.3.3.2.8.1.1.9",
            Self::BrainpoolP384r1 => "1.3.36.3.3.2.8.1.1.11",
            Self::BrainpoolP512r1 => "1.3.36.3.3.2.8.1.1.13",
        })
    }

    /// The curve with this object identifier, if it is one of ours.
    pub fn from_oid(oid: &ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.oid() == *oid)
    }

    /// The curve of a standardized domain parameter id, 8 to 18.
    pub fn from_parameter_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id.checked_sub(8)?)).copied()
    }

    /// The standardized domain parameter id, 8 to 18.
    pub const fn parameter_id(self) -> u8 {
        // `ALL` and the variants stand in the order of the ids.
        self as u8 + 8
    }

    /// Length of a field element in octets.
    pub const fn field_len(self) -> usize {
        self.parameters().p.len()
    }

    /// Length of a scalar in octets. Equal to the field length for every curve of the table.
    pub const fn order_len(self) -> usize {
        self.parameters().n.len()
    }

    /// Bits of the order, the length to which ECDSA cuts a hash (FIPS 186-4 6.4).
    pub const fn order_bits(self) -> usize {
        let n = self.parameters().n;
        8 * n.len() - n[0].leading_zeros() as usize
    }

    /// The domain parameters.
    pub const fn parameters(self) -> &'static CurveParameters {
        match self {
            Self::P192 => parameters!(24, P192),
            Self::P224 => parameters!(28, P224),
            Self::P256 => parameters!(32, P256),
            Self::P384 => parameters!(48, P384),
            Self::P521 => parameters!(66, P521),
            Self::BrainpoolP192r1 => parameters!(24, BRAINPOOL_P192R1),
            Self::BrainpoolP224r1 => parameters!(28, BRAINPOOL_P224R1),
            Self::BrainpoolP256r1 => parameters!(32, BRAINPOOL_P256R1),
            Self::BrainpoolP320r1 => parameters!(40, BRAINPOOL_P320R1),
            Self::BrainpoolP384r1 => parameters!(48, BRAINPOOL_P384R1),
            Self::BrainpoolP512r1 => parameters!(64, BRAINPOOL_P512R1),
        }
    }

    /// The named curve that explicit parameters describe. Every value is compared as a number, so that an unknown or
    /// altered domain (another base point, above all) never passes for a known one; a stated cofactor must be 1.
    pub fn from_explicit(explicit: &ExplicitParameters<'_>) -> Option<Self> {
        if explicit.cofactor.is_some_and(|h| significant(h) != [1]) {
            return None;
        }
        Self::ALL.into_iter().find(|curve| {
            let own = curve.parameters();
            same_number(explicit.p, own.p)
                && same_number(explicit.a, own.a)
                && same_number(explicit.b, own.b)
                && same_number(explicit.n, own.n)
                && own.is_base_point(explicit.base)
        })
    }
}

impl fmt::Display for NamedCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P192 => "NIST P-192",
            Self::P224 => "NIST P-224",
            Self::P256 => "NIST P-256",
            Self::P384 => "NIST P-384",
            Self::P521 => "NIST P-521",
            Self::BrainpoolP192r1 => "brainpoolP192r1",
            Self::BrainpoolP224r1 => "brainpoolP224r1",
            Self::BrainpoolP256r1 => "brainpoolP256r1",
            Self::BrainpoolP320r1 => "brainpoolP320r1",
            Self::BrainpoolP384r1 => "brainpoolP384r1",
            Self::BrainpoolP512r1 => "brainpoolP512r1",
        })
    }
}

impl CurveParameters {
    fn is_base_point(&self, encoded: &[u8]) -> bool {
        match encoded.split_first() {
            Some((4, both)) if both.len() % 2 == 0 => {
                let (x, y) = both.split_at(both.len() / 2);
                same_number(x, self.gx) && same_number(y, self.gy)
            }
            Some((sign @ (2 | 3), x)) => {
                same_number(x, self.gx) && self.gy.last().is_some_and(|y| y & 1 == sign & 1)
            }
            _ => false,
        }
    }
}

/// The octets of an unsigned number without leading zeros.
pub(crate) fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    &number[zeros..]
}

fn same_number(left: &[u8], right: &[u8]) -> bool {
    significant(left) == significant(right)
}

/// Domain parameters as hexadecimal digits: the one place where they are written down.
pub(super) struct HexParameters {
    pub(super) p: &'static str,
    pub(super) a: &'static str,
    pub(super) b: &'static str,
    pub(super) gx: &'static str,
    pub(super) gy: &'static str,
    pub(super) n: &'static str,
}

pub(super) const P192: HexParameters = HexParameters {
    p: "fffffffffffffffffffffffffffffffeffffffffffffffff",
    a: "fffffffffffffffffffffffffffffffefffffffffffffffc",
    b: "64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1",
    gx: "188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012",
    gy: "07192b95ffc8da78631011ed6b24cdd573f977a11e794811",
    n: "ffffffffffffffffffffffff99def836146bc9b1b4d22831",
};
pub(super) const P224: HexParameters = HexParameters {
    p: "ffffffffffffffffffffffffffffffff000000000000000000000001",
    a: "fffffffffffffffffffffffffffffffefffffffffffffffffffffffe",
    b: "b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4",
    gx: "b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21",
    gy: "bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34",
    n: "ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d",
};
pub(super) const P256: HexParameters = HexParameters {
    p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    a: "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
    b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    gx: "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    gy: "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    n: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
};
pub(super) const P384: HexParameters = HexParameters {
    p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    a: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
    b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    gx: "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
    gy: "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    n: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
};
pub(super) const P521: HexParameters = HexParameters {
    p: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    a: "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc",
    b: "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    gx: "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
    gy: "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
    n: "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
};
pub(super) const BRAINPOOL_P192R1: HexParameters = HexParameters {
    p: "c302f41d932a36cda7a3463093d18db78fce476de1a86297",
    a: "6a91174076b1e0e19c39c031fe8685c1cae040e5c69a28ef",
    b: "469a28ef7c28cca3dc721d044f4496bcca7ef4146fbf25c9",
    gx: "c0a0647eaab6a48753b033c56cb0f0900a2f5c4853375fd6",
    gy: "14b690866abd5bb88b5f4828c1490002e6773fa2fa299b8f",
    n: "c302f41d932a36cda7a3462f9e9e916b5be8f1029ac4acc1",
};
pub(super) const BRAINPOOL_P224R1: HexParameters = HexParameters {
    p: "d7c134aa264366862a18302575d1d787b09f075797da89f57ec8c0ff",
    a: "68a5e62ca9ce6c1c299803a6c1530b514e182ad8b0042a59cad29f43",
    b: "2580f63ccfe44138870713b1a92369e33e2135d266dbb372386c400b",
    gx: "0d9029ad2c7e5cf4340823b2a87dc68c9e4ce3174c1e6efdee12c07d",
    gy: "58aa56f772c0726f24c6b89e4ecdac24354b9e99caa3f6d3761402cd",
    n: "d7c134aa264366862a18302575d0fb98d116bc4b6ddebca3a5a7939f",
};
pub(super) const BRAINPOOL_P256R1: HexParameters = HexParameters {
    p: "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
    a: "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
    b: "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
    gx: "8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
    gy: "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
    n: "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
};
pub(super) const BRAINPOOL_P320R1: HexParameters = HexParameters {
    p: "d35e472036bc4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28fcd412b1f1b32e27",
    a: "3ee30b568fbab0f883ccebd46d3f3bb8a2a73513f5eb79da66190eb085ffa9f492f375a97d860eb4",
    b: "520883949dfdbc42d3ad198640688a6fe13f41349554b49acc31dccd884539816f5eb4ac8fb1f1a6",
    gx: "43bd7e9afb53d8b85289bcc48ee5bfe6f20137d10a087eb6e7871e2a10a599c710af8d0d39e20611",
    gy: "14fdd05545ec1cc8ab4093247f77275e0743ffed117182eaa9c77877aaac6ac7d35245d1692e8ee1",
    n: "d35e472036bc4fb7e13c785ed201e065f98fcfa5b68f12a32d482ec7ee8658e98691555b44c59311",
};
pub(super) const BRAINPOOL_P384R1: HexParameters = HexParameters {
    p: "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
    a: "7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
    b: "04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
    gx: "1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e",
    gy: "8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
    n: "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565",
};
pub(super) const BRAINPOOL_P512R1: HexParameters = HexParameters {
    p: "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3",
    a: "7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca",
    b: "3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723",
    gx: "81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822",
    gy: "7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892",
    n: "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069",
};

/// Decodes exactly `N` octets of lower-case hexadecimal at compile time; anything else fails the build.
pub(super) const fn decode<const N: usize>(hex: &str) -> [u8; N] {
    const fn digit(c: u8) -> u8 {
        match c {
            b'0'..=b'9' => c - b'0',
            b'a'..=b'f' => c - b'a' + 10,
            _ => 255,
        }
    }
    let hex = hex.as_bytes();
    assert!(hex.len() == 2 * N);
    let mut out = [0; N];
    let mut i = 0;
    while i < N {
        let (high, low) = (digit(hex[2 * i]), digit(hex[2 * i + 1]));
        assert!(high < 16 && low < 16);
        out[i] = high << 4 | low;
        i += 1;
    }
    out
}

/// The name of the curve in the library that tests compare with.
#[cfg(test)]
pub(crate) fn openssl_nid(curve: NamedCurve) -> openssl::nid::Nid {
    use openssl::nid::Nid;
    match curve {
        NamedCurve::P192 => Nid::X9_62_PRIME192V1,
        NamedCurve::P224 => Nid::SECP224R1,
        NamedCurve::P256 => Nid::X9_62_PRIME256V1,
        NamedCurve::P384 => Nid::SECP384R1,
        NamedCurve::P521 => Nid::SECP521R1,
        NamedCurve::BrainpoolP192r1 => Nid::BRAINPOOL_P192R1,
        NamedCurve::BrainpoolP224r1 => Nid::BRAINPOOL_P224R1,
        NamedCurve::BrainpoolP256r1 => Nid::BRAINPOOL_P256R1,
        NamedCurve::BrainpoolP320r1 => Nid::BRAINPOOL_P320R1,
        NamedCurve::BrainpoolP384r1 => Nid::BRAINPOOL_P384R1,
        NamedCurve::BrainpoolP512r1 => Nid::BRAINPOOL_P512R1,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use openssl::bn::{BigNum, BigNumContext};
    use openssl::ec::EcGroup;

    #[test]
    fn parameters_and_identifiers_agree_with_openssl() {
        for (index, curve) in NamedCurve::ALL.into_iter().enumerate() {
            let own = curve.parameters();
            let group = EcGroup::from_curve_name(openssl_nid(curve)).unwrap();
            let mut ctx = BigNumContext::new().unwrap();
            let [mut p, mut a, mut b, mut x, mut y, mut n] =
                core::array::from_fn(|_| BigNum::new().unwrap());
            group
                .components_gfp(&mut p, &mut a, &mut b, &mut ctx)
                .unwrap();
            group
                .generator_opt()
                .unwrap()
                .affine_coordinates_gfp(&group, &mut x, &mut y, &mut ctx)
                .unwrap();
            group.order(&mut n, &mut ctx).unwrap();
            for (ours, theirs) in [
                (own.p, &p),
                (own.a, &a),
                (own.b, &b),
                (own.gx, &x),
                (own.gy, &y),
                (own.n, &n),
            ] {
                assert_eq!(&BigNum::from_slice(ours).unwrap(), theirs, "{curve}");
            }
            assert_eq!(curve.order_bits(), n.num_bits() as usize);
            assert_eq!(curve.field_len(), curve.order_len());

            let theirs = openssl::asn1::Asn1Object::from_str(&curve.oid().to_string()).unwrap();
            assert_eq!(theirs.nid(), openssl_nid(curve));
            assert_eq!(NamedCurve::from_oid(&curve.oid()), Some(curve));
            assert_eq!(usize::from(curve.parameter_id()), index + 8);
            assert_eq!(
                NamedCurve::from_parameter_id(curve.parameter_id()),
                Some(curve)
            );
        }
        for id in [0, 7, 19, 255] {
            assert_eq!(NamedCurve::from_parameter_id(id), None);
        }
    }

    #[test]
    fn explicit_parameters_are_mapped_only_when_every_number_agrees() {
        for curve in NamedCurve::ALL {
            let own = curve.parameters();
            let padded = |number: &[u8]| [&[0, 0], number].concat();
            let (a, b) = (padded(own.a), padded(own.b));
            let base = [&[4], own.gx, own.gy].concat();
            let good = ExplicitParameters {
                p: own.p,
                a: &a,
                b: significant(&b),
                base: &base,
                n: own.n,
                cofactor: Some(&[0, 1]),
            };
            assert_eq!(NamedCurve::from_explicit(&good), Some(curve));
            let compressed = [&[2 + (own.gy.last().unwrap() & 1)], own.gx].concat();
            assert_eq!(
                NamedCurve::from_explicit(&ExplicitParameters {
                    base: &compressed,
                    cofactor: None,
                    ..good
                }),
                Some(curve)
            );

            let flip = |number: &[u8]| {
                let mut n = number.to_vec();
                *n.last_mut().unwrap() ^= 1;
                n
            };
            let negated = [&[5 - compressed[0]], own.gx].concat();
            let bad = [
                ExplicitParameters {
                    p: &flip(own.p),
                    ..good
                },
                ExplicitParameters {
                    a: &flip(own.a),
                    ..good
                },
                ExplicitParameters {
                    b: &flip(own.b),
                    ..good
                },
                ExplicitParameters {
                    n: &flip(own.n),
                    ..good
                },
                ExplicitParameters {
                    base: &flip(&base),
                    ..good
                },
                ExplicitParameters {
                    base: &negated,
                    ..good
                },
                ExplicitParameters { base: &[], ..good },
                ExplicitParameters {
                    base: &base[..base.len() - 1],
                    ..good
                },
                ExplicitParameters {
                    cofactor: Some(&[4]),
                    ..good
                },
                ExplicitParameters {
                    cofactor: Some(&[]),
                    ..good
                },
            ];
            for explicit in bad {
                assert_eq!(NamedCurve::from_explicit(&explicit), None, "{explicit:?}");
            }
        }
    }
}
