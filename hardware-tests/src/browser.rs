//! A real browser, driven over WebDriver (W3C Recommendation): Debian's chromium without a window.
//!
//! Waiting is left to the browser's driver: a look-up of an element waits for it to appear, so that a test says which
//! element shows the state it awaits and no clock of the test's own is involved.

use crate::need::{self, Need};
use crate::process::Process;
use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What [`Browser::start`] needs on the machine.
pub const NEEDS: [&Need; 2] = [&need::CHROMIUM, &need::CHROMEDRIVER];

// Longer than a login over a slow link on a busy machine.
const LOOK_UP_MS: u64 = 60_000;
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf"; // the name the standard gives a reference, section 12.1

/// A browser with one tab and a fresh profile. Dropping it ends it.
pub struct Browser {
    // Declared before the driver, so that the profile is removed after both have ended.
    session: String,
    agent: ureq::Agent,
    driver: Process,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts the browser's driver, and the browser, which asks for pages in `language` (`nl`, `en`).
    ///
    /// # Errors
    /// If one of them does not start.
    pub fn start(language: &str) -> Result<Self> {
        Self::start_with(language, &[])
    }

    /// As [`Browser::start`], with further arguments on the browser's command line.
    ///
    /// # Errors
    /// If one of them does not start.
    pub fn start_with(language: &str, further: &[String]) -> Result<Self> {
        let mut command = Command::new(need::CHROMEDRIVER.file);
        command.arg("--port=0");
        let mut driver = Process::start("chromedriver", &command)?;
        let port: u16 = driver.line(Duration::from_secs(60), |line| {
            line.strip_prefix("ChromeDriver was started successfully on port ")?
                .trim_end_matches('.')
                .parse()
                .ok()
        })?;
        let profile = tempfile::tempdir()?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_millis(LOOK_UP_MS + 30_000)))
            .build()
            .new_agent();
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            // Over a pipe, the browser ends with its driver, however that ends.
            "--remote-debugging-pipe".to_owned(),
            "--window-size=1000,1200".to_owned(),
            format!("--accept-lang={language}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        arguments.extend_from_slice(further);
        if rustix::process::getuid().is_root() {
            // The browser refuses its sandbox to the superuser, which tests in a container often are.
            arguments.push("--no-sandbox".to_owned());
        }
        let mut browser = Self {
            session: format!("http://127.0.0.1:{port}/session"),
            agent,
            driver,
            _profile: profile,
        };
        let created = browser.post(
            "",
            &json!({ "capabilities": { "alwaysMatch": {
                "browserName": "chrome",
                "timeouts": { "implicit": LOOK_UP_MS, "script": LOOK_UP_MS },
                "goog:loggingPrefs": { "browser": "ALL" },
                "goog:chromeOptions": { "binary": need::CHROMIUM.file, "args": arguments },
            } } }),
        )?;
        let id = created["sessionId"]
            .as_str()
            .ok_or_else(|| anyhow!("WebDriver gave no session"))?;
        browser.session = format!("{}/{id}", browser.session);
        Ok(browser)
    }

    /// Opens a page and waits until it has loaded.
    ///
    /// # Errors
    /// If the page cannot be loaded.
    pub fn open(&self, url: &str) -> Result<()> {
        self.post("/url", &json!({ "url": url })).map(drop)
    }

    /// The address of the page shown now.
    ///
    /// # Errors
    /// If the browser is gone.
    pub fn address(&self) -> Result<String> {
        text(&self.get("/url")?)
    }

    /// Waits for the first element that a CSS selector names.
    ///
    /// # Errors
    /// If none appears within a minute.
    pub fn element(&self, css: &str) -> Result<Element<'_>> {
        let found = self
            .post(
                "/element",
                &json!({ "using": "css selector", "value": css }),
            )
            .with_context(|| format!("waiting for `{css}`"))?;
        let id = text(&found[ELEMENT])?;
        Ok(Element { browser: self, id })
    }

    /// Runs a script in the page; its `return` value comes back.
    ///
    /// # Errors
    /// If the script fails.
    pub fn run(&self, script: &str) -> Result<Value> {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// As [`Browser::run`], for a script that returns a promise: waits for what it brings.
    ///
    /// # Errors
    /// If the script fails or the promise is rejected.
    pub fn run_async(&self, script: &str) -> Result<Value> {
        let script = format!(
            "const done = arguments[0]; (async () => {{ {script} }})().then((value) => done({{ value }}), (error) => done({{ error: String(error) }}));"
        );
        let mut answer = self.post("/execute/async", &json!({ "script": script, "args": [] }))?;
        match answer["error"].as_str() {
            Some(error) => Err(anyhow!("the script failed: {error}")),
            None => Ok(answer["value"].take()),
        }
    }

    /// A command of the browser's own protocol (Chrome DevTools Protocol).
    ///
    /// # Errors
    /// If the browser refuses it.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    /// What the console has complained of since this was last asked: errors of scripts, refused by policy, not found.
    ///
    /// # Errors
    /// If the browser is gone.
    pub fn complaints(&self) -> Result<Vec<String>> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }))?;
        let severe = |entry: &&Value| entry["level"] == "SEVERE";
        let message = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        Ok(entries
            .as_array()
            .into_iter()
            .flatten()
            .filter(severe)
            .map(message)
            .collect())
    }

    /// Forgets all cookies of the site that is shown.
    ///
    /// # Errors
    /// If the browser is gone.
    pub fn forget_cookies(&self) -> Result<()> {
        let answer = self
            .agent
            .delete(format!("{}/cookie", self.session))
            .call()?;
        value(answer).map(drop)
    }

    /// Presses keys one after the other where the focus is: characters, or the codes of WebDriver 17.4.2.
    ///
    /// # Errors
    /// If the browser is gone.
    pub fn press(&self, keys: &str) -> Result<()> {
        let actions = keys
            .chars()
            .flat_map(|key| {
                [
                    json!({ "type": "keyDown", "value": key }),
                    json!({ "type": "keyUp", "value": key }),
                ]
            })
            .collect::<Vec<_>>();
        self.post(
            "/actions",
            &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }),
        )
        .map(drop)
    }

    /// Goes on in a frame of the page, until another page is opened.
    ///
    /// # Errors
    /// If there is none.
    pub fn enter(&self, css: &str) -> Result<()> {
        let frame = self.element(css)?.id;
        self.post("/frame", &json!({ "id": { ELEMENT: frame } }))
            .map(drop)
    }

    /// Opens another tab and looks at it from now on; gives the name of the one before.
    ///
    /// # Errors
    /// If the browser is gone.
    pub fn new_tab(&self) -> Result<String> {
        let before = text(&self.get("/window")?)?;
        let tab = self.post("/window/new", &json!({ "type": "tab" }))?;
        self.look_at(&text(&tab["handle"])?)?;
        Ok(before)
    }

    /// Looks at a tab from now on.
    ///
    /// # Errors
    /// If it is gone.
    pub fn look_at(&self, tab: &str) -> Result<()> {
        self.post("/window", &json!({ "handle": tab })).map(drop)
    }

    /// Writes what the page looks like to a PNG file.
    ///
    /// # Errors
    /// If the picture cannot be taken or written.
    pub fn screenshot(&self, file: &Path) -> Result<()> {
        use base64ct::{Base64, Encoding as _};
        let picture = text(&self.get("/screenshot")?)?;
        let bytes = Base64::decode_vec(&picture).map_err(|error| anyhow!("{error}"))?;
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, bytes)?;
        Ok(())
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self
            .agent
            .post(format!("{}{path}", self.session))
            .send_json(body)?;
        value(answer)
    }

    fn get(&self, path: &str) -> Result<Value> {
        value(self.agent.get(format!("{}{path}", self.session)).call()?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Where this fails, the end of the driver ends the browser.
        let _ = self.agent.delete(&self.session).call();
        self.driver.kill();
    }
}

/// An element of the page.
pub struct Element<'a> {
    browser: &'a Browser,
    id: String,
}

impl Element<'_> {
    /// Clicks it as a person would: it must be visible and not covered.
    ///
    /// # Errors
    /// If it cannot be clicked.
    pub fn click(&self) -> Result<()> {
        self.browser
            .post(&format!("/element/{}/click", self.id), &json!({}))
            .map(drop)
    }

    /// Types a text into it.
    ///
    /// # Errors
    /// If it takes no input.
    pub fn type_text(&self, text: &str) -> Result<()> {
        self.browser
            .post(
                &format!("/element/{}/value", self.id),
                &json!({ "text": text }),
            )
            .map(drop)
    }

    /// The text that is visible in it.
    ///
    /// # Errors
    /// If it has left the page.
    pub fn text(&self) -> Result<String> {
        text(&self.browser.get(&format!("/element/{}/text", self.id))?)
    }

    /// The value of an attribute, empty where it has none.
    ///
    /// # Errors
    /// If it has left the page.
    pub fn attribute(&self, name: &str) -> Result<String> {
        let value = self
            .browser
            .get(&format!("/element/{}/attribute/{name}", self.id))?;
        Ok(value.as_str().unwrap_or_default().to_owned())
    }
}

fn value(mut answer: ureq::http::Response<ureq::Body>) -> Result<Value> {
    let status = answer.status();
    let mut body: Value = answer
        .body_mut()
        .with_config()
        .limit(64 * 1024 * 1024) // a screenshot
        .read_json()?;
    let value = body["value"].take();
    if !status.is_success() {
        let error = value["error"].as_str().unwrap_or("unknown error");
        let message = value["message"].as_str().unwrap_or_default();
        let line = message.lines().next().unwrap_or_default();
        return Err(anyhow!("WebDriver: {error}: {line}"));
    }
    Ok(value)
}

fn text(value: &Value) -> Result<String> {
    Ok(value
        .as_str()
        .ok_or_else(|| anyhow!("WebDriver gave no text"))?
        .to_owned())
}
