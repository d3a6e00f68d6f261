# Texts of the login pages. Reading level B1. Keys stand in the same order in both languages.

site-login = Log in
site-skip = Skip to the content
site-language = Language
site-logout = Log out
site-test = This is a test environment with invented persons. Do not use real data.

login-title = Log in to { $service }
login-intro = Fill in your user name and password. After that you check your document with a card reader.
login-user = User name
login-password = Password
login-submit = Log in
login-wrong = The user name or the password is not right. Try again.
login-wait = You filled in a wrong password too often. Wait { $seconds } { $seconds ->
    [one] second
   *[other] seconds
    } and then try again.
login-busy = It is very busy now. Try again in a minute.
login-form-expired = This page was open too long. Fill in your data again.
login-cancelled = You cancelled logging in.
login-expired = You have been logged out, because you did nothing for 15 minutes. Log in again.
login-logged-out = You have been logged out. Close this window if the computer is not yours.

document-title = Check your document
document-intro = Your password was right. Now show with your passport, identity card or driving licence that it is you. After that you are logged in at level { $level }.
document-need-title = What you need
document-need-document = Your own, valid document with a chip.
document-need-reader = A contactless card reader, connected to this computer.
document-need-program = The reader program on this computer.
document-which = Which document do you use?
document-passport = Passport
document-identity-card = Identity card
document-driving-licence = Driving licence
document-last-four = Last four characters of the document number
document-last-four-help = This tells us that you have the document in your hands. The number is printed on your document.
document-last-four-wrong = The last four characters are not right. Look for the document number on your document.
document-typed = Data of the document
document-typed-help = The card reader needs these to open the chip. They go to the reader program on this computer only.
document-number = Document number
document-birth = Date of birth, as year, month and day: YYMMDD
document-expiry = Date of expiry, as year, month and day: YYMMDD
document-start = Start the check
document-cancel = Cancel
document-retry = Try again
document-progress = Progress of the check
document-progress-title = The check is running
document-reader = Card reader: { $reader }
document-read-title = What do we read, and what not?
document-read-yes = We check that your document is real and yours. For that we read its kind, its number, your date of birth and how long it is valid.
document-read-chip = Your name and nationality are in the same part of the chip. We do not use them and do not keep them.
document-read-no = We do not read your photo, your fingerprints, your address or your signature.
document-script = For this check JavaScript must be on in your browser.
document-drawing = Drawing: an open passport lies face down on a card reader.
document-drawing-card = Drawing: a card lies flat on a card reader.

state-connecting = We are looking for the reader program on this computer. Does your browser ask for permission? Then choose to allow it.
state-waiting-for-reader = Connect a card reader to this computer.
state-waiting-for-document = Lay your document on the card reader.
state-opening = The chip is being opened. Do not move the document.
state-reading = The chip is being read. Do not move the document.
state-proving = The chip is proving that it is real. Do not move the document.
state-waiting-for-server = Your document is being checked. Leave the document where it is.
state-confirming = The last check is running. Do not move the document.
state-paused = The check is waiting.
state-done = The check is done.

success-title = You are logged in
success-level = Level
success-means = How
success-means-password = With user name and password
success-means-passport = With password and passport
success-means-identity-card = With password and identity card
success-means-driving-licence = With password and driving licence
success-time = Time
success-privacy = The data from the chip have been erased. We only keep that the check succeeded, and when.
success-idle = If you do nothing for 15 minutes, we log you out.

refusal-title-page = Logging in with your document did not work
refusal-retry = Try again
refusal-what = What can you do?
refusal-level = You are still logged in at level { $level }.

forbidden-title = This is not possible now
forbidden-text = The request was not accepted, because it does not come from this website or is not right.
forbidden-action = Go back to the login page and start again.
forbidden-back = To the login page

hint-document-moved = The document has moved. Lay it flat on the card reader again and leave it there.
hint-not-readable = The chip is hard to read. Open the passport, take off the cover, or lay the document on another spot.
hint-several-documents = There are several cards on the card reader. Leave only one.
hint-lay-again = Take the document off the card reader and lay it down again.
hint-other-document = This is not the document you chose. Lay down the other document.
hint-slow-chip = The chip answers slowly. Do not move the document.
hint-in-use = Another program is using the card reader. Close that program.

error-daemon-unreachable-title = The reader program does not answer
error-daemon-unreachable-text = Perhaps the reader program is not installed, or it is not running. Your browser may also be blocking connections to this computer.
error-daemon-unreachable-action = Install or start the reader program. Allow connections to this computer in your browser. Then try again.

error-browser-permission-denied-title = Your browser blocks the connection
error-browser-permission-denied-text = You did not allow this website to talk to programs on this computer.
error-browser-permission-denied-action = Click the icon to the left of the address of this website. Allow access to apps on this device. Then try again.

error-browser-frame-not-allowed-title = This page may not make the connection
error-browser-frame-not-allowed-text = The page is inside another website, and that website gives no permission.
error-browser-frame-not-allowed-action = Open the login page in a window of its own.

error-browser-unsupported-title = This is not possible in this browser
error-browser-unsupported-text = In this browser a website cannot reach a reader program on your computer.
error-browser-unsupported-action = Use another browser, for example Firefox, Chrome or Edge.

error-connection-lost-title = The connection is gone
error-connection-lost-text = The connection to the reader program was broken.
error-connection-lost-action = Check that the reader program is still running. Then try again.

error-message-malformed-title = Something went wrong
error-message-malformed-text = The reader program and this website do not understand each other.
error-message-malformed-action = Try again. If it fails again, update the reader program.

error-message-unexpected-title = Something went wrong
error-message-unexpected-text = The reader program got a message that it does not expect now.
error-message-unexpected-action = Try again. If it fails again, update the reader program.

error-too-many-messages-title = Something went wrong
error-too-many-messages-text = The reader program got too many messages.
error-too-many-messages-action = Try again.

error-request-refused-title = The reader program refuses this website
error-request-refused-text = The reader program does not know this website.
error-request-refused-action = Check that you are on the right website. If the address is right, ask the website for help.

error-request-expired-title = The check took too long
error-request-expired-text = The time for this check is over.
error-request-expired-action = Start again. Lay your document on the card reader beforehand.

error-request-used-title = This check was used before
error-request-used-text = Each check can be used only once.
error-request-used-action = Start again.

error-request-invalid-title = Something went wrong at the website
error-request-invalid-text = The website asked for something that is not right.
error-request-invalid-action = Start again. If it fails again, contact this website.

error-claim-unknown-title = The reader program is too old
error-claim-unknown-text = This website asks for something that your reader program does not know yet.
error-claim-unknown-action = Update the reader program and try again.

error-daemon-too-old-title = The reader program is too old
error-daemon-too-old-text = This website needs a newer version of the reader program.
error-daemon-too-old-action = Update the reader program and try again.

error-clock-wrong-title = The clock of your computer is wrong
error-clock-wrong-text = The time on this computer differs too much from the time of the website.
error-clock-wrong-action = Set the date and time of your computer. Then try again.

error-busy-title = A check is already running
error-busy-text = A document is being checked on this computer already.
error-busy-action = Finish or cancel that check. Then try again.

error-start-timed-out-title = The check did not start in time
error-start-timed-out-text = The website was too late to send what was needed.
error-start-timed-out-action = Try again.

error-session-timed-out-title = The check took too long
error-session-timed-out-text = The time for this check is over.
error-session-timed-out-action = Start again. Lay your document on the card reader beforehand.

error-session-unknown-title = The check was broken off
error-session-unknown-text = The reader program has lost this check.
error-session-unknown-action = Start again.

error-command-refused-title = Something went wrong at the website
error-command-refused-text = The reader program does not trust the answer of the website.
error-command-refused-action = Start again. If it fails again, contact this website.

error-command-forbidden-title = The website asked too much
error-command-forbidden-text = The website wanted to do something with your document that is not allowed. The reader program refused.
error-command-forbidden-action = Do not go on. Report this to the website.

error-refused-by-citizen-title = You refused the check
error-refused-by-citizen-text = In the message on your computer the choice was to refuse.
error-refused-by-citizen-action = Do you want to log in after all? Then start again.

error-cancelled-title = You cancelled the check
error-cancelled-text = The check has stopped.
error-cancelled-action = Do you want to log in after all? Then start again.

error-internal-title = Something went wrong in the reader program
error-internal-text = The reader program stopped because of a fault.
error-internal-action = Try again. If it fails again, update the reader program.

error-service-absent-title = This computer cannot read cards
error-service-absent-text = The part of your system that drives card readers is not installed.
error-service-absent-action = Install this part. The manual of the reader program tells how.

error-service-stopped-title = The card reader does not work now
error-service-stopped-text = The part of your system that drives card readers is not running.
error-service-stopped-action = Unplug the card reader and plug it in again. If that fails, restart your computer.

error-service-denied-title = You may not use the card reader
error-service-denied-text = Your system does not let you use the card reader.
error-service-denied-action = Work at the computer itself and not from a distance. Or ask whoever manages your computer for access.

error-reader-absent-title = There is no card reader
error-reader-absent-text = No card reader was found in time.
error-reader-absent-action = Connect a card reader. Then try again.

error-reader-lost-title = The card reader is gone
error-reader-lost-text = The card reader came off during the check.
error-reader-lost-action = Connect the card reader again. Then try again.

error-reader-failed-title = The card reader does not work well
error-reader-failed-text = The card reader gave an error.
error-reader-failed-action = Unplug the card reader and plug it in again. If that fails, use another card reader.

error-reader-not-contactless-title = This card reader is not suitable
error-reader-not-contactless-text = The card reader cannot read contactless documents.
error-reader-not-contactless-action = Use a card reader on which you lay the document.

error-document-absent-title = No document was read
error-document-absent-text = No document was on the card reader in time.
error-document-absent-action = Start again and lay your document flat on the card reader.

error-document-lost-title = The document was taken away
error-document-lost-text = The document was moved or taken away during the check.
error-document-lost-action = Start again. Leave the document in place until the check is done.

error-document-unreadable-title = The chip cannot be read
error-document-unreadable-text = Something lies on the card reader, but the chip does not answer well.
error-document-unreadable-action = Take the document out of its cover. Lay it on another spot of the card reader and try again.

error-several-documents-title = There are several cards on the card reader
error-several-documents-text = The card reader can read only one at a time.
error-several-documents-action = Lay only your document on the card reader. Then try again.

error-document-in-use-title = Another program is using the card reader
error-document-in-use-text = That is why the reader program cannot read your document.
error-document-in-use-action = Close other programs that read cards. Then try again.

error-access-data-wrong-title = This document does not match the data
error-access-data-wrong-text = The chip does not open with the data that we have of your document.
error-access-data-wrong-action = Check that you laid down the right document. If you filled in data, check them.

error-access-data-missing-title = Data are missing
error-access-data-missing-text = To open the chip, data of your document are needed.
error-access-data-missing-action = Start again and fill in the data of your document.

error-pace-only-title = Your document is newer than the reader program
error-pace-only-text = The chip opens in a way that the reader program does not know yet.
error-pace-only-action = Update the reader program. Or use another valid document.

error-access-slow-title = The chip answers slowly
error-access-slow-text = After wrong attempts the chip waits longer each time.
error-access-slow-action = Leave the document in place for a minute. Then try again.

error-access-failed-title = The chip does not open
error-access-failed-text = Opening the chip was broken off.
error-access-failed-action = Take the document off the card reader, lay it down again and try again.

error-not-a-document-title = This is not a suitable document
error-not-a-document-text = The card on the card reader is no passport, identity card or driving licence with the right chip.
error-not-a-document-action = Lay your passport, identity card or driving licence on the card reader.

error-document-kind-wrong-title = This is another kind of document
error-document-kind-wrong-text = You chose another kind of document than you laid down.
error-document-kind-wrong-action = Lay down the document that you chose. Or start again and choose another document.

error-secure-messaging-failed-title = The connection to the chip was broken
error-secure-messaging-failed-text = The secure connection to the chip was lost.
error-secure-messaging-failed-action = Start again and do not move the document.

error-file-unreadable-title = The chip cannot be read completely
error-file-unreadable-text = A part of the chip that is needed cannot be read.
error-file-unreadable-action = Try again. If it fails again, use another valid document.

error-file-malformed-title = The chip gives something that we do not understand
error-file-malformed-text = The data in the chip do not have the agreed form.
error-file-malformed-action = Use another valid document.

error-files-inconsistent-title = The data in the chip contradict each other
error-files-inconsistent-text = That is why we do not trust this document.
error-files-inconsistent-action = Use another valid document. Or ask your municipality to check the document.

error-no-chip-proof-title = It is not possible with this chip
error-no-chip-proof-text = The chip in this document cannot prove that it is real. Only a newer document can.
error-no-chip-proof-action = Use another valid document.

error-identity-file-not-allowed-title = It is not possible here with this chip
error-identity-file-not-allowed-text = This website takes only documents with a newer chip.
error-identity-file-not-allowed-action = Use another valid document.

error-active-authentication-failed-title = The chip does not prove that it is real
error-active-authentication-failed-text = The chip did not give the proof that the reader program asked for.
error-active-authentication-failed-action = Start again. If it fails again, use another document.

error-chip-authentication-failed-title = The chip does not prove that it is real
error-chip-authentication-failed-text = The chip did not give the proof that the website asked for.
error-chip-authentication-failed-action = Start again. If it fails again, use another document.

error-chip-authentication-mismatch-title = Something went wrong at the website
error-chip-authentication-mismatch-text = The question of the website does not fit your document.
error-chip-authentication-mismatch-action = Start again. If it fails again, contact this website.

error-evidence-too-large-title = This document does not fit
error-evidence-too-large-text = The chip holds more data than the reader program can send.
error-evidence-too-large-action = Use another valid document.

error-document-unknown-title = We do not know this document
error-document-unknown-text = We find no valid document in your name that you can log in with.
error-document-unknown-action = Ask your municipality whether your data are registered correctly.

error-document-mismatch-title = This is not your document
error-document-mismatch-text = This document is not in your name, or it is another document than you chose.
error-document-mismatch-action = Check that you laid down the right document. Then start again.

error-document-expired-title = This document has expired
error-document-expired-text = This document is no longer valid.
error-document-expired-action = Use another valid document. Or apply for a new document at your municipality.

error-document-withheld-title = This document was taken in or handed in
error-document-withheld-text = You cannot log in with it.
error-document-withheld-action = Use another valid document. Do you think this is wrong? Ask your municipality.

error-document-invalidated-title = This document is no longer valid
error-document-invalidated-text = By law this document is no longer valid, for example because your data have changed.
error-document-invalidated-action = Use another valid document. Or apply for a new document at your municipality.

error-document-missing-title = This document is registered as missing
error-document-missing-text = You cannot log in with it.
error-document-missing-action = Did you find the document again? Tell your municipality. Use another valid document now.

error-document-under-investigation-title = This document is being examined
error-document-under-investigation-text = The data of this document are being examined at the moment.
error-document-under-investigation-action = Use another valid document. Or ask your municipality for an explanation.

error-register-unreachable-title = We cannot check your document now
error-register-unreachable-text = We cannot see now whether your document is valid. This is not your fault.
error-register-unreachable-action = Try again later.

error-evidence-incomplete-title = Not everything was read
error-evidence-incomplete-text = Not everything that is needed was read from the chip.
error-evidence-incomplete-action = Try again. If it fails again, update the reader program.

error-evidence-malformed-title = The answer of the reader program is not right
error-evidence-malformed-text = We cannot read the answer of the reader program.
error-evidence-malformed-action = Try again. If it fails again, update the reader program.

error-document-altered-title = The data in the chip were changed
error-document-altered-text = The data in the chip are not the data that the government put in it.
error-document-altered-action = Use another valid document. Or ask your municipality to check the document.

error-issuer-unknown-title = We do not know the maker of this document
error-issuer-unknown-text = We cannot establish which country or authority made this document.
error-issuer-unknown-action = Check that you chose the right document. Or use another document.

error-signature-wrong-title = We cannot see that this document is real
error-signature-wrong-text = The signature of the government in the chip is not right.
error-signature-wrong-action = Use another valid document. Or ask your municipality to check the document.

error-signer-revoked-title = This document was revoked
error-signer-revoked-text = The government has revoked the signature in this document.
error-signer-revoked-action = Use another valid document. Or ask your municipality to check the document.

error-chip-not-genuine-title = The chip does not prove that it is real
error-chip-not-genuine-text = The chip could not prove that it is the real chip of this document.
error-chip-not-genuine-action = Start again. If it fails again, use another document or ask your municipality for help.

error-login-expired-title = The check no longer belongs to this page
error-login-expired-text = The time is over, or you have the page open twice.
error-login-expired-action = Close other windows and start again.

error-evidence-repeated-title = This check was used before
error-evidence-repeated-text = Each check can be used only once.
error-evidence-repeated-action = Start again.

error-too-many-attempts-title = You have tried this too often
error-too-many-attempts-text = For your safety you have to wait now.
error-too-many-attempts-action = Try again in an hour.

error-server-failed-title = Something went wrong on our side
error-server-failed-text = This is not your fault.
error-server-failed-action = Try again later.
