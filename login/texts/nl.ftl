# Teksten van de inlogpagina's. Taalniveau B1. Sleutels staan in beide talen in dezelfde volgorde.
# De zinnen bij de foutcodes staan in protocol/text.

site-login = Inloggen
site-skip = Direct naar de inhoud
site-language = Taal
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
login-expired = U bent uitgelogd, omdat u 15 minuten niets hebt gedaan. Log opnieuw in.
login-logged-out = U bent uitgelogd. Sluit dit venster als u een computer gebruikt die niet van u is.

document-title = Controleer uw document
document-intro = U hebt uw wachtwoord goed ingevuld. Laat nu met uw paspoort of identiteitskaart zien dat u het bent. Daarna bent u ingelogd op niveau { $level }.
document-need-title = Dit hebt u nodig
document-need-document = Uw eigen, geldige document met een chip.
document-need-reader = Een kaartlezer zonder contact, aangesloten op deze computer.
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
document-start = Controle starten
document-cancel = Annuleren
document-retry = Opnieuw proberen
document-progress = Voortgang van de controle
document-progress-title = De controle is bezig
document-reader = Kaartlezer: { $reader }
document-read-title = Wat lezen wij, en wat niet?
document-read-yes = Wij kijken of uw document echt is en van u is. Daarvoor lezen wij het soort document, het nummer, uw geboortedatum en tot wanneer het geldig is.
document-read-chip = Uw naam en nationaliteit staan in hetzelfde deel van de chip. Wij gebruiken die niet en bewaren ze niet.
document-read-no = Wij lezen uw foto, uw vingerafdrukken, uw adres en uw handtekening niet.
document-script = Voor deze controle moet JavaScript aan staan in uw browser.
document-drawing = Tekening: een open paspoort ligt op een kaartlezer.
document-drawing-card = Tekening: een kaart ligt plat op een kaartlezer.

state-connecting = Wij zoeken de kaartlezer-app op deze computer. Vraagt uw browser om toestemming? Kies dan voor toestaan.
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
success-privacy = De gegevens uit de chip zijn gewist. Wij bewaren alleen dat de controle is gelukt, en wanneer.
success-idle = Doet u 15 minuten niets? Dan loggen wij u uit.

refusal-title-page = Inloggen met uw document is niet gelukt
refusal-retry = Opnieuw proberen
refusal-what = Wat kunt u doen?
refusal-level = U bent nog wel ingelogd op niveau { $level }.

forbidden-title = Dit kan nu niet
forbidden-text = De aanvraag is niet aangenomen, omdat die niet van deze website komt of niet klopt.
forbidden-action = Ga terug naar de inlogpagina en begin opnieuw.
forbidden-back = Naar de inlogpagina

hint-document-moved = Het document is verschoven. Leg het weer plat op de kaartlezer en laat het stil liggen.
hint-not-readable = De chip is niet goed te lezen. Open het paspoort, haal het hoesje eraf, of leg het document op een andere plek.
hint-several-documents = Er liggen meer kaarten op de kaartlezer. Laat er maar één liggen.
hint-lay-again = Haal het document van de kaartlezer en leg het er opnieuw op.
hint-other-document = Dit is niet het document dat u hebt gekozen. Leg het andere document neer.
hint-slow-chip = De chip antwoordt langzaam. Laat het document stil liggen.
hint-in-use = Een ander programma gebruikt de kaartlezer. Sluit dat programma.
