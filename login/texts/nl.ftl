# Teksten van de inlogpagina's. Taalniveau B1. Sleutels staan in beide talen in dezelfde volgorde.
# De zinnen bij de foutcodes staan in protocol/text.

site-login = Inloggen
site-skip = Direct naar de inhoud
site-menu = Taal en menu
site-logout = Uitloggen
site-test = Dit is een testomgeving met verzonnen personen. Gebruik geen echte gegevens.

login-title = Inloggen bij { $service }
login-intro = Vul uw gebruikersnaam en wachtwoord in. Daarna controleert u uw document met een kaartlezer.
login-user = Gebruikersnaam
login-password = Wachtwoord
login-submit = Inloggen
login-wrong = De gebruikersnaam of het wachtwoord klopt niet. Probeer het opnieuw.
login-wait = U hebt te vaak een verkeerd wachtwoord ingevuld. Wacht { $seconds } { $seconds ->
    [one] seconde
   *[other] seconden
    } en probeer het dan opnieuw.
login-busy = Het is nu erg druk. Probeer het over een minuut opnieuw.
login-form-expired = Deze pagina stond te lang open. Vul uw gegevens opnieuw in.
login-cancelled = U hebt het inloggen geannuleerd.
login-expired = U bent uitgelogd. Dat gebeurt als u 15 minuten niets doet. Log opnieuw in.
login-logged-out = U bent uitgelogd. Sluit dit venster als u een computer gebruikt die niet van u is.

document-title = Controleer uw document
document-intro = U hebt uw wachtwoord goed ingevuld. Laat nu met uw document zien dat u het bent. Daarna bent u ingelogd op niveau { $level }.
document-need-title = Dit hebt u nodig
document-need-document = Uw eigen, geldige document met een chip.
document-need-reader = Een kaartlezer waar u het document op legt, aangesloten op deze computer.
document-need-program = De kaartlezer-app op deze computer.
document-which = Welk document gebruikt u?
document-passport = Paspoort
document-identity-card = Identiteitskaart
document-driving-licence = Rijbewijs
document-last-four = Laatste vier tekens van het documentnummer
document-last-four-help = Zo weten wij dat u het document in handen hebt. Het nummer staat op uw document.
document-last-four-wrong = De laatste vier tekens kloppen niet. Kijk op uw document naar het documentnummer.
document-typed = Gegevens van het document
document-typed-help = Hiermee kan de kaartlezer de chip openen. De gegevens gaan alleen naar de app op deze computer.
document-number = Documentnummer
document-birth = Geboortedatum, als jaar, maand en dag: JJMMDD
document-expiry = Geldig tot, als jaar, maand en dag: JJMMDD
document-number-wrong = Vul het documentnummer in, met alleen letters en cijfers.
document-birth-wrong = Vul de geboortedatum in met zes cijfers: jaar, maand, dag. Staat er << op uw document in plaats van een dag of een maand? Neem dat dan over.
document-expiry-wrong = Vul in tot wanneer het document geldig is, met zes cijfers: jaar, maand, dag.
document-line = De regel van 30 tekens
document-line-help = Die staat op uw rijbewijs. De regel begint met de letter D en eindigt met een cijfer.
document-line-misspelt = Een van de tekens klopt niet. Vergelijk de regel met uw rijbewijs.
document-line-wrong = Vul de hele regel in: 30 tekens, het eerste is de letter D, het laatste een cijfer.
document-start = Controle starten
document-cancel = Annuleren
document-retry = Opnieuw proberen
document-start-over = Terug naar het begin
document-progress = Voortgang van de controle
document-progress-title = Voortgang
document-reader = Kaartlezer: { $reader }
document-read-title = Wat lezen wij, en wat niet?
document-read-yes = Wij kijken of uw document echt is en van u is. Daarvoor lezen wij het soort document, het nummer, uw geboortedatum en tot wanneer het geldig is.
document-read-chip = Uw naam en nationaliteit staan in hetzelfde deel van de chip. Wij gebruiken die niet en bewaren ze niet.
document-read-no = Uw foto, vingerafdrukken, adres en handtekening lezen wij niet.
document-script = Voor deze controle moet JavaScript aan staan in uw browser.
document-drawing-passport = Tekening: het paspoort ligt open, met de bladzijde met uw foto midden op de kaartlezer.
document-drawing-identity-card = Tekening: de identiteitskaart ligt plat, midden op de kaartlezer.
document-drawing-driving-licence = Tekening: het rijbewijs ligt plat, midden op de kaartlezer.
document-only = U gebruikt uw:
document-last-four-short = Vul de laatste vier tekens van het documentnummer in.
document-will-ask = Uw browser kan vragen of deze website een app op uw computer mag gebruiken. Kies dan voor toestaan.
document-reading-what = Wij lezen alleen wat nodig is. Uw foto, vingerafdrukken, adres en handtekening lezen wij niet.

state-connecting = Wij zoeken de kaartlezer-app op deze computer.
state-waiting-for-reader = Sluit een kaartlezer aan op deze computer.
state-waiting-for-document = Leg uw document op de kaartlezer.
state-opening = De chip wordt geopend. Laat het document stil liggen.
state-reading = De chip wordt gelezen. Laat het document stil liggen.
state-proving = De chip bewijst dat hij echt is. Laat het document stil liggen.
state-waiting-for-server = Uw document wordt gecontroleerd. Laat het document liggen.
state-confirming = De laatste controle is bezig. Laat het document stil liggen.
state-paused = De controle wacht even.
state-done = De controle is klaar.

success-title = U bent ingelogd
success-level = Niveau
success-means = Hoe
success-means-password = Met gebruikersnaam en wachtwoord
success-means-passport = Met wachtwoord en paspoort
success-means-identity-card = Met wachtwoord en identiteitskaart
success-means-driving-licence = Met wachtwoord en rijbewijs
success-time = Tijd
success-previous = Vorige keer
success-unknown = Herkent u de vorige keer niet? Bekijk wanneer er is ingelogd.
success-privacy = De gegevens uit de chip zijn gewist. Wij bewaren alleen wanneer u inlogde, met welk niveau en met welk soort document.
success-idle = Doet u 15 minuten niets? Dan loggen wij u uit.
success-higher = Verder met uw document

refusal-title-page = Inloggen met uw document is niet gelukt
refusal-retry = Opnieuw proberen
refusal-start-over = Met een ander document
refusal-what = Wat kunt u doen?
refusal-level = U bent nog wel ingelogd op niveau { $level }.

error-help = Zo geeft u toestemming in uw browser
error-causes = Wat kan er aan de hand zijn?
cause-unanswered = U hebt nog niet geantwoord op de vraag van uw browser. Begin opnieuw en kies voor toestaan.
cause-not-installed = De kaartlezer-app staat nog niet op deze computer. Installeer de app.
cause-not-running = De kaartlezer-app staat niet aan. Start de app.
cause-blocked = Uw browser of een beveiligingsprogramma houdt de verbinding tegen. Kijk op de hulppagina, of vraag de beheerder van uw computer.
cause-other-user = De kaartlezer-app werkt op deze computer voor iemand anders. Laat die persoon zich afmelden.

history-link = Mijn inlogmomenten
history-title = Wanneer u hebt ingelogd
history-intro = Hier ziet u de laatste keren dat er met uw gebruikersnaam is ingelogd, of een controle is begonnen.
history-service = Dienst
history-begun = Controle begonnen: { $document }
history-unknown = Herkent u een moment niet? Wijzig dan uw wachtwoord en neem contact op met deze dienst.
history-back = Terug

idle-title = Bent u er nog?
idle-text = U doet al een tijd niets. Over 2 minuten loggen wij u uit.
idle-stay = Ingelogd blijven

help-link = Hulp bij inloggen met uw document
help-title = De verbinding met de kaartlezer-app
help-intro = Uw browser moet deze website toestaan om de kaartlezer-app op uw computer te gebruiken. Kies hieronder uw browser.
help-chrome = Chrome vraagt om toestemming voor andere apps op dit apparaat. Hebt u die geweigerd? Dan kunt u dat zo wijzigen.
help-chrome-1 = Klik op het teken links van het adres van deze website.
help-chrome-2 = Zet de schakelaar bij apps op dit apparaat aan. Ziet u die niet? Kies dan voor site-instellingen.
help-chrome-3 = Laad de pagina opnieuw en start de controle nog een keer.
help-edge = Edge vraagt om toestemming voor andere apps op dit apparaat. Hebt u die geweigerd? Dan kunt u dat zo wijzigen.
help-edge-1 = Klik op het slotje links van het adres van deze website.
help-edge-2 = Kies voor machtigingen voor deze site en sta apps op dit apparaat toe.
help-edge-3 = Laad de pagina opnieuw en start de controle nog een keer.
help-firefox = Firefox kan vragen of deze website apps op uw apparaat mag gebruiken. Hebt u dat geweigerd? Dan kunt u dat zo wijzigen.
help-firefox-1 = Klik op het teken voor toestemmingen, links van het adres van deze website.
help-firefox-2 = Klik op het kruisje achter de toestemming die is geblokkeerd.
help-firefox-3 = Laad de pagina opnieuw, start de controle en kies voor toestaan.
help-brave = Brave houdt verbindingen met apps op uw computer zelf tegen. Dat kunt u voor deze website uitzetten.
help-brave-1 = Klik op de leeuw rechts van het adres en zet de schilden voor deze website uit.
help-brave-2 = Klik links van het adres op site-instellingen en sta toegang tot uw eigen computer toe.
help-brave-3 = Laad de pagina opnieuw en start de controle nog een keer.
help-safari = Safari laat geen enkele website een app op uw computer gebruiken. Gebruik voor deze controle Firefox, Chrome of Edge.
help-why-title = Waarom vraagt uw browser dit?
help-why = De kaartlezer-app leest de chip van uw document. De website praat alleen met deze app, en alleen als u zelf op starten klikt.
help-work = Is dit een computer van uw werk? Dan kan de beheerder deze toestemming voor u geven.
help-back = Terug naar het inloggen

forbidden-title = Dit kan nu niet
forbidden-text = De aanvraag is niet aangenomen, omdat die niet van deze website komt of niet klopt.
forbidden-action = Ga terug naar de inlogpagina en begin opnieuw.
forbidden-back = Naar de inlogpagina

hint-document-moved = Het document is verschoven. Leg het weer plat op de kaartlezer en laat het stil liggen.
hint-not-readable = De chip is niet goed te lezen. Haal het hoesje eraf en leg het document plat, midden op de kaartlezer.
hint-several-documents = Er liggen meer kaarten op de kaartlezer. Laat er maar één liggen.
hint-lay-again = Haal het document van de kaartlezer en leg het er opnieuw op.
hint-other-document = Dit is niet het document dat u hebt gekozen. Leg het andere document neer.
hint-slow-chip = De chip antwoordt langzaam. Laat het document stil liggen.
hint-in-use = Een ander programma gebruikt de kaartlezer. Sluit dat programma.
hint-browser-asks = Kijk of uw browser om toestemming vraagt, en kies dan voor toestaan.
