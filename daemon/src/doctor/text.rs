//! What a person reads about a problem: one sentence, and exactly what mends it. Dutch and English.

use super::Problem;

/// Languages that the doctor speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Nederlands.
    Dutch,
    /// English.
    English,
}

impl Language {
    /// From what the environment says (locale(7): the first of these that is set decides).
    #[must_use]
    pub fn of_environment() -> Self {
        let setting = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        match setting {
            Some(value) if value.starts_with("nl") => Self::Dutch,
            _ => Self::English,
        }
    }
}

/// What a person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What is wrong, in one sentence.
    pub sentence: String,
    /// What mends it.
    pub mend: String,
}

/// The advice for a problem. `subject` is what it was found at, `name` the package or program that the mend names.
#[must_use]
pub(super) fn advice(problem: Problem, language: Language, subject: &str, name: &str) -> Advice {
    let [dutch, english] = texts(problem);
    let (sentence, mend) = match language {
        Language::Dutch => dutch,
        Language::English => english,
    };
    let fill = |text: &str| text.replace("{subject}", subject).replace("{name}", name);
    Advice {
        sentence: fill(sentence),
        mend: fill(mend),
    }
}

type Text = (&'static str, &'static str);

/// Dutch, English: sentence and mend.
#[rustfmt::skip]
const fn texts(problem: Problem) -> [Text; 2] {
    match problem {
        Problem::LibraryMissing => [
            ("De bibliotheek voor kaartlezers ({subject}) ontbreekt of is niet te openen.", "sudo apt install libpcsclite1 pcscd"),
            ("The library for card readers ({subject}) is missing or cannot be opened.", "sudo apt install libpcsclite1 pcscd"),
        ],
        Problem::ServiceMissing => [
            ("De dienst voor kaartlezers ({subject}) is niet geïnstalleerd.", "sudo apt install pcscd"),
            ("The service for card readers ({subject}) is not installed.", "sudo apt install pcscd"),
        ],
        Problem::ServiceStopped => [
            ("De dienst voor kaartlezers is geïnstalleerd, maar luistert niet op {subject}.", "sudo systemctl enable --now pcscd.socket"),
            ("The service for card readers is installed, but does not listen on {subject}.", "sudo systemctl enable --now pcscd.socket"),
        ],
        Problem::ServiceNotActivated => [
            ("De dienst voor kaartlezers start niet vanzelf na het opstarten van de computer.", "sudo systemctl enable --now pcscd.socket"),
            ("The service for card readers does not start by itself after the computer was started.", "sudo systemctl enable --now pcscd.socket"),
        ],
        Problem::SocketRights => [
            ("U mag niet bij de dienst voor kaartlezers: de rechten van {subject} staan dat niet toe.", "sudo systemctl restart pcscd.socket; blijft het zo, zet dan SocketMode=0666 in pcscd.socket"),
            ("You may not reach the service for card readers: the rights of {subject} do not allow it.", "sudo systemctl restart pcscd.socket; if that does not help, set SocketMode=0666 in pcscd.socket"),
        ],
        Problem::SessionRefused => [
            ("De dienst voor kaartlezers weigert deze sessie (polkit). Dat gebeurt bij een sessie op afstand, of als u niet aan het beeldscherm zit.", "Log in aan het beeldscherm zelf, of: sudo cp /usr/share/doc/rda/examples/polkit-rda.rules /etc/polkit-1/rules.d/60-rda.rules"),
            ("The service for card readers refuses this session (polkit). That happens in a remote session, or away from the screen.", "Log in at the screen itself, or: sudo cp /usr/share/doc/rda/examples/polkit-rda.rules /etc/polkit-1/rules.d/60-rda.rules"),
        ],
        Problem::VersionsDiffer => [
            ("De bibliotheek en de dienst voor kaartlezers verstaan elkaar niet; de dienst spreekt protocol {subject}.", "sudo apt install --reinstall pcscd libpcsclite1 && sudo systemctl restart pcscd.service"),
            ("The library and the service for card readers do not understand each other; the service speaks protocol {subject}.", "sudo apt install --reinstall pcscd libpcsclite1 && sudo systemctl restart pcscd.service"),
        ],
        Problem::ServiceFails => [
            ("De dienst voor kaartlezers geeft een fout: {subject}.", "sudo systemctl restart pcscd.service"),
            ("The service for card readers gives an error: {subject}.", "sudo systemctl restart pcscd.service"),
        ],
        Problem::KernelDriver => [
            ("De kaartlezer {subject} is bezet door een stuurprogramma van de kernel.", "Maak de kaartlezer los en sluit hem weer aan; helpt dat niet: sudo modprobe -r pn533_usb"),
            ("A driver of the kernel keeps the reader occupied: {subject}.", "Disconnect the reader and connect it again; if that does not help: sudo modprobe -r pn533_usb"),
        ],
        Problem::DriverMissing => [
            ("De kaartlezer {subject} is aangesloten, maar zijn stuurprogramma is niet geïnstalleerd.", "sudo apt install {name}"),
            ("The reader {subject} is attached, but its driver is not installed.", "sudo apt install {name}"),
        ],
        Problem::DriverTooOld => [
            ("De kaartlezer {subject} is aangesloten, maar het stuurprogramma kent hem nog niet.", "sudo apt install --only-upgrade {name}; is er geen nieuwere versie, gebruik dan een nieuwere versie van het besturingssysteem"),
            ("The reader {subject} is attached, but its driver does not know it yet.", "sudo apt install --only-upgrade {name}; where there is no newer version, use a newer release of the operating system"),
        ],
        Problem::ReaderUnsupported => [
            ("De kaartlezer {subject} werkt niet op dit besturingssysteem.", "Gebruik een andere kaartlezer: zie /usr/share/doc/rda/readers.md"),
            ("The reader {subject} does not work on this operating system.", "Use another reader: see /usr/share/doc/rda/readers.md"),
        ],
        Problem::ReaderSilent => [
            ("De kaartlezer {subject} is aangesloten en heeft een stuurprogramma, maar is niet te zien.", "Maak hem los en sluit hem weer aan; helpt dat niet: sudo systemctl restart pcscd.service"),
            ("The reader {subject} is attached and has a driver, but does not show.", "Disconnect it and connect it again; if that does not help: sudo systemctl restart pcscd.service"),
        ],
        Problem::ReaderAbsent => [
            ("Er is geen kaartlezer aangesloten.", "Sluit een kaartlezer aan"),
            ("No reader is attached.", "Attach a reader"),
        ],
        Problem::NotContactless => [
            ("Geen van de kaartlezers leest documenten die u erop legt: {subject}.", "Gebruik een kaartlezer voor contactloos lezen: zie /usr/share/doc/rda/readers.md"),
            ("None of the readers reads documents that are laid on it: {subject}.", "Use a reader for contactless reading: see /usr/share/doc/rda/readers.md"),
        ],
        Problem::InUse => [
            ("Een ander programma houdt de kaart op de lezer voor zichzelf. Mogelijk: {subject}.", "Sluit dat programma; voor sleutels van GnuPG: gpgconf --kill scdaemon"),
            ("Another program keeps the card on the reader for itself. Possibly: {subject}.", "Close that program; for keys of GnuPG: gpgconf --kill scdaemon"),
        ],
        Problem::ShortApdus => [
            ("De kaartlezer stuurt alleen korte berichten ({subject} bytes): het lezen duurt iets langer.", "Niets: het werkt"),
            ("The reader carries short messages only ({subject} bytes): reading takes a little longer.", "Nothing: it works"),
        ],
        Problem::NobodyTrusted => [
            ("Deze computer vertrouwt nog geen enkele inlogdienst.", "Leg het vertrouwensbestand van de inlogdienst in een van deze mappen: {subject}"),
            ("This computer trusts no login service yet.", "Put the trust file of the login service into one of these folders: {subject}"),
        ],
        Problem::TrustFileIgnored => [
            ("Een vertrouwensbestand telt niet mee: {subject}.", "Vraag de inlogdienst om een nieuw bestand, en leg het neer onder de naam die erin staat"),
            ("A trust file does not count: {subject}.", "Ask the login service for a new file, and store it under the name that is in it"),
        ],
        Problem::PortsTaken => [
            ("Andere programma's houden alle poorten bezet: {subject}.", "Sluit een van die programma's en log opnieuw in op uw computer"),
            ("Other programs hold all ports: {subject}.", "Close one of those programs, and log in to your computer again"),
        ],
        Problem::FirstPortTaken => [
            ("Een andere gebruiker of een ander programma houdt de eerste poort bezet: {subject}.", "Niets: de volgende poort wordt gebruikt"),
            ("Another user or program holds the first port: {subject}.", "Nothing: the next port is used"),
        ],
        Problem::NotStarted => [
            ("Niets start het programma dat de kaartlezer leest ({subject}).", "systemctl --user enable --now rda.socket; zonder systemd: rda daemon"),
            ("Nothing starts the program that reads the card reader ({subject}).", "systemctl --user enable --now rda.socket; without systemd: rda daemon"),
        ],
        Problem::BrowserBlocks => [
            ("Een instelling van uw beheerder verbiedt de browser om dit programma te bereiken: {subject}.", "Vraag uw beheerder om de inlogpagina toe te staan (LoopbackNetworkAllowedForUrls, bij Firefox SkipDomains)"),
            ("A policy of your administrator forbids the browser to reach this program: {subject}.", "Ask your administrator to allow the login page (LoopbackNetworkAllowedForUrls, in Firefox SkipDomains)"),
        ],
        Problem::SandboxIncomplete => [
            ("De kernel kan het programma niet volledig afschermen; er ontbreekt: {subject}.", "Gebruik een nieuwere kernel, of zet landlock in de opstartoptie lsm="),
            ("The kernel cannot confine the program completely; missing: {subject}.", "Use a newer kernel, or put landlock into the boot option lsm="),
        ],
        Problem::SandboxUntried => [
            ("Of het programma zich kan afschermen, was niet na te gaan: {subject}.", "Installeer het pakket opnieuw: sudo apt install --reinstall rda"),
            ("Whether the program can confine itself could not be tried: {subject}.", "Install the package again: sudo apt install --reinstall rda"),
        ],
        Problem::ClockWrong => [
            ("De klok van deze computer loopt achter op zijn eigen verleden.", "sudo timedatectl set-ntp true"),
            ("The clock of this computer is behind its own past.", "sudo timedatectl set-ntp true"),
        ],
        Problem::ClockNotSet => [
            ("Niets zet de klok van deze computer gelijk.", "sudo timedatectl set-ntp true"),
            ("Nothing sets the clock of this computer.", "sudo timedatectl set-ntp true"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_both_languages_and_a_mend() {
        for problem in Problem::ALL {
            let dutch = advice(problem, Language::Dutch, "SUBJECT", "NAME");
            let english = advice(problem, Language::English, "SUBJECT", "NAME");
            assert_ne!(dutch.sentence, english.sentence);
            for advice in [dutch, english] {
                assert!(advice.sentence.ends_with('.'), "{}", advice.sentence);
                assert!(!advice.mend.is_empty());
                assert!(!format!("{}{}", advice.sentence, advice.mend).contains('{'));
            }
        }
    }
}
