//! The pages and the password over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/site.rs"]
mod site;

use serde_json::json;
use site::{PASSWORD, Site};

#[test]
fn a_citizen_logs_in_and_out() {
    let site = Site::start();
    let mut browser = site.browser();
    assert_eq!(browser.get("/").header("location"), "/login");
    assert_eq!(browser.get("/document").header("location"), "/login");
    let answer = browser.log_in("anna", PASSWORD);
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/document")
    );
    let page = browser.get("/document");
    assert!(page.body.contains("Paspoort") && page.body.contains("Identiteitskaart"));
    assert!(!page.body.contains("Rijbewijs</label>"));
    assert!(page.body.contains("Substantieel"));
    let result = browser.get("/result");
    assert!(result.body.contains("data-level=\"10\"") && result.body.contains("Basis"));
    let token = result.value("name=\"token\" value=");
    let kept = browser.clone();
    assert_eq!(
        browser
            .form("/logout", &[("token", &token)])
            .header("location"),
        "/login?notice=logged-out"
    );
    // The session is gone at the server too, not only from this browser.
    assert_eq!(
        kept.clone().get("/document").header("location"),
        "/login?notice=expired"
    );
    assert_eq!(browser.get("/document").header("location"), "/login");
    let actions: Vec<_> = site
        .audit()
        .iter()
        .map(|line| line["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(actions, ["session_started", "session_ended"]);
}

/// Also where no browser says so: it was closed, or logged in anew.
#[test]
fn every_session_has_its_end_in_the_log() {
    let site = Site::start();
    let mut browser = site.browser();
    let token = browser.get("/login").value("name=\"token\" value=");
    let form = browser.cookies.clone();
    let fields = [("token", &*token), ("user", "anna"), ("password", PASSWORD)];
    assert_eq!(browser.form("/login", &fields).status, 303);
    // The same form once more, from another tab.
    browser.cookies.extend(form);
    assert_eq!(browser.form("/login", &fields).status, 303);
    site.wait(15 * 60);
    let mut other = site.browser();
    assert_eq!(other.log_in("bob", "wrong").status, 403);
    assert_eq!(other.log_in("bob", PASSWORD).status, 303);
    let log = site.audit();
    let of =
        |action: &str| -> Vec<_> { log.iter().filter(|line| line["action"] == action).collect() };
    let started = of("session_started");
    assert_eq!(started.len(), 3);
    for (action, session) in [
        ("session_ended", started[0]),
        ("session_expired", started[1]),
    ] {
        let [end] = of(action)[..] else {
            panic!("{action}: {log:?}");
        };
        assert_eq!(end["session"], session["session"]);
        assert_eq!(end["account"], session["account"]);
    }
    assert!(of("session_expired")[0]["address"].is_null());
    // Whose password was guessed at is known by the same hash.
    let refused = of("password_refused")[0];
    assert_eq!(
        (&refused["reason"], &refused["account"]),
        (&"wrong".into(), &started[2]["account"])
    );
}

#[test]
fn pages_speak_two_languages() {
    let site = Site::start();
    let mut browser = site.browser();
    assert!(browser.get("/login").body.contains("Gebruikersnaam"));
    assert!(browser.get("/login?lang=en").body.contains("User name"));
    assert!(
        browser.get("/login").body.contains("<html lang=\"en\">"),
        "the choice is remembered"
    );
    // Chosen at an address that only leads on, it counts on the page that it leads to.
    for path in ["/?lang=nl", "/document?lang=nl", "/result?lang=nl"] {
        browser.get("/login?lang=en");
        let leads = browser.get(path);
        assert_eq!(leads.status, 303, "{path}");
        let page = browser.get(leads.header("location")).body;
        assert!(page.contains("<html lang=\"nl\">"), "{path}");
    }
    let mut other = site.browser();
    other
        .headers
        .push(("accept-language", "en-GB,en;q=0.9".into()));
    assert!(other.get("/login").body.contains("User name"));
    assert!(
        other
            .get("/login?notice=cancelled")
            .body
            .contains("You cancelled logging in.")
    );
}

#[test]
fn a_wrong_password_and_an_unknown_user_look_alike() {
    let site = Site::start();
    let mut browser = site.browser();
    let wrong = browser.log_in("anna", "x");
    let unknown = browser.log_in("nobody", "x");
    assert_eq!((wrong.status, unknown.status), (403, 403));
    assert_eq!(wrong.body, unknown.body);
    assert!(
        browser.cookies.keys().all(|name| name == "rda-form"),
        "{:?}",
        browser.cookies.keys()
    );
}

#[test]
fn guessing_is_slowed_and_a_known_browser_passes() {
    let site = Site::start();
    let mut citizen = site.browser();
    assert_eq!(citizen.log_in("anna", PASSWORD).status, 303);
    let mut stranger = site.browser();
    for _ in 0..5 {
        assert_eq!(stranger.log_in("anna", "guess").status, 403);
    }
    let slowed = stranger.log_in("anna", PASSWORD);
    assert_eq!((slowed.status, slowed.header("retry-after")), (429, "2"));
    assert!(slowed.body.contains("Wacht 2 seconden"));
    assert!(citizen.cookies.remove("rda-session").is_some());
    assert_eq!(citizen.log_in("anna", PASSWORD).status, 303);
    site.wait(3);
    assert_eq!(stranger.log_in("anna", PASSWORD).status, 303);
}

#[test]
fn the_session_id_is_new_after_the_password() {
    let site = Site::start();
    let mut browser = site.browser();
    // A planted session id is not taken over.
    browser.cookies.insert("rda-session".into(), "A".repeat(43));
    browser.log_in("anna", PASSWORD);
    let first = browser.cookies.get("rda-session").unwrap().clone();
    assert_ne!(first, "A".repeat(43));
    // Logging in again in the same browser ends the session before.
    let mut old = browser.clone();
    browser.cookies.remove("rda-session");
    let token = browser.get("/login").value("name=\"token\" value=");
    browser.cookies.insert("rda-session".into(), first.clone());
    browser.form(
        "/login",
        &[("token", &token), ("user", "anna"), ("password", PASSWORD)],
    );
    assert_ne!(browser.cookies.get("rda-session"), Some(&first));
    assert_eq!(
        old.get("/document").header("location"),
        "/login?notice=expired"
    );
}

#[test]
fn fifteen_minutes_of_inactivity_end_the_session() {
    let site = Site::start();
    let mut browser = site.browser();
    browser.log_in("anna", PASSWORD);
    site.wait(899);
    assert_eq!(browser.get("/document").status, 200);
    let token = browser.get("/document").value("data-token=");
    site.wait(899);
    browser.headers.push(("rda-token", token));
    assert_eq!(browser.form("/stay", &[]).status, 204);
    site.wait(899);
    assert_eq!(browser.form("/stay", &[]).status, 204);
    browser.headers.pop();
    assert_eq!(browser.form("/stay", &[]).status, 403);
    site.wait(900);
    assert_eq!(
        browser.get("/document").header("location"),
        "/login?notice=expired"
    );
    assert_eq!(browser.form("/stay", &[]).status, 401);
    assert!(
        browser
            .get("/login?notice=expired")
            .body
            .contains("15 minuten")
    );
}

#[test]
fn forms_of_other_sites_are_refused() {
    let site = Site::start();
    let mut browser = site.browser();
    let token = browser.get("/login").value("name=\"token\" value=");
    let fields = [
        ("token", token.as_str()),
        ("user", "anna"),
        ("password", PASSWORD),
    ];
    let own = browser.headers.clone();
    for headers in [
        vec![],
        vec![("origin", "null".to_owned())],
        vec![("origin", "https://evil.example".to_owned())],
        vec![
            ("origin", site.origin.clone()),
            ("sec-fetch-site", "cross-site".to_owned()),
        ],
        vec![("origin", site.origin.replace("http:", "https:"))],
    ] {
        browser.headers = headers;
        assert_eq!(
            browser.form("/login", &fields).status,
            403,
            "{:?}",
            browser.headers
        );
        assert!(!browser.cookies.contains_key("rda-session"));
    }
    browser.headers = own;
    // The token of another browser's form does not serve here.
    let mut other = site.browser();
    other.get("/login");
    assert_eq!(other.form("/login", &fields).status, 403);
    let without = [("token", ""), ("user", "anna"), ("password", PASSWORD)];
    assert_eq!(browser.form("/login", &without).status, 403);
    assert_eq!(browser.form("/login", &fields).status, 303);
    assert_eq!(browser.form("/logout", &[("token", &token)]).status, 403);
    assert_eq!(browser.get("/document").status, 200);
}

#[test]
fn every_answer_carries_the_rules_for_the_browser() {
    let site = Site::start();
    let mut browser = site.browser();
    for path in [
        "/login",
        "/assets/style.css",
        "/sdk/rda.js",
        "/nothing",
        "/texts/nl.json",
    ] {
        let answer = browser.get(path);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{path}"
        );
        assert!(policy.contains(
            "connect-src 'self' ws://127.0.0.1:9303 ws://127.0.0.1:9304 ws://127.0.0.1:9305;"
        ));
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
    }
    let page = browser.get("/login");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(
        page.header("set-cookie")
            .contains("HttpOnly; SameSite=Strict")
    );
    assert!(!page.body.contains("style=") && !page.body.contains("onclick"));
    browser.headers.push(("host", "evil.example".into()));
    assert_eq!(browser.get("/login").status, 421);
}

#[test]
fn documents_with_an_objection_are_refused_by_name() {
    let site = Site::start();
    for (user, reason) in [("bob", "document_missing"), ("carla", "document_unknown")] {
        let mut browser = site.browser();
        browser.log_in(user, PASSWORD);
        assert!(
            browser
                .get("/document")
                .body
                .contains(&format!("data-reason=\"{reason}\""))
        );
    }
    let mut browser = site.browser();
    browser.log_in("anna", PASSWORD);
    std::fs::remove_file(site.dir.path().join("register.toml")).unwrap();
    assert!(
        browser
            .get("/document")
            .body
            .contains("data-reason=\"register_unreachable\"")
    );
}

#[test]
fn a_request_needs_the_last_four_characters() {
    let site = Site::start();
    let mut browser = site.browser();
    browser.log_in("anna", PASSWORD);
    let start = |browser: &mut site::Browser, body| browser.api("start", &body).json();
    let asked = start(&mut browser, json!({ "document": "passport" }));
    assert_eq!(asked, json!({ "access_needed": "last-four" }));
    let wrong = start(
        &mut browser,
        json!({ "document": "passport", "last_four": "5890" }),
    );
    assert_eq!(
        wrong,
        json!({ "access_needed": "last-four", "text_key": "document-last-four-wrong" })
    );
    let right = start(
        &mut browser,
        json!({ "document": "passport", "last_four": "02c3" }),
    );
    assert!(right["request"].as_str().unwrap().matches('.').count() == 2);
    let none = start(
        &mut browser,
        json!({ "document": "driving-licence", "last_four": "02C3" }),
    );
    assert_eq!(none, json!({ "outcome": "refused" }));
    for _ in 0..3 {
        start(
            &mut browser,
            json!({ "document": "passport", "last_four": "0000" }),
        );
    }
    let given = json!({ "document": "passport", "last_four": "02C3" });
    // What this session was given, it may have again: a guess more it may not.
    assert!(start(&mut browser, given.clone())["request"].is_string());
    let guess = json!({ "document": "passport", "last_four": "0001" });
    assert_eq!(start(&mut browser, guess), json!({ "outcome": "refused" }));
    assert!(browser.get("/result").body.contains("too_many_attempts"));
    let mut another = site.browser();
    another.log_in("anna", PASSWORD);
    assert_eq!(start(&mut another, given), json!({ "outcome": "refused" }));
    // No document number, date or BSN in the audit log.
    let log = std::fs::read_to_string(site.dir.path().join("audit.jsonl")).unwrap();
    assert!(!log.contains("L898902C3") && !log.contains("999990019"));
    // As words: chance may write what is so short into a keyed hash.
    for datum in ["02C3", "02c3", "650310", "anna"] {
        assert!(!has_word(&log, datum), "{datum}");
    }
}

#[test]
fn a_request_is_what_a_daemon_takes_for_this_origin_only() {
    use protocol::request::{Access, DaemonVersion, Presented, Request};
    let site = Site::start();
    let mut browser = site.browser();
    browser.log_in("anna", PASSWORD);
    let body = json!({ "document": "identity-card", "last_four": "5890" });
    let compact = browser.api("start", &body).json()["request"]
        .as_str()
        .unwrap()
        .to_owned();
    let version = DaemonVersion::parse("0.1.0").unwrap();
    let presented = Presented {
        origin: &site.origin,
        now: site.now(),
        version,
    };
    let find = |id: &str| (id == "specimen-login").then_some(&site.trust);
    let (request, _) = Request::verify(&compact, &presented, find).unwrap();
    assert_eq!(request.claims().exp - request.claims().iat, 300);
    assert!(matches!(
        request.claims().access.as_slice(),
        [Access::MrzDigest(_)]
    ));
    let elsewhere = Presented {
        origin: "https://evil.example",
        ..presented
    };
    assert!(Request::verify(&compact, &elsewhere, find).is_err());
    let late = Presented {
        now: site.now() + 300,
        ..presented
    };
    assert!(Request::verify(&compact, &late, find).is_err());
}

#[test]
fn in_typed_mode_nothing_is_released() {
    let site = Site::with(site::REGISTER, "access_release = \"typed\"");
    let mut browser = site.browser();
    browser.log_in("anna", PASSWORD);
    let answer = browser
        .api("start", &json!({ "document": "passport" }))
        .json();
    assert_eq!(answer["access_needed"], "typed");
    let payload = answer["request"]
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let claims: serde_json::Value =
        serde_json::from_slice(&protocol::encoding::decode(&payload).unwrap()).unwrap();
    assert!(claims.get("access").is_none());
}

#[test]
fn the_interface_wants_session_and_token() {
    let site = Site::start();
    let mut browser = site.browser();
    let body = json!({ "document": "passport" });
    assert_eq!(browser.api_with("x", "start", &body).status, 401);
    browser.log_in("anna", PASSWORD);
    assert_eq!(browser.api_with("", "start", &body).status, 403);
    let mut other = site.browser();
    other.log_in("anna", PASSWORD);
    let foreign = other.get("/document").value("data-token=");
    assert_eq!(browser.api_with(&foreign, "start", &body).status, 403);
    assert_eq!(browser.api("start", &body).status, 200);
    assert_eq!(
        browser
            .api("start", &json!({ "document": "library-card" }))
            .status,
        422
    );
    assert_eq!(
        browser
            .api("start", &json!({ "document": "x".repeat(70_000) }))
            .status,
        413
    );
}

#[test]
fn cancelling_ends_the_session() {
    let site = Site::start();
    let mut browser = site.browser();
    browser.log_in("anna", PASSWORD);
    let kept = browser.clone();
    assert_eq!(browser.api("cancel", &json!({})).status, 200);
    assert!(!browser.cookies.contains_key("rda-session"));
    assert_eq!(
        kept.clone().get("/document").header("location"),
        "/login?notice=expired"
    );
    assert!(
        browser
            .get("/login?notice=cancelled")
            .body
            .contains("geannuleerd")
    );
}

#[test]
fn each_way_out_ends_the_session_with_its_own_word() {
    let site = Site::start();
    for (path, notice, word) in [
        ("/cancel", "cancelled", "geannuleerd"),
        ("/expired", "expired", "15 minuten"),
        ("/logout", "logged-out", "Sluit dit venster"),
    ] {
        let mut browser = site.browser();
        browser.log_in("anna", PASSWORD);
        let token = browser.get("/document").value("data-token=");
        assert_eq!(browser.form(path, &[("token", "x")]).status, 403, "{path}");
        assert_eq!(browser.get("/document").status, 200, "{path}");
        let left = browser.form(path, &[("token", &token)]);
        let then = format!("/login?notice={notice}");
        assert_eq!(left.header("location"), then, "{path}");
        assert!(!browser.cookies.contains_key("rda-session"), "{path}");
        assert!(browser.get(&then).body.contains(word), "{path}");
    }
}

#[test]
fn citizens_look_back_on_their_own_logins() {
    let site = Site::start();
    let mut browser = site.browser();
    assert_eq!(browser.get("/history").header("location"), "/login");
    browser.log_in("anna", PASSWORD);
    let page = browser.get("/history").body;
    assert!(page.contains("2026-11-22T00:00:00Z") && page.contains("Voorbeelddienst"));
    assert!(page.contains("Basis") && page.contains("Met gebruikersnaam en wachtwoord"));
    let mut other = site.browser();
    other.log_in("bob", PASSWORD);
    assert_eq!(other.get("/history").body.matches("<li class").count(), 1);
    // No name and no citizen service number in the file.
    let kept = std::fs::read_to_string(site.dir.path().join("history.jsonl")).unwrap();
    assert_eq!(kept.lines().count(), 2);
    for datum in ["anna", "bob", "999990019"] {
        assert!(!has_word(&kept, datum), "{datum}");
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|found| found == word)
}

/// Who logs in sees when the account was used before, and that somebody began a check: then what opens the document was given
/// out, whether or not a login followed.
#[test]
fn citizens_hear_of_uses_that_are_not_theirs() {
    let site = Site::start();
    let mut thief = site.browser();
    thief.log_in("anna", PASSWORD);
    assert!(!thief.get("/result").body.contains("id=\"previous\""));
    let begin = |browser: &mut site::Browser, last_four: &str| {
        let body = json!({ "document": "passport", "last_four": last_four });
        browser.api("start", &body).json()
    };
    let started = begin(&mut thief, "02C3");
    assert!(started["request"].is_string(), "{started}");
    site.wait(60);
    let mut browser = site.browser();
    browser.log_in("anna", PASSWORD);
    let page = browser.get("/result").body;
    let previous = page.split("id=\"previous\"").nth(1).unwrap();
    assert!(previous.contains("2026-11-22T00:00:00Z"), "{page}");
    assert!(previous.contains("Controle begonnen: Paspoort"), "{page}");
    let uses = browser.get("/history").body;
    assert_eq!(uses.matches("<li class").count(), 3, "{uses}");
    assert!(uses.contains("Controle begonnen: Paspoort"));
    // Wrong characters give nothing out, and are not listed.
    begin(&mut browser, "0000");
    assert_eq!(browser.get("/history").body.matches("<li class").count(), 3);
}

#[test]
fn the_help_page_opens_at_the_browser_that_asks() {
    let site = Site::start();
    for (agent, id) in [
        (
            "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 Chrome/147.0.0.0 Safari/537.36",
            "chrome",
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 Chrome/147.0.0.0 Safari/537.36 Edg/147.0.0.0",
            "edge",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
            "firefox",
        ),
        (
            "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15",
            "safari",
        ),
    ] {
        let mut browser = site.browser();
        browser.headers.push(("user-agent", agent.into()));
        let page = browser.get("/help").body;
        assert_eq!(page.matches(" open>").count(), 1);
        assert!(page.contains(&format!("id=\"{id}\" open>")), "{id}");
        assert!(page.contains("Brave") && page.matches("<li>").count() == 12);
    }
}
