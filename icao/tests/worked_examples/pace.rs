//! PACE: Doc 9303-11, appendices G.1, G.2, H.1, H.2 and I, and the BSI worked example.

use icao::access_key::{AccessKey, PacePassword};
use icao::apdu::{Command, MAX_EXTENDED_NE, Response, StatusWord};
use icao::crypto::key_agreement::{Group, KeyAgreementError, PublicKey, SecretKey};
use icao::lds::security_info::{Mapping, PaceInfo, SecurityInfos};
use icao::mrz::AccessFields;
use icao::pace::mapping::MappingSecret;
use icao::pace::parameters::{PaceParameters, ParametersError};
use icao::pace::{Pace, PaceError, PaceOutput, PaceSecrets, PaceStep};
use icao::secure_messaging::{SecureMessaging, SessionKeys};
use icao::tlv;

use crate::{bytes, command, done, h, response};

enum Password {
    Mrz(&'static str, &'static str, &'static str),
    Can(&'static str),
}

/// One published conversation, as the terminal sees it. Public keys are in the form in which they are sent.
struct Example {
    info: &'static str,
    password: Password,
    z: &'static str,
    /// Private mapping key, or the nonce t.
    mapping_secret: &'static str,
    mapping_public: &'static str,
    chip_mapping: &'static str,
    secret: &'static str,
    public: &'static str,
    chip_public: &'static str,
    ks_enc: &'static str,
    ks_mac: &'static str,
    token: &'static str,
    chip_token: &'static str,
    /// Data object 8A.
    chip_data: &'static str,
}

/// Appendix G.1: ECDH, Generic Mapping, BrainpoolP256r1, AES-128.
const G1: Example = Example {
    info: "3012060A04007F0007020204020202010202010D",
    password: Password::Mrz("T22000129", "640812", "101031"),
    z: "95A3A016522EE98D01E76CB6B98B42C3",
    mapping_secret: "7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99",
    mapping_public: "047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E544552DCB6725218799115\
             B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D",
    chip_mapping: "04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F5730D8C879AAA9C9F73991E6\
             1B58F4D52EB87A0A0C709A49DC63719363CCD13C54",
    secret: "A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595",
    public: "042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C3556F3B3B186DF10B857B5\
             8F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462",
    chip_public: "049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB7764B22277A2EDDC3C265A\
             9F018F9CB852E111B768B326904B59A0193776F094",
    ks_enc: "F5F0E35C0D7161EE6724EE513A0D9A7F",
    ks_mac: "FE251C7858B356B24514B3BD5F4297D1",
    token: "C2B0BD78D94BA866",
    chip_token: "3ABB9674BCE93C08",
    chip_data: "",
};

/// Appendix G.2: DH, Generic Mapping, 1024-bit group, AES-128.
const G2: Example = Example {
    info: "3012060A04007F00070202040102020102020100",
    password: Password::Mrz("T22000129", "640812", "101031"),
    z: "854D8DF5827FA6852D1A4FA701CDDDCA",
    mapping_secret: "5265030F751F4AD18B08AC565FC7AC952E41618D",
    mapping_public: "23FB3749EA030D2A25B278D2A562047ADE3F01B74F17A15402CB7352CA7D2B3EB71C343DB13D1DEBCE9A3666\
             DBCFC920B49174A602CB47965CAA73DC702489A44D41DB914DE9613DC5E98C94160551C0DF86274B9359BC04\
             90D01B03AD54022DCB4F57FAD6322497D7A1E28D46710F461AFE710FBBBC5F8BA166F4311975EC6C",
    chip_mapping: "78879F57225AA8080D52ED0FC890A4B25336F699AA89A2D3A189654AF70729E623EA5738B26381E4DA19E004\
             706FACE7B235C2DBF2F38748312F3C98C2DD4882A41947B324AA1259AC22579DB93F7085655AF30889DBB845\
             D9E6783FE42C9F2449400306254C8AE8EE9DD812A804C0B66E8CAFC14F84D8258950A91B44126EE6",
    secret: "89CCD99B0E8D3B1F11E1296DCA68EC53411CF2CA",
    public: "907D89E2D425A178AA81AF4A7774EC8E388C115CAE67031E85EECE520BD911551B9AE4D04369F29A02626C86\
             FBC6747CC7BC352645B6161A2A42D44EDA80A08FA8D61B76D3A154AD8A5A51786B0BC07147057871A922212C\
             5F67F43173172236B7747D1671E6D692A3C7D40A0C3C5CE397545D015C175EB5130551EDBC2EE5D4",
    chip_public: "075693D9AE941877573E634B6E644F8E60AF17A0076B8B123D9201074D36152BD8B3A213F53820C42ADC79AB\
             5D0AEEC3AEFB91394DA476BD97B9B14D0A65C1FC71A0E019CB08AF55E1F729005FBA7E3FA5DC41899238A250\
             767A6D46DB974064386CD456743585F8E5D90CC8B4004B1F6D866C79CE0584E49687FF61BC29AEA1",
    ks_enc: "2F7F46ADCC9E7E521B45D192FAFA9126",
    ks_mac: "805A1D27D45A5116F73C54469462B7D8",
    token: "B46DD9BD4D98381F",
    chip_token: "917F37B5C0E6D8D1",
    chip_data: "",
};

/// Appendix H.1: ECDH, Integrated Mapping, BrainpoolP256r1, AES-128. The password is printed as an MRZ, but is "123456".
const H1: Example = Example {
    info: "3012060A04007F0007020204040202010202010D",
    password: Password::Can("123456"),
    z: "143DC40C08C8E891FBED7DEDB92B64AD",
    mapping_secret: "5DD4CBFC96F5453B130D890A1CDBAE32",
    mapping_public: "5DD4CBFC96F5453B130D890A1CDBAE32",
    chip_mapping: "",
    secret: "A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595",
    public: "0489CBA23FFE96AA18D824627C3E934E54A9FD0B87A95D1471DC1C0ABFDCD640D46755DE9B7B778280B6BEBD\
             57439ADFEB0E21FD4ED6DF42578C13418A59B34C37",
    chip_public: "0467F78E5F7F7686082B293E8D087E056916D0F74BC01A5F8957D0DE45691E51E8932B69A962B52A0985AD2C\
             0A271EE6A13A8ADDDCD1A3A994B9DED257F4D22753",
    ks_enc: "0D3FEB33251A6370893D62AE8DAAF51B",
    ks_mac: "B01E89E3D9E8719E586B50B4A7506E0B",
    token: "450F02B86F6A0909",
    chip_token: "75D4D96E8D5B0308",
    chip_data: "",
};

/// Appendix H.2: DH, Integrated Mapping, 1024-bit group, AES-128.
const H2: Example = Example {
    info: "3012060A04007F00070202040302020102020100",
    password: Password::Can("123456"),
    z: "9ABB8864CA0FF1551E620D1EF4E13510",
    mapping_secret: "B3A6DB3C870C3E99245E0D1C06B747DE",
    mapping_public: "B3A6DB3C870C3E99245E0D1C06B747DE",
    chip_mapping: "",
    secret: "4BD0E54740F9A028E6A515BFDAF967848C4F5F5FFF65AA0915947FFD1A0DF2FA6981271BC905F3551457B7E0\
             3AC3B8066DE4AA406C1171FB43DD939C4BA16175103BA3DEE16419AA248118F90CC36A3D6F4C373652E0C3CC\
             E7F0F1D0C5425B3600F0F0D6A67F004C8BBA33F2B4733C7252445C1DFC4F1107203F71D2EFB28161",
    public: "0F0CC62945A8029251FB7EF3C094E12EC68E4EF07F27CB9D9CD04C5C4250FAE0E4F8A951557E929AEB48E5C6\
             DD47F2F5CD7C351A9BD2CD722C07EDE166770F08FFCB370262CF308DD7B07F2E0DA9CAAA1492344C85290691\
             9538C98A4BA4187E76CE9D87832386D319CE2E043C3343AEAE6EDBA1A9894DC5094D22F7FE1351D5",
    chip_public: "928D9A0F9DBA450F13FC859C6F290D1D36E42431138A4378500BEB4E0401854CFF111F71CB6DC1D0335807A1\
             1388CC8EAA87B07907AAD9FBA6B169AF6D8C26AF8DDDC39ADC3AD2E3FF882B84D23E9768E95A80E4746FB07A\
             9767679FE92133B4D379935C771BD7FBED6C7BB4B1708B275EA75679524CDC9C6A91370CC662A2F3",
    ks_enc: "01AFC10CF87BE36D8179E87370171F07",
    ks_mac: "23F0FBD05FD6C7B8B88F4C8309669061",
    token: "55D61977CBF5307E",
    chip_token: "C2F04230187E1525",
    chip_data: "",
};

/// Appendix I: ECDH, Chip Authentication Mapping, BrainpoolP256r1, AES-128.
const I: Example = Example {
    info: "3012060A04007F0007020204060202010202010D",
    password: Password::Mrz("C11T002JM", "960812", "231031"),
    z: "CB60E8E0D85B76A9BD304747C2AD42E2",
    mapping_secret: "5D8BB87BD74D985A4B7D4325B9F7B976FE835122773400798914AA22738135CC",
    mapping_public: "047F1D410ADB7DDB3B84BF1030800981A9105D7457B4A3ADE002384F3086C67EDE1AB889104A27DB6D842B01\
             9020FBF3CEACB0DC627F7BDCAC29969E19D0E553C1",
    chip_mapping: "04A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B304F365713A356E65A451E1\
             65ECC9AC0AC46E3771342C8FE5AEDD092685338E23",
    secret: "76ECFDAA9841C323A3F5FC5E88B88DB3EFF7E35EBF57A7E6946CB630006C2120",
    public: "04446C934084D9DAB863944F219520076C29EE3F7AE6722B11FF319EC1C7728F955483400BFF60BF0C592927\
             0009277DC2A515E12575010AD9BA916CF1BF86FEFC",
    chip_public: "0402AD566F3C6EC7F9324509AD50A51FA52030782A4968FCFEDF737DAEA993333111C3B9B4C2287789BD137E\
             7F8AA882E2A3C633CCD6ECC2C63C57AD401A09C2E1",
    ks_enc: "0A9DA4DB03BDDE39FC5202BC44B2E89E",
    ks_mac: "4B1C06491ED5140CA2B537D344C6C0B1",
    token: "E86BD06018A1CD3B",
    chip_token: "8596CF055C67C1A3",
    chip_data: "1EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8798CF77F5B7A54BD10CBA372B42BE0B9B5F28AA8\
             DE2F4F92",
};

/// BSI worked example of Extended Access Control 2: ECDH, Generic Mapping, BrainpoolP256r1, AES-128.
const BSI: Example = Example {
    info: "3012060A04007F0007020204020202010202010D",
    password: Password::Can("123456"),
    z: "CE834CDE69FFBB1D1EB21585CD709F18",
    mapping_secret: "752287F5B02DE3C4BC3E17945118C51B23C97278E4CD748048AC56BA5BDC3D46",
    mapping_public: "043DD29BBE5907FD21A152ADA4895FAAE7ACC55F5E50EFBFDE5AB0C6EB54F198D615913635F0FDF5BEB383E0\
             0355F82D3C41ED0DF2E28363433DFB73856A15DC9F",
    chip_mapping: "049CFCF7582AC986D0DD52FA53123414C3E1B96B4D00ABA8E574679B70EFB5BC3B45D2F13729CC2AE178E7E2\
             41B443213533B77DBB44649A815DDC4A2384BA422A",
    secret: "9D9A32DF93A57CCE33CA3CDD3457E33A976F293546C73550F397259C93BE0120",
    public: "04518BC4E532AD2A9BD6527804D5D665ABD51041037A0CC8AA922804EB501C222B3427388599AFAAE9FBACE2\
             DF93E13C3C4979CD12F0AE3E3C0126028391554582",
    chip_public: "04282CF38073036AFAC216AF135BD994DA0C357F10BD4C34AFEA1042B2EB0FD6804DF3658B835AC2E7133F13\
             691184542BB50B109963A4662ABDC08B9763AF4B5B",
    ks_enc: "68406B4162100563D9C901A6154D2901",
    ks_mac: "73FF268784F72AF833FDC9464049AFC9",
    token: "A27AE7B36573C1D9",
    chip_token: "A2658C2F38600B0F",
    chip_data: "",
};

impl Example {
    fn info(&self) -> PaceInfo {
        let infos = SecurityInfos::parse(&tlv::encode(0x31, &h(self.info))).unwrap();
        *infos.pace().next().unwrap()
    }

    fn parameters(&self) -> PaceParameters {
        PaceParameters::from_info(&self.info()).unwrap()
    }

    fn password(&self) -> PacePassword {
        match self.password {
            Password::Mrz(number, birth, expiry) => {
                AccessKey::Mrz(AccessFields::new(number, birth, expiry).unwrap())
            }
            Password::Can(number) => AccessKey::can(number).unwrap(),
        }
        .pace_password()
    }

    fn start(&self) -> Pace {
        let parameters = self.parameters();
        let mapping = match parameters.protocol().mapping {
            Mapping::Integrated => MappingSecret::Nonce(h(self.mapping_secret)),
            _ => MappingSecret::Key(
                SecretKey::from_bytes(parameters.group(), &h(self.mapping_secret)).unwrap(),
            ),
        };
        let agreement = SecretKey::from_bytes(parameters.group(), &h(self.secret)).unwrap();
        let secrets = PaceSecrets { mapping, agreement };
        Pace::with_secrets(parameters, self.password(), secrets).unwrap()
    }

    /// What the chip answers in each of the five steps.
    fn answers(&self) -> [Response; 5] {
        let ok = |data| Response::new(data, StatusWord::OK);
        let mut last = tlv::encode(0x86, &h(self.chip_token));
        if !self.chip_data.is_empty() {
            last.extend(tlv::encode(0x8A, &h(self.chip_data)));
        }
        [
            ok(Vec::new()),
            ok(dynamic(0x80, self.z)),
            ok(dynamic(0x82, self.chip_mapping)),
            ok(dynamic(0x84, self.chip_public)),
            ok(tlv::encode(0x7C, &last)),
        ]
    }

    /// What the terminal has to send in each of them.
    fn commands(&self) -> [Vec<u8>; 5] {
        let info = self.info();
        let oid = tlv::encode(0x80, info.protocol.oid().as_bytes());
        let reference = match self.password {
            Password::Mrz(..) => 1,
            Password::Can(_) => 2,
        };
        let id = u8::try_from(info.parameter_id.unwrap()).unwrap();
        // The examples leave data object 84 out, which real chips need.
        let set_at = [&*oid, &[0x83, 1, reference, 0x84, 1, id]].concat();
        [
            header("0022C1A4", &set_at, false),
            header("10860000", &h("7C00"), true),
            header("10860000", &dynamic(0x81, self.mapping_public), true),
            header("10860000", &dynamic(0x83, self.public), true),
            header("00860000", &dynamic(0x85, self.token), true),
        ]
    }

    /// A terminal that has sent the command of this step and waits for its answer.
    fn waiting_at(&self, step: usize) -> Pace {
        let mut pace = self.start();
        for answer in &self.answers()[..step] {
            pace.next().unwrap();
            pace.receive(answer).unwrap();
        }
        pace.next().unwrap();
        pace
    }

    fn run(&self) -> PaceOutput {
        let mut pace = self.start();
        for (expected, answer) in self.commands().iter().zip(self.answers()) {
            assert_eq!(command(pace.next()), hex::encode_upper(expected));
            pace.receive(&answer).unwrap();
        }
        let output = done(pace.next());
        assert_eq!(pace.next().unwrap_err(), PaceError::OutOfTurn);
        output
    }
}

fn dynamic(tag: u32, content: &str) -> Vec<u8> {
    tlv::encode(0x7C, &tlv::encode(tag, &h(content)))
}

/// A short command written down by hand.
fn header(start: &str, data: &[u8], le: bool) -> Vec<u8> {
    let lc = u8::try_from(data.len()).unwrap();
    let mut bytes = [&*h(start), &[lc], data].concat();
    bytes.extend(le.then_some(0));
    bytes
}

#[test]
fn published_conversations_replay() {
    for example in [G1, G2, H1, H2, I, BSI] {
        let mut output = example.run();
        let suite = example.info().protocol.suite;
        let keys = SessionKeys::new(suite, &h(example.ks_enc), &h(example.ks_mac)).unwrap();
        let plain = Command::select_application(&h("A0000002471001"));
        assert_eq!(
            output.secure_messaging.protect(&plain).unwrap(),
            SecureMessaging::new(keys).protect(&plain).unwrap()
        );
        assert_eq!(
            output.chip_authentication.is_some(),
            !example.chip_data.is_empty()
        );
        assert_eq!(output.tries_left, None);
    }
}

/// The commands of G.1 as they are printed.
#[test]
fn appendix_g1_as_printed() {
    let [_, nonce, map, agree, token] = G1.commands().map(hex::encode_upper);
    assert_eq!(nonce, "10860000027C0000");
    assert!(map.starts_with("10860000457C438141047ACF3EFC") && map.ends_with("00"));
    assert!(agree.starts_with("10860000457C438341042DB7A64C"));
    assert_eq!(token, "008600000C7C0A8508C2B0BD78D94BA86600");
}

#[test]
fn chip_authentication_mapping_proves_only_the_right_key() {
    let output = I.run();
    let proof = output.chip_authentication.unwrap();
    let group = I.parameters().group().clone();
    let key = |point: &str| PublicKey::from_bytes(&group, &h(point)).unwrap();
    let static_key = key(
        "041872709494399E7470A6431BE25E83EEE24FEA568C2ED28DB48E05DB3A610DC884D256A40E35EFCB59BF67\
         53D3A489D28C7A4D973C2DA138A6E7A4A08F68E16F",
    );
    assert!(proof.proves(&static_key));
    assert!(!proof.proves(&key(I.chip_public)));
    assert!(!proof.proves(&PublicKey::generator(
        &Group::from_parameter_id(12).unwrap()
    )));

    // Without its proof, or with a spoilt one, the chip still opens; the verdict is negative.
    for chip_data in [
        "",
        "00",
        "1EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8798CF77F5B7A54BD",
    ] {
        let mut pace = I.waiting_at(4);
        let mut last = tlv::encode(0x86, &h(I.chip_token));
        if !chip_data.is_empty() {
            last.extend(tlv::encode(0x8A, &h(chip_data)));
        }
        pace.receive(&Response::new(tlv::encode(0x7C, &last), StatusWord::OK))
            .unwrap();
        assert!(
            !done(pace.next())
                .chip_authentication
                .unwrap()
                .proves(&static_key)
        );
    }
}

#[test]
fn references_of_authorities_in_the_last_answer_are_passed_over() {
    let mut pace = G1.waiting_at(4);
    let references = [
        tlv::encode(0x87, b"DETESTCVCA00003"),
        tlv::encode(0x88, b"DETESTCVCA00002"),
    ];
    let last = [tlv::encode(0x86, &h(G1.chip_token)), references.concat()].concat();
    pace.receive(&Response::new(tlv::encode(0x7C, &last), StatusWord::OK))
        .unwrap();
    assert!(done(pace.next()).chip_authentication.is_none());
}

#[test]
fn wrong_passwords_are_told_from_wrong_chips() {
    let refuse =
        |step: usize, answer: &str| G1.waiting_at(step).receive(&response(answer)).unwrap_err();
    assert_eq!(
        refuse(4, "6300"),
        PaceError::WrongPassword { tries_left: None }
    );
    assert_eq!(
        refuse(4, "63C2"),
        PaceError::WrongPassword {
            tries_left: Some(2)
        }
    );
    assert_eq!(refuse(0, "63C0"), PaceError::Blocked);
    assert_eq!(refuse(1, "6983"), PaceError::Blocked);
    let status = StatusWord::REFERENCE_NOT_FOUND;
    assert_eq!(
        refuse(0, "6A88"),
        PaceError::Chip {
            step: PaceStep::SetAt,
            status
        }
    );

    assert_eq!(
        refuse(4, "7C0A86083ABB9674BCE93C09 9000"),
        PaceError::WrongToken
    );
    assert_eq!(
        refuse(4, "7C0986073ABB9674BCE93C 9000"),
        PaceError::TokenLength
    );
    for malformed in [
        "9000",
        "7C00 9000",
        "7C0A85083ABB9674BCE93C08 9000",
        "8608 9000",
    ] {
        let error = refuse(4, malformed);
        assert!(
            matches!(
                error,
                PaceError::Malformed {
                    step: PaceStep::Authentication,
                    ..
                }
            ),
            "{error}"
        );
    }

    // A warning in MSE:Set AT lets this try go on and is reported with the outcome.
    let mut pace = G1.start();
    let mut answers = G1.answers();
    answers[0].status = StatusWord(0x63C2);
    for answer in &answers {
        pace.next().unwrap();
        pace.receive(answer).unwrap();
    }
    assert_eq!(done(pace.next()).tries_left, Some(2));
}

#[test]
fn bad_nonces_and_keys_of_the_chip_are_refused() {
    let ok = |tag, content: &str| Response::new(dynamic(tag, content), StatusWord::OK);
    for z in ["", "00", &"00".repeat(80)] {
        assert_eq!(
            G1.waiting_at(1).receive(&ok(0x80, z)),
            Err(PaceError::NonceLength)
        );
    }
    assert_eq!(
        H1.waiting_at(1).receive(&ok(0x80, &"00".repeat(32))),
        Err(PaceError::NonceLength)
    );

    let echoed = G1.waiting_at(2).receive(&ok(0x82, G1.mapping_public));
    assert_eq!(echoed, Err(PaceError::EchoedKey(PaceStep::Mapping)));
    for example in [G1, G2, H1, H2, I] {
        let echoed = example.waiting_at(3).receive(&ok(0x84, example.public));
        assert_eq!(echoed, Err(PaceError::EchoedKey(PaceStep::KeyAgreement)));
    }

    let off_curve = G1.chip_public.replacen("049E", "049F", 1);
    let infinity = "00".to_owned();
    for key in [
        off_curve,
        infinity,
        String::new(),
        G1.chip_public[2..].to_owned(),
    ] {
        for (at, tag, step) in [
            (2, 0x82, PaceStep::Mapping),
            (3, 0x84, PaceStep::KeyAgreement),
        ] {
            let error = KeyAgreementError::InvalidPublicKey;
            let refused = G1.waiting_at(at).receive(&ok(tag, &key));
            assert_eq!(refused, Err(PaceError::ChipKey { step, error }));
        }
    }
    // Elements of small order of the multiplicative group.
    let one = format!("{:0>256}", 1);
    let error = KeyAgreementError::InvalidPublicKey;
    let refused = G2.waiting_at(3).receive(&ok(0x84, &one));
    assert_eq!(
        refused,
        Err(PaceError::ChipKey {
            step: PaceStep::KeyAgreement,
            error
        })
    );
}

#[test]
fn combinations_outside_the_standard_have_names() {
    let info = |mapping: u8, id: u8| {
        let oid = [&h("04007F00070202 04")[..], &[mapping, 2]].concat();
        let content = [tlv::encode(0x06, &oid), vec![2, 1, 2, 2, 1, id]].concat();
        let set = tlv::encode(0x31, &tlv::encode(0x30, &content));
        let infos = SecurityInfos::parse(&set).unwrap();
        PaceParameters::from_info(infos.pace().next().unwrap())
    };
    assert_eq!(
        info(4, 10),
        Err(ParametersError::IntegratedMappingOverSecp224r1)
    );
    assert_eq!(info(2, 0), Err(ParametersError::KindMismatch));
    assert_eq!(info(1, 13), Err(ParametersError::KindMismatch));
    for id in [3, 7, 19, 31, 32] {
        assert_eq!(
            info(2, id),
            Err(ParametersError::UnknownParameterId(id.into()))
        );
    }
    for id in (8..=18).filter(|id| *id != 10) {
        assert!(info(4, id).is_ok());
    }
    let mut without = G1.info();
    without.parameter_id = None;
    assert_eq!(
        PaceParameters::from_info(&without),
        Err(ParametersError::NoParameterId)
    );
    without.version = 1;
    assert_eq!(
        PaceParameters::from_info(&without),
        Err(ParametersError::Version(1))
    );
}

/// Domain parameters beside the PACEInfo, in each form that an AlgorithmIdentifier can have.
#[test]
fn domain_parameters_may_be_given_on_the_chip() {
    let pace_info = |id: &[u8]| {
        let oid = tlv::encode(0x06, &h("04007F00070202040202"));
        tlv::encode(0x30, &[&*oid, &[2, 1, 2], id].concat())
    };
    let given = |kind: u8, algorithm: &str, id: &[u8]| {
        let oid = tlv::encode(0x06, &[&h("04007F0007020204")[..], &[kind]].concat());
        tlv::encode(0x30, &[&*oid, &h(algorithm), id].concat())
    };
    // id-ecPublicKey with brainpoolP256r1 by name; standardized domain parameters 12; ECDSA, which is for signatures.
    let brainpool = "301406072A8648CE3D020106092B2403030208010107";
    let standardized = "300C060704007F0007010202010C";
    let signatures = "300A06082A8648CE3D040302";
    let parameters = |elements: &[Vec<u8>]| {
        let infos = SecurityInfos::parse(&tlv::encode(0x31, &elements.concat())).unwrap();
        PaceParameters::from_infos(infos.pace().next().unwrap(), &infos)
            .map(|parameters| parameters.group().clone())
    };
    let group = |id| Group::from_parameter_id(id).unwrap();
    let (none, first, second) = (&[][..], &[2, 1, 40][..], &[2, 1, 41][..]);

    let both = [given(2, brainpool, first), given(2, standardized, second)].concat();
    assert_eq!(parameters(&[pace_info(first), both.clone()]), Ok(group(13)));
    assert_eq!(
        parameters(&[pace_info(second), both.clone()]),
        Ok(group(12))
    );
    assert_eq!(
        parameters(&[pace_info(none), given(2, brainpool, none)]),
        Ok(group(13))
    );
    // Standardized numbers mean what the standard says, whatever is given beside them.
    assert_eq!(
        parameters(&[pace_info(&[2, 1, 14]), both.clone()]),
        Ok(group(14))
    );

    let refused = Err(ParametersError::NoDomainParameterInfo);
    assert_eq!(parameters(&[pace_info(none), both]), refused);
    assert_eq!(parameters(&[pace_info(first)]), refused);
    assert_eq!(
        parameters(&[pace_info(first), given(1, brainpool, first)]),
        refused
    );
    assert!(matches!(
        parameters(&[pace_info(first), given(2, signatures, first)]),
        Err(ParametersError::DomainParameters(_))
    ));
}

/// Keys of 2048 bits do not fit short APDUs in either direction.
#[test]
fn long_keys_travel_in_extended_commands() {
    let mut info = G2.info();
    info.parameter_id = Some(2);
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let mut pace = Pace::new(&info, G2.password(), &mut rng).unwrap();
    for answer in &G2.answers()[..2] {
        pace.next().unwrap();
        pace.receive(answer).unwrap();
    }
    let icao::apdu::Step::Transmit(map) = pace.next().unwrap() else {
        panic!("not done yet")
    };
    assert_eq!(map.le, Some(MAX_EXTENDED_NE));
    assert!(
        bytes(&map).starts_with(
            "10860000000108 7C82 0104 8182 0100"
                .replace(' ', "")
                .as_str()
        )
    );
}

#[test]
fn secrets_must_suit_the_parameters() {
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let secrets = PaceSecrets::generate(&G1.parameters(), &mut rng);
    for other in [&G2, &H1] {
        let secrets = PaceSecrets {
            mapping: secrets.mapping.clone(),
            agreement: secrets.agreement.clone(),
        };
        let refused = Pace::with_secrets(other.parameters(), other.password(), secrets);
        assert_eq!(refused.unwrap_err(), PaceError::Secrets);
    }
}
