#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcPoint, PointConversionForm};
use rand_core::UnwrapErr;

use super::*;
use crate::curve::openssl_nid;

fn h(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn rng() -> UnwrapErr<getrandom::SysRng> {
    UnwrapErr(getrandom::SysRng)
}

fn groups() -> Vec<Group> {
    (0..=18).filter_map(Group::from_parameter_id).collect()
}

/// The values of a PACE run with Generic Mapping.
struct Mapping {
    s: &'static str,
    map_sk_ifd: &'static str,
    map_pk_ifd: &'static str,
    map_sk_ic: &'static str,
    map_pk_ic: &'static str,
    h: &'static str,
    mapped: &'static str,
    ka_sk_ifd: &'static str,
    ka_pk_ifd: &'static str,
    ka_sk_ic: &'static str,
    ka_pk_ic: &'static str,
    shared: &'static str,
}

#[test]
fn generic_mapping_follows_appendix_g() {
    for (id, values) in [(13, G1), (0, G2)] {
        let group = Group::from_parameter_id(id).unwrap();
        let secret = |hex: &str| SecretKey::from_bytes(&group, &h(hex)).unwrap();
        let public = |hex: &str| PublicKey::from_bytes(&group, &h(hex)).unwrap();
        let sides = [
            (
                values.map_sk_ifd,
                values.map_pk_ifd,
                values.map_pk_ic,
                values.ka_sk_ifd,
                values.ka_pk_ifd,
                values.ka_pk_ic,
            ),
            (
                values.map_sk_ic,
                values.map_pk_ic,
                values.map_pk_ifd,
                values.ka_sk_ic,
                values.ka_pk_ic,
                values.ka_pk_ifd,
            ),
        ];
        for (map_sk, map_pk, map_other, ka_sk, ka_pk, ka_other) in sides {
            assert_eq!(secret(map_sk).public_key().unwrap(), public(map_pk));
            let shared = secret(map_sk).agree_point(&public(map_other)).unwrap();
            assert_eq!(shared, public(values.h));
            let mapped = generic_mapping(&group, &h(values.s), &shared).unwrap();
            assert_eq!(mapped, public(values.mapped));
            assert_eq!(secret(ka_sk).public_key_on(&mapped).unwrap(), public(ka_pk));
            assert_eq!(
                *secret(ka_sk).agree(&public(ka_other)).unwrap(),
                h(values.shared)
            );
        }
    }
}

/// Doc 9303-11 H.2: exponents longer than the order, on a generator of the caller's.
#[test]
fn long_exponents_follow_appendix_h() {
    let group = Group::from_parameter_id(0).unwrap();
    let public = |hex: &str| PublicKey::from_bytes(&group, &h(hex)).unwrap();
    let secret = SecretKey::from_bytes(&group, &h(H2_SK_IC)).unwrap();
    assert_eq!(
        secret.public_key_on(&public(H2_MAPPED)).unwrap(),
        public(H2_PK_IC)
    );
    assert_eq!(*secret.agree(&public(H2_PK_IFD)).unwrap(), h(H2_SHARED));
}

/// Scalar multiplication, agreement and mapping on every curve against OpenSSL.
#[test]
fn curves_agree_with_openssl() {
    for curve in NamedCurve::ALL {
        let group = Group::Curve(curve);
        let theirs = EcGroup::from_curve_name(openssl_nid(curve)).unwrap();
        let mut ctx = BigNumContext::new().unwrap();
        let number = |octets: &[u8]| BigNum::from_slice(octets).unwrap();
        for _ in 0..8 {
            let secret = SecretKey::generate(&group, &mut rng());
            let peer = SecretKey::generate(&group, &mut rng())
                .public_key()
                .unwrap();
            let peer_point = EcPoint::from_bytes(&theirs, peer.as_bytes(), &mut ctx).unwrap();
            let encode = |point: &EcPoint, ctx: &mut _| {
                point
                    .to_bytes(&theirs, PointConversionForm::UNCOMPRESSED, ctx)
                    .unwrap()
            };

            let mut expected = EcPoint::new(&theirs).unwrap();
            expected
                .mul_generator2(&theirs, &number(&secret.to_bytes()), &mut ctx)
                .unwrap();
            assert_eq!(
                secret.public_key().unwrap().as_bytes(),
                encode(&expected, &mut ctx)
            );
            let generator = PublicKey::generator(&group);
            assert_eq!(
                secret.public_key_on(&generator).unwrap().as_bytes(),
                encode(&expected, &mut ctx)
            );

            expected
                .mul2(&theirs, &peer_point, &number(&secret.to_bytes()), &mut ctx)
                .unwrap();
            let shared = encode(&expected, &mut ctx);
            assert_eq!(secret.agree_point(&peer).unwrap().as_bytes(), shared);
            assert_eq!(*secret.agree(&peer).unwrap(), shared[1..=curve.field_len()]);

            let nonce = [0xA5; 16];
            expected
                .mul_full(
                    &theirs,
                    &number(&nonce),
                    &peer_point,
                    &BigNum::from_u32(1).unwrap(),
                    &mut ctx,
                )
                .unwrap();
            let mapped = generic_mapping(&group, &nonce, &peer).unwrap();
            assert_eq!(mapped.as_bytes(), encode(&expected, &mut ctx));
        }
    }
}

/// Standardized groups against OpenSSL's exponentiation; also the parameters g^q = 1.
#[test]
fn groups_agree_with_openssl() {
    for id in 0..=2 {
        let group = Group::from_parameter_id(id).unwrap();
        let Group::Dh(dh) = &group else {
            panic!("a group of RFC 5114")
        };
        assert_eq!(dh.parameter_id(), Some(id));
        let secret = SecretKey::generate(&group, &mut rng());
        let peer = SecretKey::generate(&group, &mut rng())
            .public_key()
            .unwrap();
        let number = |octets: &[u8]| BigNum::from_slice(octets).unwrap();
        let mut ctx = BigNumContext::new().unwrap();
        let mut expected = BigNum::new().unwrap();
        expected
            .mod_exp(
                &number(peer.as_bytes()),
                &number(&secret.to_bytes()),
                &number(dh.modulus()),
                &mut ctx,
            )
            .unwrap();
        let len = dh.modulus().len();
        assert_eq!(
            *secret.agree(&peer).unwrap(),
            expected.to_vec_padded(len as i32).unwrap()
        );

        // The same numbers in a group that does not state q, and one that does.
        let (p, g, q) = (
            dh.modulus(),
            PublicKey::generator(&group),
            dh.order().unwrap(),
        );
        assert_eq!(
            DhGroup::from_parameters(p, g.as_bytes(), Some(q))
                .unwrap()
                .parameter_id(),
            Some(id)
        );
        let square = secret.agree_point(&g).unwrap();
        let explicit = Group::Dh(DhGroup::from_parameters(p, square.as_bytes(), None).unwrap());
        assert_eq!(explicit.parameter_id(), None);
        let (a, b) = (
            SecretKey::generate(&explicit, &mut rng()),
            SecretKey::generate(&explicit, &mut rng()),
        );
        assert_eq!(
            *a.agree(&b.public_key().unwrap()).unwrap(),
            *b.agree(&a.public_key().unwrap()).unwrap()
        );
        assert_eq!(
            a.agree(&peer).unwrap_err(),
            KeyAgreementError::GroupMismatch
        );
    }
}

/// t·(d·G) = (t·d)·G, also for a `t` above the order.
#[test]
fn tweaked_keys_agree() {
    for group in groups() {
        for t in [&[1][..], &[0x5A; 16], &[0xFF; 32], &[0xC3; 64]] {
            let (server, chip) = (
                SecretKey::generate(&group, &mut rng()),
                SecretKey::generate(&group, &mut rng()),
            );
            let sent = server.public_key().unwrap().tweak(t).unwrap();
            let tweaked = server.multiply(t).unwrap();
            assert_eq!(tweaked.public_key().unwrap(), sent, "{group}");
            assert_eq!(
                *chip.agree(&sent).unwrap(),
                *tweaked.agree(&chip.public_key().unwrap()).unwrap()
            );
            let restored = SecretKey::from_bytes(&group, &tweaked.to_bytes()).unwrap();
            assert_eq!(restored.public_key().unwrap(), sent);
        }
        let key = SecretKey::generate(&group, &mut rng());
        let public = key.public_key().unwrap();
        let order = match &group {
            Group::Curve(curve) => curve.parameters().n.to_vec(),
            Group::Dh(dh) => dh.order().unwrap().to_vec(),
        };
        for t in [&[][..], &[0; 32], &order, &[1; 65]] {
            assert_eq!(public.tweak(t).unwrap_err(), KeyAgreementError::Degenerate);
            assert_eq!(key.multiply(t).unwrap_err(), KeyAgreementError::Degenerate);
            assert_eq!(
                generic_mapping(&group, t, &public).unwrap_err(),
                KeyAgreementError::Degenerate
            );
        }
    }
}

#[test]
fn invalid_curve_keys_are_refused() {
    for curve in NamedCurve::ALL {
        let group = Group::Curve(curve);
        let refused = |bytes: &[u8]| {
            assert_eq!(
                PublicKey::from_bytes(&group, bytes).unwrap_err(),
                KeyAgreementError::InvalidPublicKey
            )
        };
        let good = PublicKey::generator(&group);
        let bytes = good.as_bytes();
        let (len, own) = (curve.field_len(), curve.parameters());
        let mut off_curve = bytes.to_vec();
        off_curve[2 * len] ^= 1;
        refused(&off_curve);
        refused(&[]);
        refused(&[0]);
        refused(&[&[4], &vec![0; 2 * len][..]].concat());
        refused(&[&[4], own.p, &bytes[1 + len..]].concat());
        refused(&[&[2 + (bytes[2 * len] & 1)], &bytes[1..=len]].concat());
        refused(&[&[6 + (bytes[2 * len] & 1)], &bytes[1..]].concat());
        refused(&bytes[..2 * len]);
        refused(&[bytes, &[0]].concat());
        refused(&bytes[1..]);

        for scalar in [
            vec![0; len],
            own.n.to_vec(),
            vec![0xFF; len],
            vec![1; len - 1],
            vec![1; len + 1],
        ] {
            assert_eq!(
                SecretKey::from_bytes(&group, &scalar).unwrap_err(),
                KeyAgreementError::InvalidSecretKey
            );
        }

        // -(1·G) as H makes G~ = 1·G + H the point at infinity.
        let mut last = own.n.to_vec();
        *last.last_mut().unwrap() -= 1;
        let opposite = SecretKey::from_bytes(&group, &last)
            .unwrap()
            .public_key()
            .unwrap();
        assert_eq!(
            generic_mapping(&group, &[1], &opposite).unwrap_err(),
            KeyAgreementError::Degenerate
        );
    }
}

#[test]
fn invalid_group_elements_are_refused() {
    for id in 0..=2 {
        let group = Group::from_parameter_id(id).unwrap();
        let Group::Dh(dh) = &group else {
            panic!("a group of RFC 5114")
        };
        let (p, q, len) = (dh.modulus(), dh.order().unwrap(), dh.modulus().len());
        let g = PublicKey::generator(&group);
        let mut minus_one = p.to_vec();
        *minus_one.last_mut().unwrap() -= 1;
        // 2 generates more than the subgroup of order q in each of these groups.
        for y in [
            &[][..],
            &[0],
            &[1],
            &[2],
            &minus_one,
            p,
            &vec![0xFF; len],
            &vec![1; len + 1],
        ] {
            assert_eq!(
                PublicKey::from_bytes(&group, y).unwrap_err(),
                KeyAgreementError::InvalidPublicKey
            );
        }
        let padded = [&[0], g.as_bytes()].concat();
        assert_eq!(PublicKey::from_bytes(&group, &padded).unwrap(), g);

        let explicit = Group::Dh(DhGroup::from_parameters(p, &[2], None).unwrap());
        for y in [&[0][..], &[1], &minus_one, p] {
            assert_eq!(
                PublicKey::from_bytes(&explicit, y).unwrap_err(),
                KeyAgreementError::InvalidPublicKey
            );
        }
        for x in [&[][..], &[0], &minus_one, p, &vec![1; len + 1]] {
            assert_eq!(
                SecretKey::from_bytes(&group, x).unwrap_err(),
                KeyAgreementError::InvalidSecretKey
            );
        }
        // An exponent that is a multiple of the order.
        let order = SecretKey::from_bytes(&group, q).unwrap();
        assert_eq!(
            order.public_key().unwrap_err(),
            KeyAgreementError::Degenerate
        );

        let mut even = p.to_vec();
        *even.last_mut().unwrap() &= 0xFE;
        let short = &p[..len / 2];
        let long = vec![0xFF; 513];
        let bad = [
            (&even[..], &[2][..], None),
            (short, &[2], None),
            (&long, &[2], None),
            (p, &[1], None),
            (p, p, None),
            (p, &minus_one, None),
            (p, &[2], Some(q)),
            (p, g.as_bytes(), Some(&[1][..])),
            (p, g.as_bytes(), Some(&[][..])),
            (&[], &[], None),
        ];
        for (p, g, q) in bad {
            assert_eq!(
                DhGroup::from_parameters(p, g, q).unwrap_err(),
                KeyAgreementError::InvalidGroup
            );
        }
    }
}

#[test]
fn debug_shows_no_key() {
    let group = Group::from_parameter_id(13).unwrap();
    let key = SecretKey::generate(&group, &mut rng());
    let public = key.public_key().unwrap();
    assert_eq!(
        format!("{key:?} {public:?} {:?}", key.agree(&public).unwrap()),
        "SecretKey(brainpoolP256r1, ..) PublicKey(brainpoolP256r1) SharedSecret(..)"
    );
}

/// Doc 9303-11 appendix G.1, brainpoolP256r1.
const G1: Mapping = Mapping {
    s: "3F00C4D39D153F2B2A214A078D899B22",
    map_sk_ifd: "7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99",
    map_pk_ifd: "047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D",
    map_sk_ic: "498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560",
    map_pk_ic: "04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F5730D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54",
    h: "0460332EF2450B5D247EF6D3868397D398852ED6E8CAF6FFEEF6BF85CA57057FD50840CA7415BAF3E43BD414D35AA4608B93A2CAF3A4E3EA4E82C9C13D03EB7181",
    mapped: "048CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E28C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522",
    ka_sk_ifd: "A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595",
    ka_pk_ifd: "042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462",
    ka_sk_ic: "107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A",
    ka_pk_ic: "049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094",
    shared: "28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925",
};

/// Doc 9303-11 appendix G.2, 1024-bit MODP group.
const G2: Mapping = Mapping {
    s: "FA5B7E3E49753A0DB9178B7B9BD898C8",
    map_sk_ifd: "5265030F751F4AD18B08AC565FC7AC952E41618D",
    map_pk_ifd: "23FB3749EA030D2A25B278D2A562047ADE3F01B74F17A15402CB7352CA7D2B3EB71C343DB13D1DEBCE9A3666DBCFC920B49174A602CB47965CAA73DC702489A44D41DB914DE9613DC5E98C94160551C0DF86274B9359BC0490D01B03AD54022DCB4F57FAD6322497D7A1E28D46710F461AFE710FBBBC5F8BA166F4311975EC6C",
    map_sk_ic: "66DDAFEAC1609CB5B963BB0CB3FF8B3E047F336C",
    map_pk_ic: "78879F57225AA8080D52ED0FC890A4B25336F699AA89A2D3A189654AF70729E623EA5738B26381E4DA19E004706FACE7B235C2DBF2F38748312F3C98C2DD4882A41947B324AA1259AC22579DB93F7085655AF30889DBB845D9E6783FE42C9F2449400306254C8AE8EE9DD812A804C0B66E8CAFC14F84D8258950A91B44126EE6",
    h: "5BABEBEF5B74E5BA94B5C063FDA15F1F1CDE94873EE0A5D3A2FCAB49F258D07F544F13CB66658C3AFEE9E727389BE3F6CBBBD32128A8C21DD6EEA3CF7091CDDFB08B8D007D40318DCCA4FFBF51208790FB4BD111E5A968ED6B6F08B26CA87C410B3CE0C310CE104EABD16629AA48620C1279270CB0750C0D37C57FFFE302AE7F",
    mapped: "7C9CBFE98F9FBDDA8D143506FA7D9306F4CB17E3C71707AFF5E1C1A12370249684D64EE37AF44B8DBD9D45BF6023919CBAA027AB97ACC771666C8E98FF483301BFA4872DEDE9034EDFACB70814166B7F360676829B826BEA57291B5AD69FBC84EF1E779032A305803F74341793E869742D401325B37EE8565FFCDEE618342DC5",
    ka_sk_ifd: "89CCD99B0E8D3B1F11E1296DCA68EC53411CF2CA",
    ka_pk_ifd: "00907D89E2D425A178AA81AF4A7774EC8E388C115CAE67031E85EECE520BD911551B9AE4D04369F29A02626C86FBC6747CC7BC352645B6161A2A42D44EDA80A08FA8D61B76D3A154AD8A5A51786B0BC07147057871A922212C5F67F43173172236B7747D1671E6D692A3C7D40A0C3C5CE397545D015C175EB5130551EDBC2EE5D4",
    ka_sk_ic: "A5B780126B7C980E9FCEA1D4539DA1D27C342DFA",
    ka_pk_ic: "075693D9AE941877573E634B6E644F8E60AF17A0076B8B123D9201074D36152BD8B3A213F53820C42ADC79AB5D0AEEC3AEFB91394DA476BD97B9B14D0A65C1FC71A0E019CB08AF55E1F729005FBA7E3FA5DC41899238A250767A6D46DB974064386CD456743585F8E5D90CC8B4004B1F6D866C79CE0584E49687FF61BC29AEA1",
    shared: "6BABC7B3A72BCD7EA385E4C62DB2625BD8613B24149E146A629311C4CA6698E38B834B6A9E9CD7184BA8834AFF5043D436950C4C1E7832367C10CB8C314D40E5990B0DF7013E64B4549E2270923D06F08CFF6BD3E977DDE6ABE4C31D55C0FA2E465E553E77BDF75E3193D3834FC26E8EB1EE2FA1E4FC97C18C3F6CFFFE2607FD",
};

const H2_MAPPED: &str = "1D7D767F11E333BCD6DBAEF40E799E7A926B96973550656FF3C830726D118D61C276CDCC61D475CF03A98E0C0E79CAEBA5BE25578BD4551D0B10903236F0B0F976852FA78EEA14EA0ACA87D1E91F688FE0DFF897BBE35A472621D343564B262F34223AE8FC59B664BFEDFA2BFE7516CA5510A6BBB633D517EC25D4E0BBAA16C2";
const H2_SK_IC: &str = "020F018C7284B047FA7721A337EFB7ACB1440BB30C5252BD41C97C30C994BB78E9F0C5B32744D84017D21FFA6878396A6469CA283EF5C000DAF7D261A39AB8860ED4610AB5343390897AAB5A7787E4FAEFA0649C6A94FDF82D991E8E3FC332F5142729E7040A3F7D5A4D3CD75CBEE1F043C1CAD2DD484FEB4ED22B597D36688E";
const H2_PK_IC: &str = "928D9A0F9DBA450F13FC859C6F290D1D36E42431138A4378500BEB4E0401854CFF111F71CB6DC1D0335807A11388CC8EAA87B07907AAD9FBA6B169AF6D8C26AF8DDDC39ADC3AD2E3FF882B84D23E9768E95A80E4746FB07A9767679FE92133B4D379935C771BD7FBED6C7BB4B1708B275EA75679524CDC9C6A91370CC662A2F3";
const H2_PK_IFD: &str = "0F0CC62945A8029251FB7EF3C094E12EC68E4EF07F27CB9D9CD04C5C4250FAE0E4F8A951557E929AEB48E5C6DD47F2F5CD7C351A9BD2CD722C07EDE166770F08FFCB370262CF308DD7B07F2E0DA9CAAA1492344C852906919538C98A4BA4187E76CE9D87832386D319CE2E043C3343AEAE6EDBA1A9894DC5094D22F7FE1351D5";
const H2_SHARED: &str = "419410D6C0A17A4C07C54872CE1CBCEB0A2705C1A434C8A89A4CFE41F1D78124CA7EC52BDE7615E5345E48AB1ABB6E7D1D59A57F3174084D3CA4570397C1F62228BDFDB2DA191EA2239E2C060DBE3BBC23C2FCD0AF12E0F9E0B99FCF91FF1959011D5798B2FCBC1F14FCC24E441F4C8F9B08D977E9498560E63E7FFAB3134EA7";
