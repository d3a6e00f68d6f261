//! Gives the shared library its name of the ABI, and says so if it is built in a profile that does not catch panics.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The same number as `RDA_ABI_VERSION` in src/lib.rs; a test compares them.
    let abi = 0;
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match system.as_str() {
        "macos" | "ios" => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/librda.{abi}.dylib");
        }
        "windows" => {}
        _ => println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,librda.so.{abi}"),
    }
    if std::env::var("CARGO_CFG_PANIC").as_deref() == Ok("abort") {
        println!(
            "cargo::warning=librda is being built with panic=abort: a bug in it would end the program that uses it. \
             `cargo xtask librda` builds it in its own profile."
        );
    }
}
