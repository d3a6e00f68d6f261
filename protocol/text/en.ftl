# Sentences for the error codes: what it is, what to do. Plain language.

error-daemon-unreachable = This page cannot reach the app on your computer.
    .title = The reader app cannot be reached
    .action = Start the app, or install it if you do not have it yet. Then try again.

error-browser-permission-denied = Your browser is not allowed to connect to the app on your computer.
    .title = Your browser blocks the connection
    .action = Give this website permission in your browser's settings. Then try again.

error-browser-frame-not-allowed = The login page is shown inside another page that does not allow the connection.
    .title = This page may not connect
    .action = Open the login page in a tab of its own.

error-browser-unsupported = With this browser the page cannot reach the app on your computer.
    .title = Your browser cannot do this
    .action = Use another browser, such as Firefox, Chrome or Edge.

error-connection-lost = The connection to the app on your computer was lost.
    .title = The connection is gone
    .action = Try again.

error-message-malformed = The page sent a message that the app does not understand.
    .title = Something went wrong
    .action = Tell the organisation where you want to log in.

error-message-unexpected = The page sent a message at the wrong moment.
    .title = Something went wrong
    .action = Tell the organisation where you want to log in.

error-too-many-messages = The page sent too many messages.
    .title = Something went wrong
    .action = Tell the organisation where you want to log in.

error-request-refused = The app cannot establish that this request comes from a known login service.
    .title = The app does not trust this request
    .action = Go back to the website where you want to log in and start again. If that does not help, tell that organisation.

error-request-expired = The request is no longer valid.
    .title = Time is up
    .action = Start again. If this happens again, check that your computer's clock is right.

error-request-used = A request works only once.
    .title = This request was used before
    .action = Start logging in again.

error-request-invalid = The login service sent a request with a mistake in it.
    .title = The request is not right
    .action = Try again later, or tell the organisation where you want to log in.

error-claim-unknown = The login service asks for something that this app cannot do yet.
    .title = The app is too old
    .action = Update the app. Then try again.

error-daemon-too-old = The login service no longer works with this version of the app.
    .title = The app is too old
    .action = Update the app. Then try again.

error-clock-wrong = The time on your computer differs too much from the right time.
    .title = Your computer's clock is wrong
    .action = Set your computer's clock. Then start again.

error-busy = A login is under way in another tab or window.
    .title = You are already logging in
    .action = Finish it or stop it. Then try again.

error-start-timed-out = The page connected, but did not start in time.
    .title = It took too long
    .action = Try again.

error-session-timed-out = Logging in took too long.
    .title = Time is up
    .action = Start again, and lay your document on the reader at once.

error-session-unknown = The app no longer knows about this login.
    .title = This login has ended
    .action = Start again.

error-command-refused = The app cannot establish that the answer comes from the login service.
    .title = The app does not trust the answer
    .action = Start again. If this happens again, tell the organisation where you want to log in.

error-command-forbidden = The login service wanted to read something from your document that is not allowed. The app did not do it.
    .title = The login service asks too much
    .action = Tell the organisation where you want to log in.

error-refused-by-citizen = You refused in the notice on your computer. Nothing was read.
    .title = You refused
    .action = Do you want to log in after all? Then start again.

error-cancelled = You cancelled logging in.
    .title = Logging in was cancelled
    .action = Do you want to log in after all? Then start again.

error-internal = The app on your computer made a mistake.
    .title = Something went wrong in the app
    .action = Try again. If that does not help, restart your computer.

error-service-absent = A part that is needed to use card readers is missing.
    .title = Your computer cannot read cards yet
    .action = Ask whoever manages your computer to install the card service.

error-service-stopped = The part of your computer that runs card readers is off or has stopped.
    .title = The card service does not work
    .action = Restart your computer. If that does not help, ask whoever manages it.

error-service-denied = Your computer does not give you access to card readers.
    .title = You may not use the card reader
    .action = Ask whoever manages your computer for access.

error-service-mismatch = Two parts that are needed to use card readers are of different versions.
    .title = Your computer cannot read cards now
    .action = Restart your computer. If that does not help, ask whoever manages it to update the card service.

error-reader-absent = No card reader is connected.
    .title = No card reader found
    .action = Connect the card reader and try again.

error-reader-lost = The card reader was disconnected while reading.
    .title = The card reader is gone
    .action = Connect the card reader again and start again.

error-reader-failed = The card reader reports a failure.
    .title = The card reader does not work
    .action = Disconnect the card reader, connect it again and start again.

error-reader-driver-missing = Your card reader is connected, but the software for it is not installed.
    .title = Software for the card reader is missing
    .action = Ask whoever manages your computer to install the software for this card reader.

error-reader-blocked = Your card reader is connected, but another part of your computer keeps it occupied.
    .title = The card reader is occupied
    .action = Disconnect the card reader and connect it again. If that does not help, ask whoever manages your computer.

error-reader-not-contactless = Your card reader cannot read documents that are laid on it.
    .title = This card reader does not fit
    .action = Use a reader for contactless reading.

error-document-absent = No document was laid on the reader in time.
    .title = No document found
    .action = Start again and lay your document on the reader.

error-document-lost = The reader could no longer reach your document.
    .title = Your document moved
    .action = Lay your document still on the reader and start again.

error-document-unreadable = Something lies on the reader, but it cannot be read.
    .title = Your document does not answer
    .action = Take the document out of its sleeve and lay it flat on the middle of the reader.

error-several-documents = The reader sees more than one document or card.
    .title = There is more than one document
    .action = Leave only the document that is asked for.

error-document-swapped = Another document lies on the reader than the one that was being read.
    .title = The document was changed
    .action = Lay down only the document with which you want to log in, and start again.

error-document-in-use = Another program on your computer is reading the document.
    .title = Another program uses your document
    .action = Close other programs that read cards and start again.

error-access-data-wrong = Your document does not open with the data that are known.
    .title = This is another document than expected
    .action = Check that you have the right document, or enter the data again.

error-access-data-missing = To open your document, data that are printed on it are needed.
    .title = Data are missing
    .action = Enter the data of your document.

error-pace-only = Your document uses a lock that this app does not know yet.
    .title = The app cannot open this document
    .action = Use another document, or update the app.

error-access-slow = After wrong attempts a document answers slowly for a while.
    .title = Your document answers slowly
    .action = Leave the document where it is, wait a moment and start again.

error-access-blocked = After too many wrong attempts this document no longer accepts these details.
    .title = The details are blocked
    .action = Did you type the card access number (CAN)? Then start again and type document number, date of birth and date of expiry.

error-access-failed = Opening your document did not work.
    .title = Your document did not open
    .action = Lay your document down again and start again.

error-not-a-document = The card on the reader cannot be used here.
    .title = This is no travel document or driving licence
    .action = Lay your passport, identity card or driving licence on the reader.

error-document-kind-wrong = You laid down another kind of document than asked for.
    .title = This is another kind of document
    .action = Lay the document that is asked for on the reader.

error-secure-messaging-failed = An answer of your document was not right.
    .title = Reading was disturbed
    .action = Lay your document down again and start again.

error-file-unreadable = A part of your document could not be read.
    .title = Your document cannot be read completely
    .action = Lay your document down again and start again.

error-file-malformed = The app does not understand a part of your document.
    .title = Your document is built otherwise than expected
    .action = Use another document.

error-files-inconsistent = Parts of your document contradict each other.
    .title = The data in your document do not agree
    .action = Use another document, or contact the authority that issued it.

error-no-chip-proof = The chip in your document cannot prove that it is genuine.
    .title = You cannot log in here with this document
    .action = Use a newer document.

error-identity-file-not-allowed = The login service does not allow the app to read your data from this document.
    .title = You cannot log in here with this document
    .action = Use a newer document.

error-active-authentication-failed = The chip in your document did not give the proof that was asked for.
    .title = The chip gave no proof
    .action = Lay your document down again and start again.

error-chip-authentication-failed = The chip in your document did not finish the secure connection.
    .title = The chip gave no proof
    .action = Lay your document down again and start again.

error-chip-authentication-mismatch = What the login service asked for does not fit your document.
    .title = The login service asked for something that does not fit
    .action = Start again. If this happens again, tell the organisation where you want to log in.

error-evidence-too-large = The data of your document are larger than the app can send.
    .title = Your document does not fit
    .action = Use another document.

error-document-unknown = The register has no document of yours of this kind.
    .title = Your document was not found
    .action = Use another document, or contact the organisation where you want to log in.

error-document-mismatch = The document on the reader is not the one that is registered for you.
    .title = This is not the right document
    .action = Use your own, newest document and start again.

error-document-expired = The date until which your document is valid has passed.
    .title = Your document has expired
    .action = Use a document that is still valid.

error-document-withheld = According to the register this document was withheld.
    .title = Your document was withheld
    .action = Contact the authority that issued the document.

error-document-invalidated = According to the register this document has lapsed by law.
    .title = Your document is no longer valid
    .action = Use another document, or contact your municipality.

error-document-missing = According to the register this document is missing.
    .title = This document was reported missing
    .action = Use another document. Did you find it again? Then contact your municipality.

error-document-under-investigation = According to the register this document is being investigated.
    .title = Your document is under investigation
    .action = Contact your municipality.

error-register-unreachable = The login service cannot check now whether your document is valid.
    .title = The register cannot be reached
    .action = Try again later.

error-evidence-incomplete = The login service did not get everything that your document has to show.
    .title = A part is missing
    .action = Lay your document down again and start again.

error-evidence-malformed = What the app sent could not be read.
    .title = The login service does not understand the answer
    .action = Start again. If that does not help, update the app.

error-document-altered = The data in the chip are not those of the authority that issued the document.
    .title = The data in your document are not right
    .action = Contact the authority that issued the document.

error-issuer-unknown = The login service does not know the authority that issued this document.
    .title = This document is not recognised here
    .action = Use another document.

error-signature-wrong = The signature in the chip is not right.
    .title = It cannot be established that your document is genuine
    .action = Contact the authority that issued the document.

error-signer-revoked = The signature in the chip was revoked.
    .title = It cannot be established that your document is genuine
    .action = Contact the authority that issued the document.

error-chip-not-genuine = The chip could not prove that it is the chip of this document.
    .title = The chip is not genuine
    .action = Contact the authority that issued the document.

error-login-expired = It took too long, or was stopped in another tab.
    .title = This check has ended
    .action = Start again.

error-evidence-repeated = Each attempt counts only once.
    .title = This attempt was answered before
    .action = Start logging in again.

error-too-many-attempts = You have tried too often in a row.
    .title = Too many attempts
    .action = Wait an hour and then try again.

error-server-failed = The login service made a mistake.
    .title = Something went wrong at the login service
    .action = Try again later.
