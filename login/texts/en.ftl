# Texts of the login pages. Reading level B1. Keys stand in the same order in both languages.
# The sentences for the error codes are in protocol/text.

site-login = Log in
site-skip = Skip to the content
site-menu = Language and menu
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
login-expired = You have been logged out. That happens if you do nothing for 15 minutes. Log in again.
login-logged-out = You have been logged out. Close this window if the computer is not yours.

document-title = Check your document
document-intro = Your password was right. Now show with your document that it is you. After that you are logged in at level { $level }.
document-need-title = What you need
document-need-document = Your own, valid document with a chip.
document-need-reader = A card reader that you lay the document on, connected to this computer.
document-need-program = The reader app on this computer.
document-which = Which document do you use?
document-passport = Passport
document-identity-card = Identity card
document-driving-licence = Driving licence
document-last-four = Last four characters of the document number
document-last-four-help = This tells us that you have the document in your hands. The number is printed on your document.
document-last-four-wrong = The last four characters are not right. Look for the document number on your document.
document-typed = Data of the document
document-typed-help = The card reader needs this to open the chip. It goes to the app on this computer only.
document-number = Document number
document-birth = Date of birth, as year, month and day: YYMMDD
document-expiry = Date of expiry, as year, month and day: YYMMDD
document-number-wrong = Fill in the document number, with letters and digits only.
document-birth-wrong = Fill in the date of birth with six digits: year, month, day. Does your document have << in place of a day or a month? Then copy that.
document-expiry-wrong = Fill in the date of expiry with six digits: year, month, day.
document-line = The line of 30 characters
document-line-help = It is printed on your driving licence. The line begins with the letter D and ends with a digit.
document-line-misspelt = One of the characters is not right. Compare the line with your driving licence.
document-line-wrong = Fill in the whole line: 30 characters, the first is the letter D, the last is a digit.
document-start = Start the check
document-cancel = Cancel
document-retry = Try again
document-start-over = Back to the start
document-progress = Progress of the check
document-progress-title = Progress
document-reader = Card reader: { $reader }
document-read-title = What do we read, and what not?
document-read-yes = We check that your document is real and yours. For that we read its kind, its number, your date of birth and how long it is valid.
document-read-chip = Your name and nationality are in the same part of the chip. We do not use them and do not keep them.
document-read-no = We do not read your photo, fingerprints, address or signature.
document-script = For this check JavaScript must be on in your browser.
document-drawing-passport = Drawing: the passport lies open, with the page with your photo on the middle of the card reader.
document-drawing-identity-card = Drawing: the identity card lies flat on the middle of the card reader.
document-drawing-driving-licence = Drawing: the driving licence lies flat on the middle of the card reader.
document-only = You use your:
document-last-four-short = Fill in the last four characters of the document number.
document-will-ask = Your browser can ask whether this website may use an app on your computer. Choose to allow it.
document-reading-what = We read only what is needed. We do not read your photo, fingerprints, address or signature.

state-connecting = We are looking for the reader app on this computer.
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
success-previous = Previous time
success-unknown = Do you not recognise the previous time? See when someone logged in.
success-privacy = The data from the chip have been erased. We only keep when you logged in, at which level and with which kind of document.
success-idle = If you do nothing for 15 minutes, we log you out.
success-higher = Go on with your document

refusal-title-page = Logging in with your document did not work
refusal-retry = Try again
refusal-start-over = With another document
refusal-what = What can you do?
refusal-level = You are still logged in at level { $level }.

error-help = How to give permission in your browser
error-causes = What can be the matter?
cause-unanswered = You have not yet answered the question of your browser. Start again and choose to allow it.
cause-not-installed = The reader app is not on this computer yet. Install the app.
cause-not-running = The reader app is not on. Start the app.
cause-blocked = Your browser or a security program blocks the connection. See the help page, or ask the administrator of your computer.
cause-other-user = The reader app works for someone else on this computer. Ask that person to sign out.

history-link = My logins
history-title = When you logged in
history-intro = Here you see the last times that someone logged in with your user name, or began a check.
history-service = Service
history-begun = Check begun: { $document }
history-unknown = Is there a time that you do not recognise? Change your password and contact this service.
history-back = Back

idle-title = Are you still there?
idle-text = You have done nothing for some time. In 2 minutes we log you out.
idle-stay = Stay logged in

help-link = Help with logging in with your document
help-title = The connection to the reader app
help-intro = Your browser must allow this website to use the reader app on your computer. Choose your browser below.
help-chrome = Chrome asks for permission for other apps on this device. Did you refuse? You can change that like this.
help-chrome-1 = Click the sign to the left of the address of this website.
help-chrome-2 = Turn on the switch for apps on this device. Do you not see it? Then choose site settings.
help-chrome-3 = Load the page again and start the check once more.
help-edge = Edge asks for permission for other apps on this device. Did you refuse? You can change that like this.
help-edge-1 = Click the padlock to the left of the address of this website.
help-edge-2 = Choose permissions for this site and allow apps on this device.
help-edge-3 = Load the page again and start the check once more.
help-firefox = Firefox can ask whether this website may use apps on your device. Did you refuse? You can change that like this.
help-firefox-1 = Click the permissions sign to the left of the address of this website.
help-firefox-2 = Click the cross behind the permission that is blocked.
help-firefox-3 = Load the page again, start the check and choose to allow it.
help-brave = Brave itself blocks connections to apps on your computer. You can turn that off for this website.
help-brave-1 = Click the lion to the right of the address and turn the shields off for this website.
help-brave-2 = Click site settings to the left of the address and allow access to your own computer.
help-brave-3 = Load the page again and start the check once more.
help-safari = Safari lets no website use an app on your computer. Use Firefox, Chrome or Edge for this check.
help-why-title = Why does your browser ask this?
help-why = The reader app reads the chip of your document. The website talks to this app only, and only after you click start.
help-work = Is this a computer of your work? Then its administrator can give this permission for you.
help-back = Back to logging in

forbidden-title = This is not possible now
forbidden-text = The request was not accepted, because it does not come from this website or is not right.
forbidden-action = Go back to the login page and start again.
forbidden-back = To the login page

hint-document-moved = The document has moved. Lay it flat on the card reader again and leave it there.
hint-not-readable = The chip is hard to read. Take off the cover and lay the document flat on the middle of the card reader.
hint-several-documents = There are several cards on the card reader. Leave only one.
hint-lay-again = Take the document off the card reader and lay it down again.
hint-other-document = This is not the document you chose. Lay down the other document.
hint-slow-chip = The chip answers slowly. Do not move the document.
hint-in-use = Another program is using the card reader. Close that program.
hint-browser-asks = See whether your browser asks for permission, and choose to allow it.
