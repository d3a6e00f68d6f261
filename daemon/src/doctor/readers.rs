//! Readers: those on the bus held against those that PC/SC shows.

use readers::DRIVER_FOLDER;

use super::service::Service;
use super::usb::UsbReader;
use super::{Check, Finding, Fix, Machine, Problem};
use crate::reader::model_of;
use crate::reader::pcsc::{self, CardPresence, Reader};

/// Programs that are known to hold cards for themselves: keys of GnuPG, of desktops, of other identity clients.
const HOLDERS: [&str; 6] = [
    "scdaemon",
    "gsd-smartcard",
    "pkcs11-register",
    "opensc-notify",
    "AusweisApp",
    "AusweisApp2",
];

/// Whether each reader on the bus has its driver, and shows in PC/SC.
pub(super) fn drivers(machine: &Machine, usb: &[UsbReader], service: &Service) -> Vec<Finding> {
    usb.iter()
        .map(|reader| driver(machine, reader, service))
        .collect()
}

fn driver(machine: &Machine, reader: &UsbReader, service: &Service) -> Finding {
    let subject = format!("{} ({})", reader.name, reader.usb);
    let finding = |problem| Finding::of(Check::Driver, problem, &subject);
    if reader
        .known
        .as_ref()
        .is_some_and(|known| known.drivers.is_empty())
    {
        return finding(Problem::ReaderUnsupported);
    }
    if let Some((driver, interface)) = &reader.held_by {
        let unbind = machine.path(format!("sys/bus/usb/drivers/{}/unbind", driver.name()));
        return Finding::of(
            Check::Driver,
            Problem::KernelDriver,
            format!("{subject}, {}", driver.name()),
        )
        .with(Fix::Write {
            path: unbind,
            text: interface.clone(),
        });
    }
    if let Some(known) = &reader.known {
        // Any one of its drivers will do; the first is the one to install.
        let lists: Vec<Option<String>> = known
            .drivers
            .iter()
            .map(|driver| machine.text(format!("{DRIVER_FOLDER}/{}", driver.list())))
            .collect();
        let first = known.drivers.first().map_or("", |driver| driver.package());
        if lists.iter().all(Option::is_none) {
            return Finding::of(Check::Driver, Problem::DriverMissing, &subject).naming(first);
        }
        if !lists
            .iter()
            .flatten()
            .any(|list| readers::lists(list, reader.usb))
        {
            let other = known
                .drivers
                .iter()
                .zip(&lists)
                .find(|(_, list)| list.is_none());
            return match other {
                Some((driver, _)) => Finding::of(Check::Driver, Problem::DriverMissing, &subject)
                    .naming(driver.package()),
                None => finding(Problem::DriverTooOld).naming(first),
            };
        }
    }
    match service.readers() {
        Some(readers) if !readers.iter().any(|shown| shows(shown, reader)) => {
            finding(Problem::ReaderSilent)
        }
        Some(_) => Finding::passed(Check::Driver, subject),
        // The service is the trouble, and has a finding of its own.
        None => Finding::skipped(Check::Driver),
    }
}

/// Whether this PC/SC reader is that one on the bus: its name has the model in it.
fn shows(shown: &Reader, reader: &UsbReader) -> bool {
    let name = shown.name.to_ascii_lowercase();
    name.contains(&reader.model().to_ascii_lowercase())
}

/// Whether there is a reader at all.
pub(super) fn attached(usb: &[UsbReader], service: &Service) -> Finding {
    match service.readers() {
        Some([]) if usb.is_empty() => Finding::of(Check::Reader, Problem::ReaderAbsent, ""),
        // Readers that do not show have a finding each.
        Some([]) => Finding::skipped(Check::Reader),
        Some(readers) => {
            let names: Vec<String> = readers
                .iter()
                .map(|reader| model_of(&reader.name))
                .collect();
            Finding::passed(Check::Reader, names.join(", "))
        }
        None if usb.is_empty() => Finding::of(Check::Reader, Problem::ReaderAbsent, ""),
        None => Finding::skipped(Check::Reader),
    }
}

/// Whether one of the slots takes contactless documents.
pub(super) fn slots(service: &Service) -> Finding {
    match service.readers() {
        None | Some([]) => Finding::skipped(Check::Slot),
        Some(readers) => {
            match readers
                .iter()
                .find(|reader| pcsc::takes_documents(&reader.name))
            {
                Some(reader) => Finding::passed(Check::Slot, model_of(&reader.name)),
                None => {
                    let names: Vec<String> = readers
                        .iter()
                        .map(|reader| model_of(&reader.name))
                        .collect();
                    Finding::of(Check::Slot, Problem::NotContactless, names.join(", "))
                }
            }
        }
    }
}

/// Whether another program holds a card for itself.
pub(super) fn exclusive(machine: &Machine, service: &Service) -> Finding {
    let Some(readers) = service.readers().filter(|readers| !readers.is_empty()) else {
        return Finding::skipped(Check::Exclusive);
    };
    if !readers
        .iter()
        .any(|reader| reader.card == CardPresence::InUse)
    {
        return Finding::passed(Check::Exclusive, "");
    }
    let mut suspects: Vec<String> = machine
        .processes()
        .into_iter()
        .map(|(_, name)| name)
        .filter(|name| HOLDERS.contains(&name.as_str()))
        .collect();
    suspects.sort();
    suspects.dedup();
    Finding::of(Check::Exclusive, Problem::InUse, suspects.join(", "))
}

/// Whether readers carry extended APDUs. Those that do not are slower, and read every document.
pub(super) fn apdus(usb: &[UsbReader]) -> Vec<Finding> {
    usb.iter()
        .filter_map(|reader| {
            let longest = reader.longest_command()?;
            let subject = format!("{}: {longest}", reader.name);
            Some(if longest <= readers::Exchange::Short.longest_command() {
                Finding::of(Check::Apdu, Problem::ShortApdus, subject)
            } else {
                Finding::passed(Check::Apdu, subject)
            })
        })
        .collect()
}
