//! Firefox without a window, driven over WebDriver BiDi (W3C): JSON over a WebSocket that the browser itself serves, so that
//! no driver is needed.

use crate::need::{self, Need};
use crate::process::Process;
use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tungstenite::{Message, WebSocket};

/// What [`Firefox::start`] needs on the machine.
pub const NEEDS: [&Need; 1] = [&need::FIREFOX];

const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one tab and a fresh profile. Dropping it ends it.
pub struct Firefox {
    socket: WebSocket<TcpStream>,
    tab: String,
    last: u64,
    _process: Process,
    _profile: tempfile::TempDir,
}

/// No first-run pages, and nothing that looks for the internet.
const PREFERENCES: &str = r#"
user_pref("app.normandy.enabled", false);
user_pref("app.update.auto", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.newtabpage.enabled", false);
user_pref("browser.safebrowsing.downloads.remote.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.healthreport.uploadEnabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.systemAddon.update.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "");
user_pref("toolkit.telemetry.enabled", false);
"#;

impl Firefox {
    /// Starts the browser, which asks for pages in `language`.
    ///
    /// # Errors
    /// If it does not start, or speaks no WebDriver BiDi.
    pub fn start(language: &str) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let preferences =
            format!("{PREFERENCES}user_pref(\"intl.accept_languages\", \"{language}\");\n");
        std::fs::write(profile.path().join("user.js"), preferences)?;
        let mut command = Command::new(need::FIREFOX.file);
        command
            .args(["--headless", "--no-remote", "--remote-debugging-port", "0"])
            .args(["--width", "1000", "--height", "1200", "--profile"])
            .arg(profile.path())
            // Whatever it keeps beside its profile goes with it.
            .env("HOME", profile.path())
            .env("MOZ_HEADLESS", "1");
        let mut process = Process::start("firefox-esr", &command)?;
        let address = process.line(PATIENCE, |line| {
            let (_, address) = line.split_once("WebDriver BiDi listening on ws://")?;
            Some(address.trim().to_owned())
        })?;
        let stream = TcpStream::connect(&address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (socket, _) = tungstenite::client(format!("ws://{address}/session"), stream)
            .map_err(|error| anyhow!("{error}"))?;
        let mut firefox = Self {
            socket,
            tab: String::new(),
            last: 0,
            _process: process,
            _profile: profile,
        };
        firefox.command("session.new", &json!({ "capabilities": {} }))?;
        let tree = firefox.command("browsingContext.getTree", &json!({}))?;
        firefox.tab = tree["contexts"][0]["context"]
            .as_str()
            .context("no tab")?
            .to_owned();
        Ok(firefox)
    }

    /// Opens a page and waits until it has loaded.
    ///
    /// # Errors
    /// If the page cannot be loaded.
    pub fn open(&mut self, url: &str) -> Result<()> {
        let parameters = json!({ "context": self.tab, "url": url, "wait": "complete" });
        self.command("browsingContext.navigate", &parameters)
            .map(drop)
    }

    /// Runs an expression in the page, waits for the promise if it is one, and gives its value as a text.
    ///
    /// # Errors
    /// If it throws, or the page leaves meanwhile.
    pub fn run(&mut self, expression: &str) -> Result<String> {
        let result = self.evaluate(&format!("Promise.resolve({expression}).then(String)"))?;
        Ok(result["value"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits for an element that a CSS selector names, on this page or one that follows it; gives its text.
    ///
    /// # Errors
    /// If none appears within a minute.
    pub fn text(&mut self, css: &str) -> Result<String> {
        self.awaited(css, "found.innerText")
    }

    /// As [`Firefox::text`], for the value of an attribute.
    ///
    /// # Errors
    /// If none appears within a minute.
    pub fn attribute(&mut self, css: &str, name: &str) -> Result<String> {
        self.awaited(css, &format!("found.getAttribute({name:?})"))
    }

    fn awaited(&mut self, css: &str, wanted: &str) -> Result<String> {
        let expression = format!(
            "new Promise((done) => {{
                const look = () => {{
                    const found = document.querySelector({css:?});
                    if (found) done({wanted});
                }};
                new MutationObserver(look).observe(document, {{ subtree: true, childList: true, attributes: true }});
                look();
            }})"
        );
        let end = Instant::now() + PATIENCE;
        loop {
            match self.run(&expression) {
                Ok(value) => return Ok(value),
                // The page was left for another one, in which the element may be.
                Err(_) if Instant::now() < end => {}
                Err(error) => return Err(error.context(format!("waiting for `{css}`"))),
            }
        }
    }

    /// Clicks an element as a person would.
    ///
    /// # Errors
    /// If it does not appear.
    pub fn click(&mut self, css: &str) -> Result<()> {
        self.text(css)?;
        let node = self.evaluate(&format!(
            "(() => {{ const found = document.querySelector({css:?}); found.scrollIntoView({{ block: 'center' }}); return found; }})()"
        ))?;
        let origin = json!({ "type": "element", "element": { "sharedId": node["sharedId"] } });
        self.act(&json!({ "type": "pointer", "id": "mouse", "actions": [
            { "type": "pointerMove", "x": 0, "y": 0, "origin": origin },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 },
        ] }))
    }

    /// Clicks a field and types into it.
    ///
    /// # Errors
    /// If it does not appear.
    pub fn type_text(&mut self, css: &str, text: &str) -> Result<()> {
        self.click(css)?;
        let keys = text
            .chars()
            .flat_map(|key| {
                [
                    json!({ "type": "keyDown", "value": key }),
                    json!({ "type": "keyUp", "value": key }),
                ]
            })
            .collect::<Vec<_>>();
        self.act(&json!({ "type": "key", "id": "keyboard", "actions": keys }))
    }

    /// Writes what the page looks like to a PNG file.
    ///
    /// # Errors
    /// If the picture cannot be taken or written.
    pub fn screenshot(&mut self, file: &Path) -> Result<()> {
        use base64ct::{Base64, Encoding as _};
        let parameters = json!({ "context": self.tab });
        let answer = self.command("browsingContext.captureScreenshot", &parameters)?;
        let picture = answer["data"].as_str().context("no picture")?;
        let bytes = Base64::decode_vec(picture).map_err(|error| anyhow!("{error}"))?;
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(std::fs::write(file, bytes)?)
    }

    fn act(&mut self, source: &Value) -> Result<()> {
        let parameters = json!({ "context": self.tab, "actions": [source] });
        self.command("input.performActions", &parameters).map(drop)
    }

    fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let parameters = json!({
            "expression": expression, "target": { "context": self.tab }, "awaitPromise": true, "userActivation": false,
        });
        let mut answer = self.command("script.evaluate", &parameters)?;
        match answer["type"].as_str() {
            Some("success") => Ok(answer["result"].take()),
            _ => Err(anyhow!(
                "the script failed: {}",
                answer["exceptionDetails"]["text"]
            )),
        }
    }

    fn command(&mut self, method: &str, parameters: &Value) -> Result<Value> {
        self.last += 1;
        let id = self.last;
        let command = json!({ "id": id, "method": method, "params": parameters });
        self.socket.send(Message::text(command.to_string()))?;
        loop {
            let Message::Text(text) = self.socket.read().with_context(|| method.to_owned())? else {
                continue;
            };
            let mut answer: Value = serde_json::from_str(&text)?;
            if answer["id"] == id {
                return match answer["type"].as_str() {
                    Some("success") => Ok(answer["result"].take()),
                    _ => Err(anyhow!(
                        "{method}: {} {}",
                        answer["error"],
                        answer["message"]
                    )),
                };
            }
        }
    }
}
