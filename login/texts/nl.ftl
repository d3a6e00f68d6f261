# Teksten van de inlogpagina's. Taalniveau B1. Sleutels staan in beide talen in dezelfde volgorde.

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
document-intro = U hebt uw wachtwoord goed ingevuld. Laat nu met uw paspoort, identiteitskaart of rijbewijs zien dat u het bent. Daarna bent u ingelogd op niveau { $level }.
document-need-title = Dit hebt u nodig
document-need-document = Uw eigen, geldige document met een chip.
document-need-reader = Een kaartlezer zonder contact, aangesloten op deze computer.
document-need-program = Het leesprogramma op deze computer.
document-which = Welk document gebruikt u?
document-passport = Paspoort
document-identity-card = Identiteitskaart
document-driving-licence = Rijbewijs
document-last-four = Laatste vier tekens van het documentnummer
document-last-four-help = Zo weten wij dat u het document in handen hebt. Het nummer staat op uw document.
document-last-four-wrong = De laatste vier tekens kloppen niet. Kijk op uw document naar het documentnummer.
document-typed = Gegevens van het document
document-typed-help = Hiermee kan de kaartlezer de chip openen. De gegevens gaan alleen naar het leesprogramma op deze computer.
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
document-drawing = Tekening: een paspoort ligt met de voorkant naar beneden open op een kaartlezer.
document-drawing-card = Tekening: een kaart ligt plat op een kaartlezer.

state-connecting = Wij zoeken het leesprogramma op deze computer. Vraagt uw browser om toestemming? Kies dan voor toestaan.
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

error-daemon-unreachable-title = Het leesprogramma antwoordt niet
error-daemon-unreachable-text = Misschien is het leesprogramma niet geïnstalleerd, of staat het niet aan. Het kan ook dat uw browser de verbinding met deze computer tegenhoudt.
error-daemon-unreachable-action = Installeer of start het leesprogramma. Sta in uw browser verbindingen met deze computer toe. Probeer het daarna opnieuw.

error-browser-permission-denied-title = Uw browser houdt de verbinding tegen
error-browser-permission-denied-text = U hebt deze website geen toestemming gegeven om met programma's op deze computer te praten.
error-browser-permission-denied-action = Klik op het teken links van het adres van deze website. Sta de toegang tot apps op dit apparaat toe. Probeer het daarna opnieuw.

error-browser-frame-not-allowed-title = Deze pagina mag de verbinding niet maken
error-browser-frame-not-allowed-text = De pagina staat in een andere website, en die geeft geen toestemming.
error-browser-frame-not-allowed-action = Open de inlogpagina in een eigen venster.

error-browser-unsupported-title = Dit kan niet met deze browser
error-browser-unsupported-text = Met deze browser kan een website geen leesprogramma op uw computer bereiken.
error-browser-unsupported-action = Gebruik een andere browser, bijvoorbeeld Firefox, Chrome of Edge.

error-connection-lost-title = De verbinding is weg
error-connection-lost-text = De verbinding met het leesprogramma is verbroken.
error-connection-lost-action = Controleer of het leesprogramma nog aan staat. Probeer het daarna opnieuw.

error-message-malformed-title = Er ging iets mis
error-message-malformed-text = Het leesprogramma en deze website begrijpen elkaar niet.
error-message-malformed-action = Probeer het opnieuw. Lukt het weer niet? Werk het leesprogramma dan bij.

error-message-unexpected-title = Er ging iets mis
error-message-unexpected-text = Het leesprogramma kreeg een bericht dat het nu niet verwacht.
error-message-unexpected-action = Probeer het opnieuw. Lukt het weer niet? Werk het leesprogramma dan bij.

error-too-many-messages-title = Er ging iets mis
error-too-many-messages-text = Het leesprogramma kreeg te veel berichten.
error-too-many-messages-action = Probeer het opnieuw.

error-request-refused-title = Het leesprogramma weigert deze website
error-request-refused-text = Het leesprogramma kent deze website niet.
error-request-refused-action = Controleer of u op de goede website bent. Klopt het adres? Vraag dan de website om hulp.

error-request-expired-title = De controle duurde te lang
error-request-expired-text = De tijd voor deze controle is voorbij.
error-request-expired-action = Begin opnieuw. Leg uw document alvast op de kaartlezer.

error-request-used-title = Deze controle is al gebruikt
error-request-used-text = Elke controle kan maar één keer worden gebruikt.
error-request-used-action = Begin opnieuw.

error-request-invalid-title = Er ging iets mis bij de website
error-request-invalid-text = De website vroeg iets dat niet klopt.
error-request-invalid-action = Begin opnieuw. Lukt het weer niet? Neem dan contact op met deze website.

error-claim-unknown-title = Het leesprogramma is te oud
error-claim-unknown-text = Deze website vraagt iets dat uw leesprogramma nog niet kent.
error-claim-unknown-action = Werk het leesprogramma bij en probeer het opnieuw.

error-daemon-too-old-title = Het leesprogramma is te oud
error-daemon-too-old-text = Deze website heeft een nieuwere versie van het leesprogramma nodig.
error-daemon-too-old-action = Werk het leesprogramma bij en probeer het opnieuw.

error-clock-wrong-title = De klok van uw computer loopt niet goed
error-clock-wrong-text = De tijd op deze computer is te verschillend van de tijd van de website.
error-clock-wrong-action = Zet de datum en de tijd van uw computer goed. Probeer het daarna opnieuw.

error-busy-title = Er loopt al een controle
error-busy-text = Op deze computer wordt al een document gecontroleerd.
error-busy-action = Maak die controle af of annuleer haar. Probeer het daarna opnieuw.

error-start-timed-out-title = De controle begon niet op tijd
error-start-timed-out-text = De website stuurde te laat wat nodig was.
error-start-timed-out-action = Probeer het opnieuw.

error-session-timed-out-title = De controle duurde te lang
error-session-timed-out-text = De tijd voor deze controle is voorbij.
error-session-timed-out-action = Begin opnieuw. Leg uw document alvast op de kaartlezer.

error-session-unknown-title = De controle is afgebroken
error-session-unknown-text = Het leesprogramma is deze controle kwijt.
error-session-unknown-action = Begin opnieuw.

error-command-refused-title = Er ging iets mis bij de website
error-command-refused-text = Het leesprogramma vertrouwt het antwoord van de website niet.
error-command-refused-action = Begin opnieuw. Lukt het weer niet? Neem dan contact op met deze website.

error-command-forbidden-title = De website vroeg te veel
error-command-forbidden-text = De website wilde iets met uw document doen dat niet mag. Het leesprogramma heeft dat geweigerd.
error-command-forbidden-action = Log niet verder in. Meld dit bij de website.

error-refused-by-citizen-title = U hebt de controle geweigerd
error-refused-by-citizen-text = In de melding op uw computer is gekozen voor weigeren.
error-refused-by-citizen-action = Wilt u toch inloggen? Begin dan opnieuw.

error-cancelled-title = U hebt de controle geannuleerd
error-cancelled-text = De controle is gestopt.
error-cancelled-action = Wilt u toch inloggen? Begin dan opnieuw.

error-internal-title = Er ging iets mis in het leesprogramma
error-internal-text = Het leesprogramma is gestopt door een fout.
error-internal-action = Probeer het opnieuw. Lukt het weer niet? Werk het leesprogramma dan bij.

error-service-absent-title = Deze computer kan geen kaarten lezen
error-service-absent-text = Het onderdeel van uw systeem dat kaartlezers bedient, is niet geïnstalleerd.
error-service-absent-action = Installeer dit onderdeel. In de handleiding van het leesprogramma staat hoe.

error-service-stopped-title = De kaartlezer werkt nu niet
error-service-stopped-text = Het onderdeel van uw systeem dat kaartlezers bedient, staat niet aan.
error-service-stopped-action = Haal de kaartlezer los en sluit hem weer aan. Lukt het niet? Start uw computer opnieuw.

error-service-denied-title = U mag de kaartlezer niet gebruiken
error-service-denied-text = Uw systeem geeft u geen toegang tot de kaartlezer.
error-service-denied-action = Werk op de computer zelf en niet op afstand. Of vraag de beheerder van uw computer om toegang.

error-reader-absent-title = Er is geen kaartlezer
error-reader-absent-text = Er werd op tijd geen kaartlezer gevonden.
error-reader-absent-action = Sluit een kaartlezer aan. Probeer het daarna opnieuw.

error-reader-lost-title = De kaartlezer is weg
error-reader-lost-text = De kaartlezer is tijdens de controle losgeraakt.
error-reader-lost-action = Sluit de kaartlezer weer aan. Probeer het daarna opnieuw.

error-reader-failed-title = De kaartlezer doet het niet goed
error-reader-failed-text = De kaartlezer gaf een fout.
error-reader-failed-action = Haal de kaartlezer los en sluit hem weer aan. Lukt het niet? Gebruik een andere kaartlezer.

error-reader-not-contactless-title = Deze kaartlezer is niet geschikt
error-reader-not-contactless-text = De kaartlezer kan geen documenten zonder contact lezen.
error-reader-not-contactless-action = Gebruik een kaartlezer waar u het document op legt.

error-document-absent-title = Er is geen document gelezen
error-document-absent-text = Er lag op tijd geen document op de kaartlezer.
error-document-absent-action = Begin opnieuw en leg uw document plat op de kaartlezer.

error-document-lost-title = Het document is weggehaald
error-document-lost-text = Het document is tijdens de controle verschoven of weggehaald.
error-document-lost-action = Begin opnieuw. Laat het document liggen tot de controle klaar is.

error-document-unreadable-title = De chip is niet te lezen
error-document-unreadable-text = Er ligt iets op de kaartlezer, maar de chip antwoordt niet goed.
error-document-unreadable-action = Haal het document uit het hoesje. Leg het op een andere plek op de kaartlezer en probeer het opnieuw.

error-several-documents-title = Er liggen meer kaarten op de kaartlezer
error-several-documents-text = De kaartlezer kan er maar één tegelijk lezen.
error-several-documents-action = Leg alleen uw document op de kaartlezer. Probeer het daarna opnieuw.

error-document-in-use-title = Een ander programma gebruikt de kaartlezer
error-document-in-use-text = Daarom kan het leesprogramma uw document niet lezen.
error-document-in-use-action = Sluit andere programma's die kaarten lezen. Probeer het daarna opnieuw.

error-access-data-wrong-title = Dit document past niet bij de gegevens
error-access-data-wrong-text = De chip gaat niet open met de gegevens die wij van uw document hebben.
error-access-data-wrong-action = Controleer of u het goede document hebt neergelegd. Hebt u gegevens ingevuld? Kijk die dan na.

error-access-data-missing-title = Er ontbreken gegevens
error-access-data-missing-text = Om de chip te openen zijn gegevens van uw document nodig.
error-access-data-missing-action = Begin opnieuw en vul de gegevens van uw document in.

error-pace-only-title = Uw document is nieuwer dan het leesprogramma
error-pace-only-text = De chip gaat open op een manier die het leesprogramma nog niet kent.
error-pace-only-action = Werk het leesprogramma bij. Of gebruik een ander geldig document.

error-access-slow-title = De chip antwoordt langzaam
error-access-slow-text = Na verkeerde pogingen wacht de chip telkens langer.
error-access-slow-action = Laat het document een minuut liggen. Probeer het daarna opnieuw.

error-access-failed-title = De chip gaat niet open
error-access-failed-text = Het openen van de chip is afgebroken.
error-access-failed-action = Haal het document van de kaartlezer, leg het weer neer en probeer het opnieuw.

error-not-a-document-title = Dit is geen geschikt document
error-not-a-document-text = De kaart op de kaartlezer is geen paspoort, identiteitskaart of rijbewijs met de juiste chip.
error-not-a-document-action = Leg uw paspoort, identiteitskaart of rijbewijs op de kaartlezer.

error-document-kind-wrong-title = Dit is een ander soort document
error-document-kind-wrong-text = U hebt een ander soort document gekozen dan u hebt neergelegd.
error-document-kind-wrong-action = Leg het document neer dat u hebt gekozen. Of begin opnieuw en kies een ander document.

error-secure-messaging-failed-title = De verbinding met de chip is verbroken
error-secure-messaging-failed-text = De beveiligde verbinding met de chip is weggevallen.
error-secure-messaging-failed-action = Begin opnieuw en laat het document stil liggen.

error-file-unreadable-title = De chip is niet helemaal te lezen
error-file-unreadable-text = Een deel van de chip dat nodig is, kan niet worden gelezen.
error-file-unreadable-action = Probeer het opnieuw. Lukt het weer niet? Gebruik dan een ander geldig document.

error-file-malformed-title = De chip geeft iets dat wij niet begrijpen
error-file-malformed-text = De gegevens in de chip hebben niet de vorm die is afgesproken.
error-file-malformed-action = Gebruik een ander geldig document.

error-files-inconsistent-title = De gegevens in de chip spreken elkaar tegen
error-files-inconsistent-text = Daarom vertrouwen wij dit document niet.
error-files-inconsistent-action = Gebruik een ander geldig document. Of vraag uw gemeente om het document te controleren.

error-no-chip-proof-title = Met deze chip kan het niet
error-no-chip-proof-text = De chip in dit document kan niet bewijzen dat hij echt is. Dat kan alleen met een nieuwer document.
error-no-chip-proof-action = Gebruik een ander geldig document.

error-identity-file-not-allowed-title = Met deze chip kan het hier niet
error-identity-file-not-allowed-text = Deze website neemt alleen documenten aan met een nieuwere chip.
error-identity-file-not-allowed-action = Gebruik een ander geldig document.

error-active-authentication-failed-title = De chip bewijst niet dat hij echt is
error-active-authentication-failed-text = De chip gaf niet het bewijs waar het leesprogramma om vroeg.
error-active-authentication-failed-action = Begin opnieuw. Lukt het weer niet? Gebruik dan een ander document.

error-chip-authentication-failed-title = De chip bewijst niet dat hij echt is
error-chip-authentication-failed-text = De chip gaf niet het bewijs waar de website om vroeg.
error-chip-authentication-failed-action = Begin opnieuw. Lukt het weer niet? Gebruik dan een ander document.

error-chip-authentication-mismatch-title = Er ging iets mis bij de website
error-chip-authentication-mismatch-text = De vraag van de website past niet bij uw document.
error-chip-authentication-mismatch-action = Begin opnieuw. Lukt het weer niet? Neem dan contact op met deze website.

error-evidence-too-large-title = Dit document past niet
error-evidence-too-large-text = De chip bevat meer gegevens dan het leesprogramma kan sturen.
error-evidence-too-large-action = Gebruik een ander geldig document.

error-document-unknown-title = Wij kennen dit document niet
error-document-unknown-text = Wij vinden geen geldig document op uw naam waarmee u kunt inloggen.
error-document-unknown-action = Vraag uw gemeente of uw gegevens goed geregistreerd staan.

error-document-mismatch-title = Dit is niet uw document
error-document-mismatch-text = Dit document staat niet op uw naam, of het is een ander document dan u hebt gekozen.
error-document-mismatch-action = Controleer of u het goede document hebt neergelegd. Begin daarna opnieuw.

error-document-expired-title = Dit document is verlopen
error-document-expired-text = Dit document is niet meer geldig.
error-document-expired-action = Gebruik een ander geldig document. Of vraag een nieuw document aan bij uw gemeente.

error-document-withheld-title = Dit document is ingehouden of ingeleverd
error-document-withheld-text = U kunt er niet mee inloggen.
error-document-withheld-action = Gebruik een ander geldig document. Denkt u dat dit niet klopt? Vraag het uw gemeente.

error-document-invalidated-title = Dit document is niet meer geldig
error-document-invalidated-text = Door de wet is dit document niet meer geldig, bijvoorbeeld omdat uw gegevens zijn veranderd.
error-document-invalidated-action = Gebruik een ander geldig document. Of vraag een nieuw document aan bij uw gemeente.

error-document-missing-title = Dit document is als vermist geregistreerd
error-document-missing-text = U kunt er niet mee inloggen.
error-document-missing-action = Hebt u het document teruggevonden? Meld dat bij uw gemeente. Gebruik nu een ander geldig document.

error-document-under-investigation-title = Dit document wordt onderzocht
error-document-under-investigation-text = De gegevens van dit document worden op dit moment onderzocht.
error-document-under-investigation-action = Gebruik een ander geldig document. Of vraag uw gemeente om uitleg.

error-register-unreachable-title = Wij kunnen uw document nu niet nakijken
error-register-unreachable-text = Wij kunnen nu niet zien of uw document geldig is. Dit ligt niet aan u.
error-register-unreachable-action = Probeer het later opnieuw.

error-evidence-incomplete-title = Niet alles is gelezen
error-evidence-incomplete-text = Niet alles wat nodig is, is van de chip gelezen.
error-evidence-incomplete-action = Probeer het opnieuw. Lukt het weer niet? Werk het leesprogramma dan bij.

error-evidence-malformed-title = Het antwoord van het leesprogramma klopt niet
error-evidence-malformed-text = Wij kunnen het antwoord van het leesprogramma niet lezen.
error-evidence-malformed-action = Probeer het opnieuw. Lukt het weer niet? Werk het leesprogramma dan bij.

error-document-altered-title = De gegevens in de chip zijn veranderd
error-document-altered-text = De gegevens in de chip zijn niet de gegevens die de overheid erin heeft gezet.
error-document-altered-action = Gebruik een ander geldig document. Of vraag uw gemeente om het document te controleren.

error-issuer-unknown-title = Wij kennen de maker van dit document niet
error-issuer-unknown-text = Wij kunnen niet vaststellen welk land of welke dienst dit document heeft gemaakt.
error-issuer-unknown-action = Controleer of u het goede document hebt gekozen. Of gebruik een ander document.

error-signature-wrong-title = Wij kunnen niet zien dat dit document echt is
error-signature-wrong-text = De handtekening van de overheid in de chip klopt niet.
error-signature-wrong-action = Gebruik een ander geldig document. Of vraag uw gemeente om het document te controleren.

error-signer-revoked-title = Dit document is ingetrokken
error-signer-revoked-text = De overheid heeft de handtekening in dit document ingetrokken.
error-signer-revoked-action = Gebruik een ander geldig document. Of vraag uw gemeente om het document te controleren.

error-chip-not-genuine-title = De chip bewijst niet dat hij echt is
error-chip-not-genuine-text = De chip kon niet bewijzen dat hij de echte chip van dit document is.
error-chip-not-genuine-action = Begin opnieuw. Lukt het weer niet? Gebruik dan een ander document of vraag uw gemeente om hulp.

error-login-expired-title = De controle hoort niet meer bij deze pagina
error-login-expired-text = De tijd is voorbij, of u hebt de pagina twee keer open.
error-login-expired-action = Sluit andere vensters en begin opnieuw.

error-evidence-repeated-title = Deze controle is al gebruikt
error-evidence-repeated-text = Elke controle kan maar één keer worden gebruikt.
error-evidence-repeated-action = Begin opnieuw.

error-too-many-attempts-title = U hebt dit te vaak geprobeerd
error-too-many-attempts-text = Voor uw veiligheid moet u nu even wachten.
error-too-many-attempts-action = Probeer het over een uur opnieuw.

error-server-failed-title = Er ging bij ons iets mis
error-server-failed-text = Dit ligt niet aan u.
error-server-failed-action = Probeer het later opnieuw.
