//! The attacks on the pages, the sessions and the log of the login server.

use super::*;

#[test]
fn session_fixation() {
    let site = Site::specimens("");
    let mut browser = site.browser();
    let planted = "A".repeat(43);
    browser
        .cookies
        .insert("rda-session".into(), planted.clone());
    browser.log_in(BOTH.name(), PASSWORD);
    let after_password = browser.cookies.get("rda-session").unwrap().clone();
    assert_ne!(after_password, planted);
    let (reader, token) = request(&site, &mut browser, BOTH);
    let before = browser.clone();
    let mut login = Login {
        browser,
        reader,
        token,
        chip: lay(BOTH),
    };
    assert_eq!(login.finish(KEEP, KEEP_RESULT)["outcome"], "accepted");
    assert_ne!(
        login.browser.cookies.get("rda-session"),
        Some(&after_password)
    );
    // Who had the id of the session before it rose has nothing.
    let refused = before.clone().get("/result");
    assert!(
        refused.header("location").starts_with("/login"),
        "{}",
        refused.status
    );
}

/// The token of a page stands where its forms and scripts take it from; besides, no id is anywhere in an answer: not in
/// `Location`, and in no link, no address of a form, no source of a script or picture.
#[track_caller]
fn no_id_in(answer: &Answer, token: &str, ids: &[String]) {
    let mut page = answer.body.clone();
    for place in ["data-token=", "name=\"token\" value="] {
        page = page.replace(&format!("{place}\"{token}\""), "");
    }
    if answer.status == 200 {
        assert_ne!(page, answer.body, "this is its token");
    }
    let location = answer.header("location");
    for id in ids.iter().map(String::as_str).chain([token]) {
        assert!(!location.contains(id), "{location}");
        assert!(!page.contains(id), "{page}");
    }
    // A form that is sent otherwise writes its fields into the address.
    for form in answer.body.split("<form").skip(1) {
        let form = form.split("</form>").next().unwrap();
        assert!(
            !form.contains("name=\"token\"") || form.contains("method=\"post\""),
            "{form}"
        );
    }
}

/// No id of a session or a request in an address, where logs and the history of the browser would keep it.
#[test]
fn no_id_in_an_address() {
    const PATHS: [&str; 6] = ["/", "/login", "/document", "/result", "/history", "/help"];
    let site = Site::specimens("");
    let mut browser = site.browser();
    let page = browser.get("/login");
    let form_token = page.value("name=\"token\" value=");
    let mut ids = vec![browser.cookies["rda-form"].clone()];
    no_id_in(&page, &form_token, &ids);
    ids.push(form_token);

    let begun = browser.log_in(BOTH.name(), PASSWORD);
    assert_eq!(begun.header("location"), "/document");
    let (first, token) = request(&site, &mut browser, BOTH);
    ids.extend(["rda-session", "rda-browser"].map(|name| browser.cookies[name].clone()));
    ids.push(encoding::encode(first.request.claims().jti.as_array()));
    no_id_in(&begun, &token, &ids);
    for path in PATHS {
        no_id_in(&browser.get(path), &token, &ids);
    }
    let forbidden = browser.form("/logout", &[("token", "of another page")]);
    assert_eq!(forbidden.status, 403);
    no_id_in(&forbidden, &token, &ids);
    let refused = browser.api_with(&token, "evidence", &json!({ "sealed": "x" }));
    assert_eq!(refused.json()["outcome"], "refused");
    let refusal = browser.get("/result");
    assert!(refusal.body.contains("data-reason="));
    no_id_in(&refusal, &token, &ids);

    // The rise changes the id of the session and the token; what they were is none of an address either.
    let (reader, token) = request(&site, &mut browser, BOTH);
    ids.push(encoding::encode(reader.request.claims().jti.as_array()));
    ids.push(token.clone());
    let mut before = browser.clone();
    let mut login = Login {
        browser,
        reader,
        token,
        chip: lay(BOTH),
    };
    assert_eq!(login.finish(KEEP, KEEP_RESULT)["outcome"], "accepted");
    let mut browser = login.browser;
    let token = browser.get("/result").value("name=\"token\" value=");
    assert_ne!(token, login.token);
    for name in ["rda-session", "rda-browser"] {
        assert_ne!(browser.cookies[name], before.cookies[name]);
        ids.push(browser.cookies[name].clone());
    }
    for path in PATHS {
        no_id_in(&browser.get(path), &token, &ids);
    }
    let ended = before.get("/result");
    assert_eq!(ended.header("location"), "/login?notice=expired");
    no_id_in(&ended, &token, &ids);
    let ended = browser.form("/logout", &[("token", &token)]);
    assert_eq!(ended.header("location"), "/login?notice=logged-out");
    no_id_in(&ended, &token, &ids);
}

/// However often a document was not read, it is read the next time, and the password is as good as before.
#[test]
fn no_lock_out_by_failed_readings() {
    for access_release in ["", "access_release = \"typed\""] {
        let site = Site::specimens(access_release);
        let mut login = Login::start(&site, BOTH);
        let keys = [access(BOTH)];
        let read = |login: &mut Login, change: fn(&mut ChipAuthenticationResult)| {
            let evidence = login.reader.evidence_with(&mut login.chip, &keys);
            let (answer, sealed) = login.send_evidence(&evidence);
            let command = answer["chip_authentication"].as_str().unwrap();
            let claims = login.reader.command(command, &sealed);
            let mut result =
                login
                    .reader
                    .chip_authentication_with(&mut login.chip, &evidence, &claims, &keys);
            change(&mut result);
            login.send_result(&result)
        };
        // More often than in one hour, and in one day, something may be released. The chip does not answer the command; or
        // it is taken away, and the server hears nothing.
        for turn in 0..25 {
            if turn % 2 == 0 {
                let answer = read(&mut login, |result| {
                    result.responses.clear();
                    result.status_words.clear();
                });
                refused(&mut login, &answer, 6, "chip_not_genuine");
            }
            site.wait(20);
            login.again(&site, BOTH);
        }
        assert_eq!(read(&mut login, KEEP_RESULT)["outcome"], "accepted");
        let mut browser = site.browser();
        assert_eq!(browser.log_in(BOTH.name(), PASSWORD).status, 303);
    }
}

/// Text from outside that would begin a line of its own, or paint over one, in the audit log.
#[test]
fn log_injection() {
    let site = Site::specimens("");
    // What cannot be a user name is not recorded at all.
    for user in ["x\n{\"action\":\"level_raised\"}", "\u{2028}", "a\u{0}b"] {
        assert_eq!(site.browser().log_in(user, "x").status, 403, "{user:?}");
    }
    // What a header cannot carry is no request.
    for hostile in [
        "\u{1b}[2K",
        "x\n{\"action\":\"level_raised\"}",
        "x\ry",
        "\0",
    ] {
        let host = site.address;
        let mut stream = TcpStream::connect(host).unwrap();
        let head = format!(
            "GET /login HTTP/1.1\r\nhost: {host}\r\nuser-agent: {hostile}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{hostile:?}: {answer}");
    }
    assert!(site.audit().is_empty());

    // What it can carry, and what is kept of it: text, at most 200 characters, none of them beyond ASCII.
    let long = "x".repeat(199) + "\"}{\"action\":\"level_raised\"}";
    let same = |text: &str| (text.to_owned(), text.to_owned());
    let agents = [
        same("evil\"}{\"action\":\"level_raised\",\"level\":25}\\n"),
        same("evil\",\"action\":\"level_raised\",\"level\":\"25"),
        same("a\tb\\u000a\\x1b[2K\\"),
        (long.clone(), long[..200].to_owned()),
        ("\u{9b}2K\u{2028}{}".to_owned(), String::new()),
    ];
    // A user name, though nobody's, may hold what would end a value.
    let nobody = "x\"}\u{2028}{\"action\":\"level_raised\"}";
    let attempts = [
        (nobody, "x", "password_refused"),
        (BOTH.name(), "x", "password_refused"),
        (BOTH.name(), PASSWORD, "session_started"),
    ];
    let mut expected = Vec::new();
    for (user, password, action) in attempts {
        for (agent, kept) in &agents {
            let mut browser = site.browser();
            browser.headers.push(("user-agent", agent.clone()));
            let answer = browser.log_in(user, password);
            let begun = action == "session_started";
            assert_eq!(answer.status, if begun { 303 } else { 403 }, "{agent:?}");
            expected.push((action, kept.as_str()));
            if !begun {
                // Wrong passwords are forgotten by then: none of these attempts is held up.
                site.wait(1_000);
            }
        }
    }
    let text = std::fs::read_to_string(site.dir.path().join("audit.jsonl")).unwrap();
    let visible = |c: char| c == '\n' || c == ' ' || c.is_ascii_graphic();
    assert!(text.chars().all(visible), "{text:?}");
    let lines = site.audit();
    let found: Vec<_> = lines
        .iter()
        .map(|line| (line["action"].as_str(), line["browser"].as_str()))
        .collect();
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(action, kept)| (Some(action), Some(kept)))
        .collect();
    assert_eq!(found, expected);
}

/// A production server tells the page of no step: which check failed is between it and its log.
#[test]
fn production_server_hides_the_steps() {
    let site = Site::with(site::REGISTER, "");
    let path = site.dir.path().join("login.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let own = "https://login.example";
    let text = text
        .replace(
            "test = true",
            "test = false\ntrusted_proxies = [\"127.0.0.1\"]",
        )
        .replace("http://127.0.0.1:0", own);
    std::fs::write(&path, text).unwrap();
    let site = site.restart();
    assert_eq!(site.origin, own);
    // As through the proxy that speaks TLS in front of it.
    let mut browser = Browser::new(&format!("http://{}", site.address));
    browser.headers = vec![
        ("host", "login.example".into()),
        ("origin", own.into()),
        ("sec-fetch-site", "same-origin".into()),
    ];
    assert_eq!(browser.log_in("anna", PASSWORD).status, 303);
    assert!(
        browser.cookies.contains_key("__Host-rda-session"),
        "{:?}",
        browser.cookies.keys()
    );
    let body = json!({ "document": "passport", "last_four": "02C3" });
    assert!(browser.api("start", &body).json()["request"].is_string());
    let answer = browser.api("evidence", &json!({ "sealed": "x" })).json();
    assert_eq!(answer["outcome"], "refused");
    assert!(
        answer.get("steps").is_none() && answer.get("round_trips").is_none(),
        "{answer}"
    );
}
