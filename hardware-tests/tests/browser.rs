//! The browser driver, on a page of its own.

use anyhow::{Result, anyhow};
use hardware_tests::browser::{self, Browser};
use hardware_tests::need;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

const PAGE: &str = r#"<!doctype html><title>A page</title><form onsubmit="
  event.preventDefault();
  setTimeout(() => { const done = document.createElement('p'); done.id = 'done'; done.dataset.name = user.value;
    done.textContent = 'Hello ' + user.value; document.body.append(done); });
"><input id="user"><button>Go</button></form>"#;

#[test]
fn types_clicks_waits_and_looks() -> Result<()> {
    if !need::all("the browser driver", &browser::NEEDS)? {
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{PAGE}",
                PAGE.len()
            );
        }
    });
    let browser = Browser::start("nl")?;
    browser.open(&url)?;
    assert_eq!(browser.address()?, url);
    assert_eq!(browser.run("return navigator.language")?, "nl");
    browser.element("#user")?.type_text("Willeke")?;
    browser.element("button")?.click()?;
    let done = browser.element("#done")?;
    assert_eq!(done.text()?, "Hello Willeke");
    assert_eq!(done.attribute("data-name")?, "Willeke");
    assert_eq!(done.attribute("data-none")?, "");

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("picture.png");
    browser.screenshot(&file)?;
    let png = std::fs::read(&file)?;
    assert!(png.starts_with(b"\x89PNG"));
    let error = browser.run("throw new Error('no')").err();
    let error = error.ok_or_else(|| anyhow!("a failing script is an error"))?;
    assert!(error.to_string().contains("javascript error"), "{error}");
    Ok(())
}
