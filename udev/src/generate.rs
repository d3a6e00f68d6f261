//! What is made from the table: udev rules, a file for modprobe, a page for people.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::{Exchange, KernelDriver, Reader, Table};

/// What stands at the head of each file that is made.
const MADE: &str = "Made from udev/readers.toml by `cargo xtask readers`; changes here are lost.";

/// The files and where they are, from the root of the workspace.
#[must_use]
pub fn files(table: &Table) -> [(&'static str, String); 3] {
    [
        ("udev/71-rda-readers.rules", rules(table)),
        ("udev/rda-readers.conf", modprobe(table)),
        ("docs/readers.md", page(table)),
    ]
}

/// The udev rules.
///
/// Debian's PC/SC service opens readers as root, so no rights are given here, and none to users: a program that talks to
/// the reader past the service could disturb a login. For that reason the file also comes after systemd's `70-uaccess.rules`,
/// which would give the user of the seat every device marked as a reader before it. Two things are done. Each reader is marked
/// as such, also those that are not of the USB class for card readers, so that systemd's `smartcard.target` knows them. And a
/// kernel driver that was loaded before it was forbidden is taken off the reader.
fn rules(table: &Table) -> String {
    let mut text = format!(
        "# Contactless readers of identity documents.\n# {MADE}\n\n\
         ACTION==\"remove\", GOTO=\"rda_readers_end\"\n\
         SUBSYSTEM!=\"usb\", GOTO=\"rda_readers_end\"\n\
         ENV{{DEVTYPE}}==\"usb_interface\", GOTO=\"rda_readers_interface\"\n\
         ENV{{DEVTYPE}}!=\"usb_device\", GOTO=\"rda_readers_end\"\n\n"
    );
    for reader in table.readers().iter().filter(|r| !r.drivers.is_empty()) {
        let _ = writeln!(
            text,
            "ATTR{{idVendor}}==\"{:04x}\", ATTR{{idProduct}}==\"{:04x}\", ENV{{ID_SMARTCARD_READER}}=\"1\", ENV{{RDA_READER}}=\"{}\"",
            reader.usb.vendor, reader.usb.product, reader.name
        );
    }
    text.push_str(
        "GOTO=\"rda_readers_end\"\n\nLABEL=\"rda_readers_interface\"\nACTION!=\"bind\", GOTO=\"rda_readers_end\"\n",
    );
    for reader in table.readers().iter().filter(|r| !r.drivers.is_empty()) {
        if let Some(conflict) = reader.conflict {
            let _ = writeln!(
                text,
                "DRIVER==\"{driver}\", ATTRS{{idVendor}}==\"{:04x}\", ATTRS{{idProduct}}==\"{:04x}\", RUN+=\"/bin/sh -c 'echo %k >/sys/bus/usb/drivers/{driver}/unbind'\"",
                reader.usb.vendor,
                reader.usb.product,
                driver = conflict.name(),
            );
        }
    }
    text.push_str("\nLABEL=\"rda_readers_end\"\n");
    text
}

/// The file that keeps kernel drivers from being loaded when a reader is attached.
fn modprobe(table: &Table) -> String {
    let mut text = format!(
        "# Kernel drivers that would take a contactless reader away from the PC/SC service.\n# {MADE}\n\
         # Who wants to use such a reader with the kernel's NFC instead puts an empty file of this name into /etc/modprobe.d.\n"
    );
    let conflicts: BTreeSet<KernelDriver> = table
        .readers()
        .iter()
        .filter(|reader| !reader.drivers.is_empty())
        .filter_map(|reader| reader.conflict)
        .collect();
    for driver in conflicts {
        let _ = writeln!(text, "blacklist {}", driver.name());
    }
    text
}

/// The page of the documentation.
fn page(table: &Table) -> String {
    let readers = table.readers();
    let (usable, unusable): (Vec<&Reader>, Vec<&Reader>) =
        readers.iter().partition(|r| !r.drivers.is_empty());
    let mut text = format!(
        "# Readers\n\n<!-- {MADE} -->\n\n\
         {} contactless readers that a PC/SC driver of Debian lists. Every other reader that PC/SC drives works too; this page says\n\
         only what is known. Nothing needs to be set up for a reader whose driver is installed: `libccid` comes with the PC/SC\n\
         service, the others are one `apt install` away. `rda doctor` says which one a reader needs.\n\n\
         - **APDU**: what the reader's own descriptor promises of its contactless interface: short APDUs only, also extended\n\
         ones, or frames (TPDU) from which the driver makes APDUs of any length. Where less was seen to pass, the number of bytes.\n\
         A reader that carries short APDUs reads every document, in more steps.\n\
         - **Driver**: the Debian package; *(13)* where Debian 12 has no version that knows the reader.\n\
         - **Source**: the list and the version in which the ids were found, and where the rest is from.\n\n\
         No row is there for readers whose ids no such list has, among them uFR, which is a serial device and no PC/SC reader.\n\n\
         | USB | reader | driver | APDU | remarks | source |\n|---|---|---|---|---|---|\n",
        usable.len()
    );
    for reader in usable {
        let _ = writeln!(text, "{}", row(reader));
    }
    text.push_str(
        "\n## Readers that do not work on Linux\n\n\
         The kernel knows them, but no PC/SC driver does.\n\n| USB | reader | driver | APDU | remarks | source |\n|---|---|---|---|---|---|\n",
    );
    for reader in unusable {
        let _ = writeln!(text, "{}", row(reader));
    }
    text
}

fn row(reader: &Reader) -> String {
    let mut drivers = reader
        .drivers
        .iter()
        .map(|driver| driver.package())
        .collect::<Vec<_>>()
        .join(" or ");
    if let Some(since) = reader.since {
        let _ = write!(drivers, " *({since})*");
    }
    let level = match reader.exchange {
        Some(Exchange::Short) => "short",
        Some(Exchange::Extended) => "extended",
        Some(Exchange::Tpdu) => "TPDU",
        None => "",
    };
    let apdu = match reader.max_apdu {
        Some(bytes) => format!("{level}, {bytes} bytes seen"),
        None => level.to_owned(),
    };
    let conflict = reader
        .conflict
        .map(|driver| format!("Kernel driver `{}` is kept off it.", driver.name()));
    let remarks = conflict
        .filter(|_| !reader.drivers.is_empty())
        .into_iter()
        .chain(reader.note.clone())
        .collect::<Vec<_>>()
        .join(" ");
    format!(
        "| `{}` | {} | {drivers} | {apdu} | {remarks} | {} |",
        reader.usb, reader.name, reader.source
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::path::Path;

    #[test]
    fn the_files_in_the_source_are_those_of_the_table() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for (path, made) in files(&Table::builtin().unwrap()) {
            let present = std::fs::read_to_string(root.join(path)).unwrap_or_default();
            assert!(
                present == made,
                "{path} is stale: run `cargo xtask readers`"
            );
        }
    }

    #[test]
    fn a_kernel_driver_is_forbidden_only_for_readers_that_pcsc_drives() {
        let table = Table::builtin().unwrap();
        let conf = modprobe(&table);
        assert!(conf.contains("\nblacklist pn533_usb\n"));
        // Its only reader has no PC/SC driver: who owns one may use it with the kernel's.
        assert!(!conf.contains("port100"));
        let rules = rules(&table);
        assert_eq!(rules.matches("unbind").count(), 1, "the ACR122U");
        assert!(!rules.contains("06c1"));
    }
}
