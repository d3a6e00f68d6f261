//! Steps 7 to 9: whose document it is.

use super::*;

#[test]
fn the_document_of_another_person_is_refused() {
    let site = Site::specimens("");
    let mut login = Login::start(&site, Profile::NlPassport2024);
    login.chip = lay(Profile::PaceP256);
    let holder = Profile::PaceP256.holder();
    let fields = AccessFields::new(
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
    )
    .unwrap();
    let evidence = login
        .reader
        .evidence_with(&mut login.chip, &[AccessKey::Mrz(fields.clone())]);
    let (answer, sealed) = login.send_evidence(&evidence);
    let claims = login
        .reader
        .command(answer["chip_authentication"].as_str().unwrap(), &sealed);
    let result = login.reader.chip_authentication_with(
        &mut login.chip,
        &evidence,
        &claims,
        &[AccessKey::Mrz(fields)],
    );
    let answer = login.send_result(&result);
    refused(&mut login, &answer, 8, "document_mismatch");
}

#[test]
fn every_field_must_be_as_in_the_register() {
    let profile = Profile::NlPassport2011;
    let holder = profile.holder();
    for (from, to) in [
        ("1985-07-12", "1985-07-00"),
        ("2035-11-30", "2035-11-29"),
        ("SPECI2011", "SPEC02011"),
        // The chip of this passport holds the BSN.
        (holder.bsn, "999990093"),
    ] {
        let site = Site::specimens_changed("", |text| text.replace(from, to));
        let mut login = Login::start(&site, profile);
        let fields = AccessFields::new(
            holder.document_number,
            holder.date_of_birth,
            holder.date_of_expiry,
        )
        .unwrap();
        let evidence = login
            .reader
            .evidence_with(&mut login.chip, &[AccessKey::Mrz(fields)]);
        let (answer, _) = login.send_evidence(&evidence);
        refused(&mut login, &answer, 8, "document_mismatch");
    }
}

#[test]
fn the_register_is_asked_again_at_the_end() {
    for (line, code) in [
        ("indication = \"I\"\n", "document_withheld"),
        ("indication = \"R\"\n", "document_invalidated"),
        ("indication = \"V\"\n", "document_missing"),
        (
            "under_investigation = true\n",
            "document_under_investigation",
        ),
        ("expiry", "document_expired"),
        ("gone", "document_unknown"),
        ("unreachable", "register_unreachable"),
    ] {
        let site = Site::specimens("");
        let mut login = Login::start(&site, Profile::NlId2014);
        let number = "number = \"SPECI2014\"\n";
        let answer = login.finish(KEEP, |_| match line {
            "unreachable" => std::fs::write(site.dir.path().join("register.toml"), "?").unwrap(),
            "gone" => site.edit_register(|text| text.replace("SPECI2014", "SPECI2099")),
            "expiry" => site.edit_register(|text| text.replace("2036-03-15", "2026-11-21")),
            line => site.edit_register(|text| text.replace(number, &format!("{number}{line}"))),
        });
        assert_eq!(
            answer["text_key"],
            format!("error-{}", code.replace('_', "-")),
            "{answer}"
        );
        let last = answer["steps"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (last["step"].as_u64(), last["outcome"].as_str()),
            (Some(9), Some("failed"))
        );
        assert!(
            login
                .browser
                .get("/result")
                .body
                .contains(&format!("data-reason=\"{code}\""))
        );
    }
}
