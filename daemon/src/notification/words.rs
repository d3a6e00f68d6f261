//! What the notification says, in Dutch or English.

use protocol::request::Request;
use protocol::text::{DisplayName, LanguageTag};

/// The texts of one notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Its first line.
    pub title: String,
    /// Who asks, for what.
    pub body: String,
    /// On the button.
    pub refuse: String,
}

impl Words {
    /// For this request, in the language of the page where there is one.
    #[must_use]
    pub fn of(request: &Request, language: Option<&LanguageTag>) -> Self {
        let claims = request.claims();
        let service = service_name(request, language);
        let service = service.map_or("", DisplayName::as_str);
        let openly = request.allows_identity_file();
        let dutch = language.is_none_or(|language| {
            let tag = language.as_str();
            tag.eq_ignore_ascii_case("nl") || tag.to_ascii_lowercase().starts_with("nl-")
        });
        let origin = claims.aud.as_str();
        let (title, body, refuse) = if dutch {
            (
                "Uw document wordt gelezen",
                format!(
                    "{service}\n{origin}\nGelezen wordt: de handtekening van de uitgever en de sleutels van de chip \
                     (EF.SOD, DG14, DG15), en uw naam, geboortedatum en nummers (DG1){}. \
                     Niet uw foto of vingerafdrukken.",
                    if openly {
                        ""
                    } else {
                        ", die alleen deze dienst kan lezen"
                    }
                ),
                "Weigeren",
            )
        } else {
            (
                "Your document is being read",
                format!(
                    "{service}\n{origin}\nThis is read: the issuer's signature and the keys of the chip \
                     (EF.SOD, DG14, DG15), and your name, date of birth and numbers (DG1){}. \
                     Not your photo or fingerprints.",
                    if openly {
                        ""
                    } else {
                        ", which only this service can read"
                    }
                ),
                "Refuse",
            )
        };
        Self {
            title: title.to_owned(),
            body: without_markup(&body),
            refuse: refuse.to_owned(),
        }
    }
}

/// The name of the service in the language of the page, or in one that the server gave.
#[must_use]
pub fn service_name<'a>(
    request: &'a Request,
    language: Option<&LanguageTag>,
) -> Option<&'a DisplayName> {
    let names = &request.claims().service;
    language
        .and_then(|language| names.get(language))
        .or_else(|| names.values().next())
}

/// Some desktops take the body for markup and some do not; without these three letters it says the same to both.
fn without_markup(text: &str) -> String {
    text.replace('&', "+").replace('<', "‹").replace('>', "›")
}
