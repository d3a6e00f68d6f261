//! Issuing states and organizations, whose codes documents and certificates write in several forms.

use core::fmt;

use super::PkiError;

/// An issuing state or organization in one canonical form: the three letters of Doc 9303-3 5, with `DEU` for `D`.
///
/// The machine readable zone says `D` or `NLD`, certificates say `DE`, `nl`, and now and then `LTU`: all of them compare
/// equal here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IssuingState([u8; 3]);

impl IssuingState {
    /// What stands for the state of a certificate that names none: `XXX`, which Doc 9303-3 5 gives to no state.
    pub const UNSTATED: Self = Self(*b"XXX");

    /// Reads a code of one to three letters in either case, with or without fillers.
    ///
    /// A code that no table knows stands for itself: specimen documents and organizations have such.
    ///
    /// # Errors
    /// [`PkiError::IssuingState`] for anything but one to three letters.
    pub fn parse(code: &str) -> Result<Self, PkiError> {
        let letters = code.trim().trim_end_matches('<');
        if letters.is_empty()
            || letters.len() > 3
            || !letters.bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            return Err(PkiError::IssuingState);
        }
        let code = letters.to_ascii_uppercase();
        let canonical = OTHER_FORMS
            .iter()
            .chain(ALPHA_2)
            .find(|(form, _)| *form == code)
            .map_or(code.as_str(), |(_, alpha_3)| *alpha_3);
        let mut state = [b'<'; 3];
        state
            .iter_mut()
            .zip(canonical.bytes())
            .for_each(|(to, from)| *to = from);
        Ok(Self(state))
    }

    /// The canonical code without fillers: `DEU`, `NLD`, `UTO`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0)
            .unwrap_or_default()
            .trim_end_matches('<')
    }
}

impl fmt::Display for IssuingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for IssuingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Forms outside ISO 3166-1 alpha-2: Germany's single letter, organizations, and codes that certificates carry
/// (Doc 9303-3 5 parts B to D). The fictitious state of the specimens is among them.
const OTHER_FORMS: &[(&str, &str)] = &[
    ("D", "DEU"),
    ("EU", "EUE"),
    ("KS", "RKS"),
    ("UN", "UNO"),
    ("UT", "UTO"),
    ("XK", "RKS"),
    ("XO", "XOM"),
];

/// ISO 3166-1, two letters and three.
#[rustfmt::skip]
const ALPHA_2: &[(&str, &str)] = &[
    ("AD", "AND"), ("AE", "ARE"), ("AF", "AFG"), ("AG", "ATG"), ("AI", "AIA"), ("AL", "ALB"),
    ("AM", "ARM"), ("AO", "AGO"), ("AQ", "ATA"), ("AR", "ARG"), ("AS", "ASM"), ("AT", "AUT"),
    ("AU", "AUS"), ("AW", "ABW"), ("AX", "ALA"), ("AZ", "AZE"), ("BA", "BIH"), ("BB", "BRB"),
    ("BD", "BGD"), ("BE", "BEL"), ("BF", "BFA"), ("BG", "BGR"), ("BH", "BHR"), ("BI", "BDI"),
    ("BJ", "BEN"), ("BL", "BLM"), ("BM", "BMU"), ("BN", "BRN"), ("BO", "BOL"), ("BQ", "BES"),
    ("BR", "BRA"), ("BS", "BHS"), ("BT", "BTN"), ("BV", "BVT"), ("BW", "BWA"), ("BY", "BLR"),
    ("BZ", "BLZ"), ("CA", "CAN"), ("CC", "CCK"), ("CD", "COD"), ("CF", "CAF"), ("CG", "COG"),
    ("CH", "CHE"), ("CI", "CIV"), ("CK", "COK"), ("CL", "CHL"), ("CM", "CMR"), ("CN", "CHN"),
    ("CO", "COL"), ("CR", "CRI"), ("CU", "CUB"), ("CV", "CPV"), ("CW", "CUW"), ("CX", "CXR"),
    ("CY", "CYP"), ("CZ", "CZE"), ("DE", "DEU"), ("DJ", "DJI"), ("DK", "DNK"), ("DM", "DMA"),
    ("DO", "DOM"), ("DZ", "DZA"), ("EC", "ECU"), ("EE", "EST"), ("EG", "EGY"), ("EH", "ESH"),
    ("ER", "ERI"), ("ES", "ESP"), ("ET", "ETH"), ("FI", "FIN"), ("FJ", "FJI"), ("FK", "FLK"),
    ("FM", "FSM"), ("FO", "FRO"), ("FR", "FRA"), ("GA", "GAB"), ("GB", "GBR"), ("GD", "GRD"),
    ("GE", "GEO"), ("GF", "GUF"), ("GG", "GGY"), ("GH", "GHA"), ("GI", "GIB"), ("GL", "GRL"),
    ("GM", "GMB"), ("GN", "GIN"), ("GP", "GLP"), ("GQ", "GNQ"), ("GR", "GRC"), ("GS", "SGS"),
    ("GT", "GTM"), ("GU", "GUM"), ("GW", "GNB"), ("GY", "GUY"), ("HK", "HKG"), ("HM", "HMD"),
    ("HN", "HND"), ("HR", "HRV"), ("HT", "HTI"), ("HU", "HUN"), ("ID", "IDN"), ("IE", "IRL"),
    ("IL", "ISR"), ("IM", "IMN"), ("IN", "IND"), ("IO", "IOT"), ("IQ", "IRQ"), ("IR", "IRN"),
    ("IS", "ISL"), ("IT", "ITA"), ("JE", "JEY"), ("JM", "JAM"), ("JO", "JOR"), ("JP", "JPN"),
    ("KE", "KEN"), ("KG", "KGZ"), ("KH", "KHM"), ("KI", "KIR"), ("KM", "COM"), ("KN", "KNA"),
    ("KP", "PRK"), ("KR", "KOR"), ("KW", "KWT"), ("KY", "CYM"), ("KZ", "KAZ"), ("LA", "LAO"),
    ("LB", "LBN"), ("LC", "LCA"), ("LI", "LIE"), ("LK", "LKA"), ("LR", "LBR"), ("LS", "LSO"),
    ("LT", "LTU"), ("LU", "LUX"), ("LV", "LVA"), ("LY", "LBY"), ("MA", "MAR"), ("MC", "MCO"),
    ("MD", "MDA"), ("ME", "MNE"), ("MF", "MAF"), ("MG", "MDG"), ("MH", "MHL"), ("MK", "MKD"),
    ("ML", "MLI"), ("MM", "MMR"), ("MN", "MNG"), ("MO", "MAC"), ("MP", "MNP"), ("MQ", "MTQ"),
    ("MR", "MRT"), ("MS", "MSR"), ("MT", "MLT"), ("MU", "MUS"), ("MV", "MDV"), ("MW", "MWI"),
    ("MX", "MEX"), ("MY", "MYS"), ("MZ", "MOZ"), ("NA", "NAM"), ("NC", "NCL"), ("NE", "NER"),
    ("NF", "NFK"), ("NG", "NGA"), ("NI", "NIC"), ("NL", "NLD"), ("NO", "NOR"), ("NP", "NPL"),
    ("NR", "NRU"), ("NU", "NIU"), ("NZ", "NZL"), ("OM", "OMN"), ("PA", "PAN"), ("PE", "PER"),
    ("PF", "PYF"), ("PG", "PNG"), ("PH", "PHL"), ("PK", "PAK"), ("PL", "POL"), ("PM", "SPM"),
    ("PN", "PCN"), ("PR", "PRI"), ("PS", "PSE"), ("PT", "PRT"), ("PW", "PLW"), ("PY", "PRY"),
    ("QA", "QAT"), ("RE", "REU"), ("RO", "ROU"), ("RS", "SRB"), ("RU", "RUS"), ("RW", "RWA"),
    ("SA", "SAU"), ("SB", "SLB"), ("SC", "SYC"), ("SD", "SDN"), ("SE", "SWE"), ("SG", "SGP"),
    ("SH", "SHN"), ("SI", "SVN"), ("SJ", "SJM"), ("SK", "SVK"), ("SL", "SLE"), ("SM", "SMR"),
    ("SN", "SEN"), ("SO", "SOM"), ("SR", "SUR"), ("SS", "SSD"), ("ST", "STP"), ("SV", "SLV"),
    ("SX", "SXM"), ("SY", "SYR"), ("SZ", "SWZ"), ("TC", "TCA"), ("TD", "TCD"), ("TF", "ATF"),
    ("TG", "TGO"), ("TH", "THA"), ("TJ", "TJK"), ("TK", "TKL"), ("TL", "TLS"), ("TM", "TKM"),
    ("TN", "TUN"), ("TO", "TON"), ("TR", "TUR"), ("TT", "TTO"), ("TV", "TUV"), ("TW", "TWN"),
    ("TZ", "TZA"), ("UA", "UKR"), ("UG", "UGA"), ("UM", "UMI"), ("US", "USA"), ("UY", "URY"),
    ("UZ", "UZB"), ("VA", "VAT"), ("VC", "VCT"), ("VE", "VEN"), ("VG", "VGB"), ("VI", "VIR"),
    ("VN", "VNM"), ("VU", "VUT"), ("WF", "WLF"), ("WS", "WSM"), ("YE", "YEM"), ("YT", "MYT"),
    ("ZA", "ZAF"), ("ZM", "ZMB"), ("ZW", "ZWE"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn forms_of_one_state_are_equal() {
        for forms in [
            &["D", "D<<", "DE", "de", "DEU"][..],
            &["NLD", "NL", "nl"],
            &["LT", "LTU"],
            &["KS", "RKS", "XK"],
        ] {
            let states: Vec<_> = forms
                .iter()
                .map(|form| IssuingState::parse(form).unwrap())
                .collect();
            assert!(states.iter().all(|state| *state == states[0]), "{forms:?}");
        }
        assert_ne!(IssuingState::parse("AT"), IssuingState::parse("AU"));
        assert_eq!(IssuingState::parse("ZZ").unwrap().as_str(), "ZZ");
        for wrong in ["", "<<<", "NLDX", "N1", "\u{e9}"] {
            assert_eq!(
                IssuingState::parse(wrong),
                Err(PkiError::IssuingState),
                "{wrong}"
            );
        }
    }

    #[test]
    fn table_is_sorted_without_doubles() {
        assert!(ALPHA_2.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
