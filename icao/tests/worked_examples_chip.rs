//! The simulated chip replays the published worked examples byte for byte: Doc 9303-11 appendices D, G, H and I, and the BSI's
//! worked example of PACE. Commands and responses are the printed ones; the chip gets the printed nonces and keys.
#![cfg(feature = "simulator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use icao::crypto::cipher::CipherSuite;
use icao::crypto::curve::NamedCurve;
use icao::crypto::key_agreement::{Group, SecretKey};
use icao::simulator::{
    Chip, ChipAuthenticationKey, ChipBuilder, Holder, Mapping, PaceVariant, Profile, Quirk,
    ScriptedRandom,
};

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace(' ', "")).unwrap()
}

fn script(nonces: &[&str], keys: &[&str]) -> ScriptedRandom {
    ScriptedRandom::new(
        nonces.iter().map(|hex| bytes(hex)),
        keys.iter().map(|hex| bytes(hex)),
    )
}

/// A holder with the three fields that the access keys are made of.
fn holder(
    document_number: &'static str,
    date_of_birth: &'static str,
    date_of_expiry: &'static str,
) -> Holder {
    Holder {
        document_number,
        date_of_birth,
        date_of_expiry,
        can: None,
        ..Profile::NlPassport2011.holder()
    }
}

/// Sends each command and compares each response.
fn replay(chip: ChipBuilder, exchanges: &[(&str, &str)]) {
    let mut chip = chip.build().unwrap();
    for (command, response) in exchanges {
        let answer = hex::encode_upper(chip.process(&bytes(command)));
        assert_eq!(answer, response.replace(' ', ""), "answer to {command}");
    }
}

const SELECT_APPLICATION: (&str, &str) = ("00A4040C07A0000002471001", "9000");
const EF_COM: &str = "60145F0104303130365F36063034303030305C026175";

/// Doc 9303-11, appendix D: BAC and 3DES secure messaging.
#[test]
fn appendix_d_basic_access_control() {
    let chip = Chip::passport()
        .holder(holder("L898902C", "690806", "940623"))
        .overwrite(0x011E, bytes(EF_COM))
        .random(script(
            &["4608F91988702212", "0B4F80323EB3191CB04970CB4052790B"],
            &[],
        ));
    replay(
        chip,
        &[
            SELECT_APPLICATION,
            ("0084000008", "4608F919887022129000"),
            (
                "0082000028 72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2 5F1448EEA8AD90A7 28",
                "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F 2F2D235D074D7449 9000",
            ),
            (
                "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
                "990290008E08FA855A5D4C50A8ED9000",
            ),
            (
                "0CB000000D9701048E08ED6705417E96BA5500",
                "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
            ),
            (
                "0CB000040D9701128E082EA28A70F3C7B53500",
                "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
            ),
        ],
    );
}

/// Parameters, nonce and keys of a PACE example: z, and for each of mapping and key agreement the public keys of terminal
/// and chip; the tokens.
struct PaceExample {
    z: &'static str,
    mapping: [&'static str; 2],
    agreement: [&'static str; 2],
    tokens: [&'static str; 2],
    /// Data object 8A that Chip Authentication Mapping adds to the last answer.
    chip_data: Option<&'static str>,
}

/// GENERAL AUTHENTICATE with one data object, and its answer.
fn general_authenticate(
    last: bool,
    tags: [u8; 2],
    values: [&str; 2],
    chip_data: Option<&str>,
) -> (String, String) {
    let object = |tag: u8, value: &str| {
        let object = icao::tlv::encode(u32::from(tag), &bytes(value));
        icao::tlv::encode(0x7C, &object)
    };
    let data = object(tags[0], values[0]);
    let cla = if last { "00" } else { "10" };
    let command = format!(
        "{cla}860000{:02X}{}00",
        data.len(),
        hex::encode_upper(&data)
    );
    let mut answer = icao::tlv::encode(u32::from(tags[1]), &bytes(values[1]));
    if let Some(chip_data) = chip_data {
        answer.extend(icao::tlv::encode(0x8A, &bytes(chip_data)));
    }
    let answer = icao::tlv::encode(0x7C, &answer);
    (command, hex::encode_upper(answer) + "9000")
}

fn replay_pace(chip: ChipBuilder, mse: &str, example: &PaceExample, more: &[(&str, &str)]) {
    let nonce = icao::tlv::encode(0x7C, &icao::tlv::encode(0x80, &bytes(example.z)));
    let nonce = hex::encode_upper(nonce) + "9000";
    let steps = [
        general_authenticate(false, [0x81, 0x82], example.mapping, None),
        general_authenticate(false, [0x83, 0x84], example.agreement, None),
        general_authenticate(true, [0x85, 0x86], example.tokens, example.chip_data),
    ];
    let mut exchanges = vec![(mse, "9000"), ("10860000027C0000", &nonce[..])];
    exchanges.extend(
        steps
            .iter()
            .map(|(command, response)| (&command[..], &response[..])),
    );
    exchanges.extend(more);
    replay(chip, &exchanges);
}

fn generic(suite: CipherSuite, parameter_id: u8) -> PaceVariant {
    PaceVariant::new(Mapping::Generic, suite, parameter_id).unwrap()
}

/// Appendix G.1: PACE, ECDH, Generic Mapping, brainpoolP256r1; then AES secure messaging under its session keys, with values
/// that an independent implementation computed.
#[test]
fn appendix_g1_pace_ecdh() {
    let chip = Chip::passport()
        .holder(holder("T22000129", "640812", "101031"))
        .without_bac()
        .pace(generic(CipherSuite::Aes128, 13))
        .quirk(Quirk::EndOfFileWarning)
        .overwrite(0x011E, bytes(EF_COM))
        .random(script(
            &["3F00C4D39D153F2B2A214A078D899B22"],
            &[
                "498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560",
                "107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A",
            ],
        ));
    let example = PaceExample {
        z: "95A3A016522EE98D01E76CB6B98B42C3",
        mapping: [
            "047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D",
            "04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F5730D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54",
        ],
        agreement: [
            "042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462",
            "049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094",
        ],
        tokens: ["C2B0BD78D94BA866", "3ABB9674BCE93C08"],
        chip_data: None,
    };
    replay_pace(
        chip,
        "0022C1A40F800A04007F00070202040202830101",
        &example,
        &[
            (
                "0CA4040C1D871101752F676B09FAC86A87D632749A49C7CC8E08C18BA1FCE707BD9F00",
                "990290008E08BEA7B381C494A0799000",
            ),
            (
                "0CA4020C1D8711016EC84E1358184515AB2D827D30A5C92A8E08403D53BA7533FA7800",
                "990290008E08E00BFFE5473D41409000",
            ),
            (
                "0CB000000D9701048E085F466809FF5A7CFA00",
                "871101589BBC0A6D42160A410E922BF9B053C0990290008E08D740B23B68972F959000",
            ),
            (
                "0CB000040D9701128E08BBBF5ED5E05496B900",
                "872101BEF82DED9B5D74478CBF57D8D9A97CA0A734BF04FDFFB15F3E9B17C4CF0C7FAD990290008E08FEF6E216BE55241B9000",
            ),
            (
                "0CB000000D9701008E0864DA65790BA2039A00",
                "8721010450F58FB15A3A736FDC3BB9960915A15FE04E22307D0492AFCEA3FE616F2B33990262828E087CD5954ED4CCF2206282",
            ),
        ],
    );
}

/// Appendix G.2: PACE, DH, Generic Mapping, the 1024-bit group of RFC 5114.
#[test]
fn appendix_g2_pace_dh() {
    let chip = Chip::passport()
        .holder(holder("T22000129", "640812", "101031"))
        .pace(generic(CipherSuite::Aes128, 0))
        .random(script(
            &["FA5B7E3E49753A0DB9178B7B9BD898C8"],
            &[
                "66DDAFEAC1609CB5B963BB0CB3FF8B3E047F336C",
                "A5B780126B7C980E9FCEA1D4539DA1D27C342DFA",
            ],
        ));
    let example = PaceExample {
        z: "854D8DF5827FA6852D1A4FA701CDDDCA",
        mapping: [
            "23FB3749EA030D2A25B278D2A562047ADE3F01B74F17A15402CB7352CA7D2B3EB71C343DB13D1DEBCE9A3666DBCFC920B49174A602CB47965CAA73DC702489A44D41DB914DE9613DC5E98C94160551C0DF86274B9359BC0490D01B03AD54022DCB4F57FAD6322497D7A1E28D46710F461AFE710FBBBC5F8BA166F4311975EC6C",
            "78879F57225AA8080D52ED0FC890A4B25336F699AA89A2D3A189654AF70729E623EA5738B26381E4DA19E004706FACE7B235C2DBF2F38748312F3C98C2DD4882A41947B324AA1259AC22579DB93F7085655AF30889DBB845D9E6783FE42C9F2449400306254C8AE8EE9DD812A804C0B66E8CAFC14F84D8258950A91B44126EE6",
        ],
        agreement: [
            "907D89E2D425A178AA81AF4A7774EC8E388C115CAE67031E85EECE520BD911551B9AE4D04369F29A02626C86FBC6747CC7BC352645B6161A2A42D44EDA80A08FA8D61B76D3A154AD8A5A51786B0BC07147057871A922212C5F67F43173172236B7747D1671E6D692A3C7D40A0C3C5CE397545D015C175EB5130551EDBC2EE5D4",
            "075693D9AE941877573E634B6E644F8E60AF17A0076B8B123D9201074D36152BD8B3A213F53820C42ADC79AB5D0AEEC3AEFB91394DA476BD97B9B14D0A65C1FC71A0E019CB08AF55E1F729005FBA7E3FA5DC41899238A250767A6D46DB974064386CD456743585F8E5D90CC8B4004B1F6D866C79CE0584E49687FF61BC29AEA1",
        ],
        tokens: ["B46DD9BD4D98381F", "917F37B5C0E6D8D1"],
        chip_data: None,
    };
    replay_pace(
        chip,
        "0022C1A40F800A04007F00070202040102830101",
        &example,
        &[],
    );
}

fn holder_with_can_123456() -> Holder {
    Holder {
        can: Some("123456"),
        ..Profile::NlPassport2011.holder()
    }
}

/// The BSI's worked example of PACE with the password 123456, here as the card access number.
#[test]
fn bsi_pace_ecdh() {
    let chip = Chip::passport()
        .holder(holder_with_can_123456())
        .pace(generic(CipherSuite::Aes128, 13))
        .random(script(
            &["7D98C00FC6C9E9543BBF94A87073A123"],
            &[
                "19C428715663DE745D1824B855D2B967890C99D68ED5FEEE9DCDF8D7BBA289D2",
                "15872C56908C144002177994CFAAEDD5467CE150853C44535051FF24183039D8",
            ],
        ));
    let example = PaceExample {
        z: "CE834CDE69FFBB1D1EB21585CD709F18",
        mapping: [
            "043DD29BBE5907FD21A152ADA4895FAAE7ACC55F5E50EFBFDE5AB0C6EB54F198D615913635F0FDF5BEB383E00355F82D3C41ED0DF2E28363433DFB73856A15DC9F",
            "049CFCF7582AC986D0DD52FA53123414C3E1B96B4D00ABA8E574679B70EFB5BC3B45D2F13729CC2AE178E7E241B443213533B77DBB44649A815DDC4A2384BA422A",
        ],
        agreement: [
            "04518BC4E532AD2A9BD6527804D5D665ABD51041037A0CC8AA922804EB501C222B3427388599AFAAE9FBACE2DF93E13C3C4979CD12F0AE3E3C0126028391554582",
            "04282CF38073036AFAC216AF135BD994DA0C357F10BD4C34AFEA1042B2EB0FD6804DF3658B835AC2E7133F13691184542BB50B109963A4662ABDC08B9763AF4B5B",
        ],
        tokens: ["A27AE7B36573C1D9", "A2658C2F38600B0F"],
        chip_data: None,
    };
    replay_pace(
        chip,
        "0022C1A412800A04007F0007020204020283010284010D",
        &example,
        &[],
    );
}

/// Appendix H.1: Integrated Mapping over brainpoolP256r1. Its password is "123456", whatever the text says.
#[test]
fn appendix_h1_integrated_mapping_ecdh() {
    let chip = Chip::passport()
        .holder(holder_with_can_123456())
        .pace(PaceVariant::new(Mapping::Integrated, CipherSuite::Aes128, 13).unwrap())
        .random(script(
            &["2923BE84E16CD6AE529049F1F1BBE9EB"],
            &["107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A"],
        ));
    let example = PaceExample {
        z: "143DC40C08C8E891FBED7DEDB92B64AD",
        mapping: ["5DD4CBFC96F5453B130D890A1CDBAE32", ""],
        agreement: [
            "0489CBA23FFE96AA18D824627C3E934E54A9FD0B87A95D1471DC1C0ABFDCD640D46755DE9B7B778280B6BEBD57439ADFEB0E21FD4ED6DF42578C13418A59B34C37",
            "0467F78E5F7F7686082B293E8D087E056916D0F74BC01A5F8957D0DE45691E51E8932B69A962B52A0985AD2C0A271EE6A13A8ADDDCD1A3A994B9DED257F4D22753",
        ],
        tokens: ["450F02B86F6A0909", "75D4D96E8D5B0308"],
        chip_data: None,
    };
    replay_pace(
        chip,
        "0022C1A412800A04007F0007020204040283010284010D",
        &example,
        &[],
    );
}

/// Appendix H.2: Integrated Mapping in the 1024-bit group of RFC 5114.
#[test]
fn appendix_h2_integrated_mapping_dh() {
    let chip = Chip::passport()
        .holder(holder_with_can_123456())
        .pace(PaceVariant::new(Mapping::Integrated, CipherSuite::Aes128, 0).unwrap())
        .random(script(
            &["FA5B7E3E49753A0DB9178B7B9BD898C8"],
            &["020F018C7284B047FA7721A337EFB7ACB1440BB30C5252BD41C97C30C994BB78E9F0C5B32744D84017D21FFA6878396A6469CA283EF5C000DAF7D261A39AB8860ED4610AB5343390897AAB5A7787E4FAEFA0649C6A94FDF82D991E8E3FC332F5142729E7040A3F7D5A4D3CD75CBEE1F043C1CAD2DD484FEB4ED22B597D36688E"],
        ));
    let example = PaceExample {
        z: "9ABB8864CA0FF1551E620D1EF4E13510",
        mapping: ["B3A6DB3C870C3E99245E0D1C06B747DE", ""],
        agreement: [
            "0F0CC62945A8029251FB7EF3C094E12EC68E4EF07F27CB9D9CD04C5C4250FAE0E4F8A951557E929AEB48E5C6DD47F2F5CD7C351A9BD2CD722C07EDE166770F08FFCB370262CF308DD7B07F2E0DA9CAAA1492344C852906919538C98A4BA4187E76CE9D87832386D319CE2E043C3343AEAE6EDBA1A9894DC5094D22F7FE1351D5",
            "928D9A0F9DBA450F13FC859C6F290D1D36E42431138A4378500BEB4E0401854CFF111F71CB6DC1D0335807A11388CC8EAA87B07907AAD9FBA6B169AF6D8C26AF8DDDC39ADC3AD2E3FF882B84D23E9768E95A80E4746FB07A9767679FE92133B4D379935C771BD7FBED6C7BB4B1708B275EA75679524CDC9C6A91370CC662A2F3",
        ],
        tokens: ["55D61977CBF5307E", "C2F04230187E1525"],
        chip_data: None,
    };
    replay_pace(
        chip,
        "0022C1A412800A04007F00070202040302830102840100",
        &example,
        &[],
    );
}

/// Appendix I: Chip Authentication Mapping. The chip's static key is not printed; it is the mapping key divided by the Chip
/// Authentication Data, and fits the printed public key.
#[test]
fn appendix_i_chip_authentication_mapping() {
    let group = Group::Curve(NamedCurve::BrainpoolP256r1);
    let static_key = SecretKey::from_bytes(
        &group,
        &bytes("86C88A4579CE48135878E6348A734B5D47CE5BC1E54C0E8978687B49FDE2E2C2"),
    )
    .unwrap();
    assert_eq!(
        static_key.public_key().unwrap().as_bytes(),
        bytes(
            "041872709494399E7470A6431BE25E83EEE24FEA568C2ED28DB48E05DB3A610DC884D256A40E35EFCB59BF6753D3A489D28C7A4D973C2DA138A6E7A4A08F68E16F"
        ),
    );
    let chip = Chip::passport()
        .holder(holder("C11T002JM", "960812", "231031"))
        .chip_authentication_key(
            ChipAuthenticationKey::new(static_key, Some(13), &[CipherSuite::Aes128]).unwrap(),
        )
        .pace(PaceVariant::new(Mapping::ChipAuthentication, CipherSuite::Aes128, 13).unwrap())
        .random(script(
            &["658B860BC94DF6F044FCE6D5C82CF8E5"],
            &[
                "9E56A6B59C95D06ECE5CD10F983BB2F4F1943528E577F23881D89D8C3BBEE0AA",
                "CD626EF3C256E235FE8912CAC28279E626008EDA6B3A05C4CF862A3BDAB79E78",
            ],
        ));
    let example = PaceExample {
        z: "CB60E8E0D85B76A9BD304747C2AD42E2",
        mapping: [
            "047F1D410ADB7DDB3B84BF1030800981A9105D7457B4A3ADE002384F3086C67EDE1AB889104A27DB6D842B019020FBF3CEACB0DC627F7BDCAC29969E19D0E553C1",
            "04A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B304F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E23",
        ],
        agreement: [
            "04446C934084D9DAB863944F219520076C29EE3F7AE6722B11FF319EC1C7728F955483400BFF60BF0C5929270009277DC2A515E12575010AD9BA916CF1BF86FEFC",
            "0402AD566F3C6EC7F9324509AD50A51FA52030782A4968FCFEDF737DAEA993333111C3B9B4C2287789BD137E7F8AA882E2A3C633CCD6ECC2C63C57AD401A09C2E1",
        ],
        tokens: ["E86BD06018A1CD3B", "8596CF055C67C1A3"],
        chip_data: Some(
            "1EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8798CF77F5B7A54BD10CBA372B42BE0B9B5F28AA8DE2F4F92",
        ),
    };
    replay_pace(
        chip,
        "0022C1A412800A04007F0007020204060283010184010D",
        &example,
        &[],
    );
}
