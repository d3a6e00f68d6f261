//! Every sentence a citizen reads, from Fluent files: those of the pages in `texts/`, those for the error codes with the
//! messages that carry the codes. Pages and script hold keys only; an attribute of a text has the key `text.attribute`.

use std::collections::BTreeMap;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use fluent_syntax::ast::Pattern;
use unic_langid::LanguageIdentifier;

use crate::language::Language;

const NL: [&str; 2] = [
    include_str!("../texts/nl.ftl"),
    include_str!("../../protocol/text/nl.ftl"),
];
const EN: [&str; 2] = [
    include_str!("../texts/en.ftl"),
    include_str!("../../protocol/text/en.ftl"),
];

/// The texts do not parse. They are part of the program, so this is a fault of the build.
#[derive(Debug, thiserror::Error)]
#[error("the {language} texts are not sound: {reason}")]
pub struct TextsError {
    language: &'static str,
    reason: String,
}

/// The texts in all languages.
pub struct Texts {
    nl: Bundle,
    en: Bundle,
}

struct Bundle {
    bundle: FluentBundle<FluentResource>,
    keys: Vec<String>,
}

impl Bundle {
    fn parse(language: Language, sources: &[&str]) -> Result<Self, TextsError> {
        let fail = |reason: String| TextsError {
            language: language.tag(),
            reason,
        };
        let id: LanguageIdentifier = language
            .tag()
            .parse()
            .map_err(|_| fail("language tag".into()))?;
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // The isolation marks of Fluent would show up in titles and be read out by some screen readers.
        bundle.set_use_isolating(false);
        for source in sources {
            let resource = FluentResource::try_new((*source).to_owned())
                .map_err(|(_, errors)| fail(joined(&errors)))?;
            bundle
                .add_resource(resource)
                .map_err(|errors| fail(joined(&errors)))?;
        }
        let keys = sources.iter().flat_map(|source| keys(source)).collect();
        Ok(Self { bundle, keys })
    }

    /// The pattern of a text, or of its attribute.
    fn pattern(&self, key: &str) -> Option<&Pattern<&str>> {
        match key.split_once('.') {
            Some((key, attribute)) => Some(
                self.bundle
                    .get_message(key)?
                    .get_attribute(attribute)?
                    .value(),
            ),
            None => self.bundle.get_message(key)?.value(),
        }
    }
}

/// The keys of a source in their order.
fn keys(source: &str) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let mut text = "";
    for (key, _) in source.lines().filter_map(|line| line.split_once(" =")) {
        if key.starts_with(|c: char| c.is_ascii_lowercase()) {
            text = key;
            keys.push(key.to_owned());
        } else if let Some(attribute) = key.trim_start().strip_prefix('.') {
            keys.push(format!("{text}.{attribute}"));
        }
    }
    keys
}

fn joined<E: ToString>(errors: &[E]) -> String {
    errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

impl Texts {
    /// The texts that come with the program.
    ///
    /// # Errors
    /// A file that does not parse or that defines a key twice.
    pub fn builtin() -> Result<Self, TextsError> {
        Ok(Self {
            nl: Bundle::parse(Language::Nl, &NL)?,
            en: Bundle::parse(Language::En, &EN)?,
        })
    }

    /// The text of `key`.
    pub fn get(&self, language: Language, key: &str) -> String {
        self.format(language, key, &[])
    }

    /// The text of `key` with values filled in.
    pub fn format(&self, language: Language, key: &str, values: &[(&str, &str)]) -> String {
        let bundle = &self.bundle(language).bundle;
        let Some(pattern) = self.bundle(language).pattern(key) else {
            tracing::error!(key, language = language.tag(), "a text is missing");
            return key.to_owned();
        };
        let mut args = FluentArgs::new();
        for (name, value) in values {
            match value.parse::<u32>() {
                Ok(number) => args.set(*name, number),
                Err(_) => args.set(*name, *value),
            }
        }
        let mut errors = Vec::new();
        let text = bundle
            .format_pattern(pattern, Some(&args), &mut errors)
            .into_owned();
        if !errors.is_empty() {
            tracing::error!(
                key,
                language = language.tag(),
                "a text has a value that was not given"
            );
        }
        text
    }

    /// Whether a text exists.
    pub fn has(&self, language: Language, key: &str) -> bool {
        self.bundle(language).pattern(key).is_some()
    }

    /// All texts whose key starts with one of the prefixes: what the page script needs.
    pub fn with_prefixes(
        &self,
        language: Language,
        prefixes: &[&str],
        values: &[(&str, &str)],
    ) -> BTreeMap<&str, String> {
        self.keys(language)
            .filter(|key| prefixes.iter().any(|p| key.starts_with(p)))
            .map(|key| (key, self.format(language, key, values)))
            .collect()
    }

    /// Every key of a language, in the order of the file.
    pub fn keys(&self, language: Language) -> impl Iterator<Item = &str> {
        self.bundle(language).keys.iter().map(String::as_str)
    }

    fn bundle(&self, language: Language) -> &Bundle {
        match language {
            Language::Nl => &self.nl,
            Language::En => &self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys() {
        let texts = Texts::builtin().unwrap();
        let nl: Vec<_> = texts.keys(Language::Nl).collect();
        let en: Vec<_> = texts.keys(Language::En).collect();
        assert_eq!(nl, en);
        assert!(nl.len() > 50);
    }

    #[test]
    fn every_key_the_templates_name_exists() {
        let texts = Texts::builtin().unwrap();
        let mut seen = 0;
        for source in [
            include_str!("../templates/base.html"),
            include_str!("../templates/login.html"),
            include_str!("../templates/document.html"),
            include_str!("../templates/success.html"),
            include_str!("../templates/refusal.html"),
            include_str!("../templates/forbidden.html"),
            include_str!("../templates/history.html"),
            include_str!("../templates/help.html"),
        ] {
            for part in source.split("t(\"").skip(1) {
                let key = part.split('"').next().unwrap();
                assert!(texts.has(Language::Nl, key), "{key}");
                seen += 1;
            }
        }
        assert!(seen > 30);
    }

    #[test]
    fn every_failure_step_and_hint_has_its_sentences() {
        use protocol::messages::{Hint, Step};
        let texts = Texts::builtin().unwrap();
        let mut keys = Vec::new();
        for code in protocol::error::Code::ALL {
            keys.extend(["", ".title", ".action"].map(|part| format!("{}{part}", code.text_key())));
        }
        let name = |value: serde_json::Value| value.as_str().unwrap().replace('_', "-");
        // Exhaustive on purpose: a new step or hint does not compile here until it is listed.
        let all_steps = |step: Step| match step {
            Step::WaitingForReader => Some(Step::WaitingForDocument),
            Step::WaitingForDocument => Some(Step::Opening),
            Step::Opening => Some(Step::Reading),
            Step::Reading => Some(Step::Proving),
            Step::Proving => Some(Step::WaitingForServer),
            Step::WaitingForServer => Some(Step::Confirming),
            Step::Confirming => Some(Step::Done),
            Step::Done => Some(Step::Paused),
            Step::Paused => None,
        };
        let all_hints = |hint: Hint| match hint {
            Hint::DocumentMoved => Some(Hint::NotReadable),
            Hint::NotReadable => Some(Hint::SeveralDocuments),
            Hint::SeveralDocuments => Some(Hint::LayAgain),
            Hint::LayAgain => Some(Hint::OtherDocument),
            Hint::OtherDocument => Some(Hint::SlowChip),
            Hint::SlowChip => Some(Hint::InUse),
            Hint::InUse => None,
        };
        for step in std::iter::successors(Some(Step::WaitingForReader), |step| all_steps(*step)) {
            keys.push(format!(
                "state-{}",
                name(serde_json::to_value(step).unwrap())
            ));
        }
        for hint in std::iter::successors(Some(Hint::DocumentMoved), |hint| all_hints(*hint)) {
            keys.push(format!(
                "hint-{}",
                name(serde_json::to_value(hint).unwrap())
            ));
        }
        for language in Language::ALL {
            for key in &keys {
                assert!(texts.has(language, key), "{key} in {}", language.tag());
            }
        }
    }

    #[test]
    fn every_key_the_page_script_names_exists() {
        let texts = Texts::builtin().unwrap();
        let script = include_str!("../assets/document.js");
        let mut keys: Vec<_> = script
            .split("texts[\"")
            .skip(1)
            .filter_map(|part| part.split('"').next())
            .map(str::to_owned)
            .collect();
        assert!(!keys.is_empty());
        let sdk = include_str!("../sdk/rda.js");
        let list = sdk.split("@typedef {\"unanswered\"").nth(1).unwrap();
        let causes = list.split('}').next().unwrap();
        keys.extend(
            causes
                .split('"')
                .filter(|cause| cause.contains(|c: char| c.is_ascii_lowercase()))
                .map(|cause| format!("cause-{cause}")),
        );
        keys.extend(
            ["cause-unanswered", "hint-browser-asks", "state-connecting"].map(str::to_owned),
        );
        // Every code that the SDK itself makes.
        keys.extend(
            sdk.split("new RdaError(\"")
                .skip(1)
                .filter_map(|part| part.split('"').next())
                .filter(|code| !["aborted", "gesture_missing"].contains(code))
                .map(|code| format!("error-{}", code.replace('_', "-"))),
        );
        assert!(keys.len() > 15, "{keys:?}");
        for key in keys {
            for language in Language::ALL {
                assert!(texts.has(language, &key), "{key} in {}", language.tag());
            }
        }
    }

    /// Words of the trade that a citizen has no use for.
    const TECHNICAL: [&str; 52] = [
        "api",
        "apdu",
        "authenticatie",
        "authentication",
        "bac",
        "browserpermissie",
        "bytes",
        "certificaat",
        "certificate",
        "challenge",
        "client",
        "cookie",
        "cookies",
        "csca",
        "daemon",
        "dg1",
        "dg14",
        "dg15",
        "driver",
        "encrypt",
        "endpoint",
        "evidence",
        "exception",
        "firewall",
        "frame",
        "handshake",
        "hash",
        "http",
        "https",
        "iframe",
        "json",
        "jwe",
        "jws",
        "key",
        "localhost",
        "loopback",
        "mrz",
        "nonce",
        "nfc",
        "origin",
        "pace",
        "pcsc",
        "pc/sc",
        "policy",
        "poort",
        "port",
        "protocol",
        "server",
        "session",
        "sessie",
        "token",
        "websocket",
    ];
    /// What needs such a word all the same, because the citizen must find it on the screen: (key, word).
    const NEEDED: [(&str, &str); 0] = [];

    #[test]
    fn texts_are_plain() {
        let texts = Texts::builtin().unwrap();
        for language in Language::ALL {
            let (mut words, mut sentences) = (0, 0);
            for key in texts.keys(language) {
                let text = texts.get(language, key).to_lowercase();
                assert!(!text.contains("digid"), "{key}");
                for word in text.split(|c: char| !(c.is_alphanumeric() || c == '/')) {
                    assert!(
                        !TECHNICAL.contains(&word) || NEEDED.contains(&(key, word)),
                        "{key}: {word}"
                    );
                }
                for sentence in text.split(['.', '?', '!']) {
                    let count = sentence.split_whitespace().count();
                    assert!(count <= 24, "{key} is a long sentence");
                    words += count;
                    sentences += usize::from(count > 0);
                }
            }
            // Short sentences are most of what makes a text readable at level B1.
            assert!(words < 10 * sentences, "{words} words in {sentences}");
        }
    }

    #[test]
    fn each_failure_is_one_thought_and_one_thing_to_do() {
        let texts = Texts::builtin().unwrap();
        for language in Language::ALL {
            let mut seen = std::collections::BTreeSet::new();
            for code in protocol::error::Code::ALL {
                let key = code.text_key();
                let title = texts.get(language, &format!("{key}.title"));
                let text = texts.get(language, &key);
                let action = texts.get(language, &format!("{key}.action"));
                let sentences = |text: &str| text.matches(". ").count() + 1;
                assert!(!title.ends_with('.') && title.len() < 60, "{key}: {title}");
                assert!(
                    text.ends_with('.') && sentences(&text) <= 2,
                    "{key}: {text}"
                );
                assert!(
                    action.ends_with(['.']) && sentences(&action) <= 2,
                    "{key}: {action}"
                );
                assert_ne!(text, action, "{key}");
                // Only failures that the citizen can do nothing about may share their words.
                if code.who() == protocol::error::Who::Citizen {
                    assert!(seen.insert(text.clone()), "{key}: {text}");
                }
            }
        }
    }
}
