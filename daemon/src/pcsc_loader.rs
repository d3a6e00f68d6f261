//! PC/SC of the running system under the unmodified `pcsc` crate.
//!
//! On Linux `pcscd` and `libpcsclite` are of one making: the protocol between them changes from release to release, so a
//! program must use the library that came with the service of the machine it runs on, and must start where there is none.
//! This module therefore defines the `SCard*` symbols that the `pcsc` crate expects (the workspace's `.cargo/config.toml`
//! keeps that crate from linking a library of its own) and forwards each to `libpcsclite.so.1`, opened at the first call.
//!
//! Windows and macOS carry PC/SC in the system itself; there the `pcsc` crate is used as it is and this module is empty.

#[cfg(target_os = "linux")]
pub use linux::is_installed;

/// Whether a PC/SC library is at hand. Always so where it is part of the operating system.
#[cfg(not(target_os = "linux"))]
pub fn is_installed() -> bool {
    true
}

#[cfg(target_os = "linux")]
mod linux {
    #![allow(unsafe_code)] // Opening a library at run time and calling into it cannot be said in safe Rust.
    #![allow(non_snake_case, non_upper_case_globals)] // The names are those of the PC/SC interface.

    use std::ffi::{CStr, c_char, c_void};
    use std::mem::transmute_copy;
    use std::sync::OnceLock;

    use pcsc::ffi::{
        DWORD, LONG, SCARD_E_NO_SERVICE, SCARD_IO_REQUEST, SCARD_PROTOCOL_RAW, SCARD_PROTOCOL_T0,
        SCARD_PROTOCOL_T1, SCARD_READERSTATE, SCARDCONTEXT, SCARDHANDLE,
    };

    /// The name under which every distribution installs the library; the number is that of its binary interface.
    const LIBRARY: &CStr = c"libpcsclite.so.1";

    /// Whether the PC/SC library of the system can be opened and has every function needed.
    pub fn is_installed() -> bool {
        Library::get().is_some()
    }

    const fn protocol_control_information(protocol: DWORD) -> SCARD_IO_REQUEST {
        SCARD_IO_REQUEST {
            dwProtocol: protocol,
            cbPciLength: size_of::<SCARD_IO_REQUEST>() as DWORD,
        }
    }

    // SAFETY (the three statics): the names belong to PC/SC, no other definition of them is linked into the program, and
    // type and content are what `pcsc::ffi` declares.
    #[unsafe(no_mangle)]
    static g_rgSCardT0Pci: SCARD_IO_REQUEST = protocol_control_information(SCARD_PROTOCOL_T0);
    #[unsafe(no_mangle)]
    static g_rgSCardT1Pci: SCARD_IO_REQUEST = protocol_control_information(SCARD_PROTOCOL_T1);
    #[unsafe(no_mangle)]
    static g_rgSCardRawPci: SCARD_IO_REQUEST = protocol_control_information(SCARD_PROTOCOL_RAW);

    /// Finds one function of an opened library.
    ///
    /// # Safety
    /// `handle` is one that `dlopen` returned and that stays open, `name` ends in NUL, and `F` is the function pointer type
    /// of that function in the library.
    unsafe fn function<F: Copy>(handle: *mut c_void, name: &CStr) -> Option<F> {
        const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
        // SAFETY: by the contract above the handle is open and the name is a C string.
        let address = unsafe { libc::dlsym(handle, name.as_ptr()) };
        if address.is_null() {
            return None;
        }
        // SAFETY: `F` is a function pointer type (by contract) of the same size (asserted), and the address is not null.
        Some(unsafe { transmute_copy::<*mut c_void, F>(&address) })
    }

    /// Defines the table of the library's functions and, for each, the symbol that the `pcsc` crate links to.
    macro_rules! forward {
        ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?);)*) => {
            struct Library {
                $($name: unsafe extern "C" fn($($type),*) -> LONG,)*
            }

            impl Library {
                /// Opens the library and looks up all functions; nothing where one is missing.
                fn open() -> Option<Self> {
                    // SAFETY: the name is a C string; the library's own start-up code is trusted as part of the system.
                    let handle = unsafe { libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
                    if handle.is_null() {
                        return None;
                    }
                    // The handle is never closed, so the addresses stay good for the life of the process.
                    $(
                        let name = CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()).ok()?;
                        // SAFETY: the handle is open, and the signature is that of the same function in `pcsc::ffi`,
                        // which is the library's public header.
                        let $name = unsafe { function(handle, name) }?;
                    )*
                    Some(Self { $($name),* })
                }
            }

            $(
                // SAFETY: the symbol belongs to PC/SC and is defined only here. The caller owes what the PC/SC interface
                // asks of its arguments, and they are handed on as they came.
                #[unsafe(no_mangle)]
                unsafe extern "C" fn $name($($argument: $type),*) -> LONG {
                    match Library::get() {
                        // SAFETY: as above; the pointer was looked up under this very name.
                        Some(library) => unsafe { (library.$name)($($argument),*) },
                        None => SCARD_E_NO_SERVICE,
                    }
                }
            )*
        };
    }

    impl Library {
        /// The library, opened at the first call. A failure is not remembered: the citizen may install it meanwhile.
        fn get() -> Option<&'static Self> {
            static LOADED: OnceLock<Library> = OnceLock::new();
            match LOADED.get() {
                Some(library) => Some(library),
                None => {
                    let library = Library::open()?;
                    Some(LOADED.get_or_init(|| library))
                }
            }
        }
    }

    forward! {
        fn SCardEstablishContext(
            scope: DWORD,
            reserved1: *const c_void,
            reserved2: *const c_void,
            context: *mut SCARDCONTEXT,
        );
        fn SCardReleaseContext(context: SCARDCONTEXT);
        fn SCardIsValidContext(context: SCARDCONTEXT);
        fn SCardCancel(context: SCARDCONTEXT);
        fn SCardConnect(
            context: SCARDCONTEXT,
            reader: *const c_char,
            share_mode: DWORD,
            preferred_protocols: DWORD,
            card: *mut SCARDHANDLE,
            active_protocol: *mut DWORD,
        );
        fn SCardReconnect(
            card: SCARDHANDLE,
            share_mode: DWORD,
            preferred_protocols: DWORD,
            initialization: DWORD,
            active_protocol: *mut DWORD,
        );
        fn SCardDisconnect(card: SCARDHANDLE, disposition: DWORD);
        fn SCardGetStatusChange(
            context: SCARDCONTEXT,
            timeout: DWORD,
            reader_states: *mut SCARD_READERSTATE,
            count: DWORD,
        );
        fn SCardListReaders(
            context: SCARDCONTEXT,
            groups: *const c_char,
            readers: *mut c_char,
            length: *mut DWORD,
        );
        fn SCardBeginTransaction(card: SCARDHANDLE);
        fn SCardEndTransaction(card: SCARDHANDLE, disposition: DWORD);
        fn SCardStatus(
            card: SCARDHANDLE,
            reader_name: *mut c_char,
            reader_length: *mut DWORD,
            state: *mut DWORD,
            protocol: *mut DWORD,
            atr: *mut u8,
            atr_length: *mut DWORD,
        );
        fn SCardGetAttrib(card: SCARDHANDLE, id: DWORD, attribute: *mut u8, length: *mut DWORD);
        fn SCardSetAttrib(card: SCARDHANDLE, id: DWORD, attribute: *const u8, length: DWORD);
        fn SCardTransmit(
            card: SCARDHANDLE,
            send_pci: *const SCARD_IO_REQUEST,
            send: *const u8,
            send_length: DWORD,
            receive_pci: *mut SCARD_IO_REQUEST,
            receive: *mut u8,
            receive_length: *mut DWORD,
        );
        fn SCardControl(
            card: SCARDHANDLE,
            control_code: DWORD,
            send: *const u8,
            send_length: DWORD,
            receive: *mut u8,
            receive_length: DWORD,
            returned: *mut DWORD,
        );
    }
}
