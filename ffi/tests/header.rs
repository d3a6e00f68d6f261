//! The headers are those that the comments and signatures of the sources make.
//!
//! After a change: `RDA_WRITE_HEADERS=1 cargo test -p rda-ffi --test header`, and look at the difference. What takes
//! something away or changes it needs another `RDA_ABI_VERSION`.

use anyhow::{Context as _, Result, ensure};
use cbindgen::{
    Builder, Config, DocumentationStyle, EnumConfig, ExportConfig, Language, RenameRule, Style,
};
use std::path::Path;

fn header(krate: &Path, guard: &str, about: &str, includes: &[&str]) -> Result<String> {
    let config = Config {
        language: Language::C,
        cpp_compat: true,
        style: Style::Type,
        include_guard: Some(guard.to_owned()),
        header: Some(format!(
            "/* {about}\n * SPDX-License-Identifier: MIT OR Apache-2.0\n * Made from the sources by cbindgen: changes belong there. */"
        )),
        documentation_style: DocumentationStyle::Doxy,
        no_includes: true,
        sys_includes: includes.iter().map(|&include| include.to_owned()).collect(),
        line_length: 100,
        usize_is_size_t: true,
        enumeration: EnumConfig {
            rename_variants: RenameRule::QualifiedScreamingSnakeCase,
            ..EnumConfig::default()
        },
        export: ExportConfig {
            // Numbers for parameters, which no signature names: a host may pass any number.
            include: [
                "RdaLink",
                "RdaFile",
                "RdaStage",
                "RdaOption",
                "RdaDocumentKind",
                "RdaMasterListTrust",
                "RdaPolicy",
            ]
            .map(str::to_owned)
            .to_vec(),
            ..ExportConfig::default()
        },
        ..Config::default()
    };
    // Parsed from its sources alone, which `lib.rs` names: no cargo is run.
    let bindings = Builder::new()
        .with_config(config)
        .with_src(krate.join("src/lib.rs"))
        .generate()
        .context("the sources make no header")?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    Ok(String::from_utf8(text)?)
}

fn compare(path: &Path, made: &str) -> Result<()> {
    if std::env::var_os("RDA_WRITE_HEADERS").is_some() {
        std::fs::write(path, made)?;
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    ensure!(
        kept == made,
        "{} is not what the sources make: RDA_WRITE_HEADERS=1 cargo test -p rda-ffi --test header",
        path.display()
    );
    Ok(())
}

#[test]
fn the_headers_are_those_of_the_sources() -> Result<()> {
    let ffi = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = header(
        ffi,
        "RDA_H",
        "librda: terminal and verifier for electronic travel documents (ICAO Doc 9303). See docs/c-interface.md.",
        &["stddef.h", "stdint.h"],
    )?;
    compare(&ffi.join("include/rda.h"), &made)?;
    let simulator = ffi.join("simulator");
    let made = header(
        &simulator,
        "RDA_SIMULATOR_H",
        "librda_simulator: a simulated chip for tests of users of librda. Never in a release.",
        &["stddef.h", "stdint.h"],
    )?;
    compare(&simulator.join("include/rda_simulator.h"), &made)
}
