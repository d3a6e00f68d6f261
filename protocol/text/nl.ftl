# Zinnen bij de foutcodes: wat er is, wat u kunt doen. Taalniveau B1.

error-daemon-unreachable = Deze pagina kan de app op uw computer niet bereiken.
    .title = De kaartlezer-app is niet bereikbaar
    .action = Start de app, of installeer de app als u die nog niet hebt. Probeer het daarna opnieuw.

error-browser-permission-denied = Uw browser mag van u geen verbinding maken met de app op uw computer.
    .title = Uw browser houdt de verbinding tegen
    .action = Geef in de instellingen van uw browser toestemming voor deze website. Probeer het daarna opnieuw.

error-browser-frame-not-allowed = De inlogpagina staat in een andere pagina, die de verbinding niet toestaat.
    .title = Deze pagina mag geen verbinding maken
    .action = Open de inlogpagina in een eigen tabblad.

error-browser-unsupported = Met deze browser kan de pagina de app op uw computer niet bereiken.
    .title = Uw browser kan dit niet
    .action = Gebruik een andere browser, zoals Firefox, Chrome of Edge.

error-connection-lost = De verbinding met de app op uw computer is verbroken.
    .title = De verbinding is weg
    .action = Probeer het opnieuw.

error-message-malformed = De pagina stuurde een bericht dat de app niet begrijpt.
    .title = Er ging iets mis
    .action = Meld dit bij de organisatie waar u wilt inloggen.

error-message-unexpected = De pagina stuurde een bericht op een verkeerd moment.
    .title = Er ging iets mis
    .action = Meld dit bij de organisatie waar u wilt inloggen.

error-too-many-messages = De pagina stuurde te veel berichten.
    .title = Er ging iets mis
    .action = Meld dit bij de organisatie waar u wilt inloggen.

error-request-refused = De app kan niet vaststellen dat deze aanvraag van een bekende inlogdienst komt.
    .title = De app vertrouwt deze aanvraag niet
    .action = Ga terug naar de website waar u wilt inloggen en begin opnieuw. Helpt dat niet, meld het dan bij die organisatie.

error-request-expired = De aanvraag is niet meer geldig.
    .title = De tijd is voorbij
    .action = Begin opnieuw. Gebeurt dit weer, kijk dan of de klok van uw computer gelijk loopt.

error-request-used = Een aanvraag werkt maar één keer.
    .title = Deze aanvraag is al gebruikt
    .action = Begin opnieuw met inloggen.

error-request-invalid = De inlogdienst stuurde een aanvraag met een fout.
    .title = De aanvraag klopt niet
    .action = Probeer het later opnieuw, of meld dit bij de organisatie waar u wilt inloggen.

error-claim-unknown = De inlogdienst vraagt iets dat deze app nog niet kan.
    .title = De app is te oud
    .action = Werk de app bij. Probeer het daarna opnieuw.

error-daemon-too-old = De inlogdienst werkt niet meer met deze versie van de app.
    .title = De app is te oud
    .action = Werk de app bij. Probeer het daarna opnieuw.

error-clock-wrong = De tijd op uw computer verschilt te veel van de juiste tijd.
    .title = De klok van uw computer loopt niet gelijk
    .action = Zet de klok van uw computer gelijk. Begin daarna opnieuw.

error-busy = In een ander tabblad of venster loopt al een inlogpoging.
    .title = U bent al aan het inloggen
    .action = Maak die af of stop die. Probeer het daarna opnieuw.

error-start-timed-out = De pagina maakte verbinding, maar begon niet op tijd.
    .title = Het duurde te lang
    .action = Probeer het opnieuw.

error-session-timed-out = Het inloggen duurde te lang.
    .title = De tijd is voorbij
    .action = Begin opnieuw en leg uw document meteen op de lezer.

error-session-unknown = De app weet niet meer van deze inlogpoging.
    .title = Deze inlogpoging loopt niet meer
    .action = Begin opnieuw.

error-command-refused = De app kan niet vaststellen dat het antwoord van de inlogdienst komt.
    .title = De app vertrouwt het antwoord niet
    .action = Begin opnieuw. Gebeurt dit weer, meld het dan bij de organisatie waar u wilt inloggen.

error-command-forbidden = De inlogdienst wilde iets van uw document lezen dat niet mag. De app heeft dat niet gedaan.
    .title = De inlogdienst vraagt te veel
    .action = Meld dit bij de organisatie waar u wilt inloggen.

error-refused-by-citizen = U hebt in de melding op uw computer geweigerd. Er is niets gelezen.
    .title = U hebt geweigerd
    .action = Wilt u toch inloggen? Begin dan opnieuw.

error-cancelled = U hebt het inloggen gestopt.
    .title = Het inloggen is gestopt
    .action = Wilt u toch inloggen? Begin dan opnieuw.

error-internal = De app op uw computer heeft een fout gemaakt.
    .title = Er ging iets mis in de app
    .action = Probeer het opnieuw. Helpt dat niet, start dan uw computer opnieuw op.

error-service-absent = Er ontbreekt een onderdeel om kaartlezers te gebruiken.
    .title = Uw computer kan nog geen kaarten lezen
    .action = Vraag de beheerder van uw computer om de kaartdienst te installeren.

error-service-stopped = Het onderdeel van uw computer dat kaartlezers bedient, staat uit of is gestopt.
    .title = De kaartdienst werkt niet
    .action = Start uw computer opnieuw op. Helpt dat niet, vraag dan de beheerder van uw computer.

error-service-denied = Uw computer geeft u geen toegang tot kaartlezers.
    .title = U mag de kaartlezer niet gebruiken
    .action = Vraag de beheerder van uw computer om toegang.

error-service-mismatch = Twee onderdelen die nodig zijn om kaartlezers te gebruiken, passen niet bij elkaar.
    .title = Uw computer kan nu geen kaarten lezen
    .action = Start uw computer opnieuw. Helpt dat niet? Vraag dan de beheerder van uw computer om de kaartdienst bij te werken.

error-reader-absent = Er is geen kaartlezer aangesloten.
    .title = Geen kaartlezer gevonden
    .action = Sluit de kaartlezer aan en probeer het opnieuw.

error-reader-lost = De kaartlezer is losgeraakt tijdens het lezen.
    .title = De kaartlezer is weg
    .action = Sluit de kaartlezer weer aan en begin opnieuw.

error-reader-failed = De kaartlezer geeft een fout.
    .title = De kaartlezer werkt niet
    .action = Maak de kaartlezer los, sluit hem weer aan en begin opnieuw.

error-reader-driver-missing = Uw kaartlezer is aangesloten, maar de software ervoor ontbreekt.
    .title = Software voor de kaartlezer ontbreekt
    .action = Vraag de beheerder van uw computer om de software voor deze kaartlezer te installeren.

error-reader-blocked = Uw kaartlezer is aangesloten, maar een ander onderdeel van uw computer houdt hem bezet.
    .title = De kaartlezer is bezet
    .action = Maak de kaartlezer los en sluit hem weer aan. Helpt dat niet? Vraag dan de beheerder van uw computer.

error-reader-not-contactless = Uw kaartlezer kan geen documenten lezen die u erop legt.
    .title = Deze kaartlezer past niet
    .action = Gebruik een lezer voor contactloos lezen.

error-document-absent = Er is niet op tijd een document op de lezer gelegd.
    .title = Geen document gevonden
    .action = Begin opnieuw en leg uw document op de lezer.

error-document-lost = De lezer kon uw document niet meer bereiken.
    .title = Uw document is verschoven
    .action = Leg uw document stil op de lezer en begin opnieuw.

error-document-unreadable = Er ligt iets op de lezer, maar het is niet te lezen.
    .title = Uw document geeft geen antwoord
    .action = Haal het document uit de hoes en leg het plat, midden op de lezer.

error-several-documents = De lezer ziet meer dan één document of pas.
    .title = Er ligt meer dan één document
    .action = Laat alleen het gevraagde document liggen.

error-document-swapped = Er ligt een ander document op de lezer dan het document dat werd gelezen.
    .title = Het document is verwisseld
    .action = Leg alleen het document neer waarmee u wilt inloggen, en begin opnieuw.

error-document-in-use = Een ander programma op uw computer leest het document.
    .title = Een ander programma gebruikt uw document
    .action = Sluit andere programma's die kaarten lezen en begin opnieuw.

error-access-data-wrong = Uw document gaat niet open met de gegevens die bekend zijn.
    .title = Dit is een ander document dan verwacht
    .action = Kijk of u het juiste document hebt, of vul de gegevens opnieuw in.

error-access-data-missing = Om uw document te openen zijn gegevens nodig die erop staan.
    .title = Er ontbreken gegevens
    .action = Vul de gegevens van uw document in.

error-pace-only = Uw document gebruikt een slot dat deze app nog niet kent.
    .title = De app kan dit document niet openen
    .action = Gebruik een ander document, of werk de app bij.

error-access-slow = Na verkeerde pogingen antwoordt een document een tijd langzaam.
    .title = Uw document antwoordt langzaam
    .action = Laat het document liggen, wacht even en begin opnieuw.

error-access-blocked = Na te veel verkeerde pogingen neemt dit document deze gegevens niet meer aan.
    .title = De gegevens zijn geblokkeerd
    .action = Hebt u het kaarttoegangsnummer (CAN) ingetypt? Begin dan opnieuw en typ documentnummer, geboortedatum en einddatum in.

error-access-failed = Het openen van uw document is niet gelukt.
    .title = Uw document ging niet open
    .action = Leg uw document opnieuw neer en begin opnieuw.

error-not-a-document = Op de lezer ligt een pas die hier niet gebruikt kan worden.
    .title = Dit is geen reisdocument of rijbewijs
    .action = Leg uw paspoort, identiteitskaart of rijbewijs op de lezer.

error-document-kind-wrong = U legde een ander soort document neer dan gevraagd.
    .title = Dit is een ander soort document
    .action = Leg het gevraagde document op de lezer.

error-secure-messaging-failed = Een antwoord van uw document klopte niet.
    .title = Het lezen is verstoord
    .action = Leg uw document opnieuw neer en begin opnieuw.

error-file-unreadable = Een deel van uw document kon niet gelezen worden.
    .title = Uw document is niet helemaal te lezen
    .action = Leg uw document opnieuw neer en begin opnieuw.

error-file-malformed = De app begrijpt een deel van uw document niet.
    .title = Uw document is anders opgebouwd dan verwacht
    .action = Gebruik een ander document.

error-files-inconsistent = Delen van uw document spreken elkaar tegen.
    .title = De gegevens in uw document kloppen niet met elkaar
    .action = Gebruik een ander document, of neem contact op met de instantie die het uitgaf.

error-no-chip-proof = De chip in uw document kan niet bewijzen dat hij echt is.
    .title = Met dit document kunt u hier niet inloggen
    .action = Gebruik een nieuwer document.

error-identity-file-not-allowed = De inlogdienst staat niet toe dat de app uw gegevens van dit document leest.
    .title = Met dit document kunt u hier niet inloggen
    .action = Gebruik een nieuwer document.

error-active-authentication-failed = De chip in uw document gaf niet het gevraagde bewijs.
    .title = De chip gaf geen bewijs
    .action = Leg uw document opnieuw neer en begin opnieuw.

error-chip-authentication-failed = De chip in uw document maakte de veilige verbinding niet af.
    .title = De chip gaf geen bewijs
    .action = Leg uw document opnieuw neer en begin opnieuw.

error-chip-authentication-mismatch = De vraag van de inlogdienst past niet bij uw document.
    .title = De inlogdienst vroeg iets dat niet past
    .action = Begin opnieuw. Gebeurt dit weer, meld het dan bij de organisatie waar u wilt inloggen.

error-evidence-too-large = De gegevens van uw document zijn groter dan de app kan versturen.
    .title = Uw document past niet
    .action = Gebruik een ander document.

error-document-unknown = In de registratie staat geen document van u van deze soort.
    .title = Uw document is niet gevonden
    .action = Gebruik een ander document, of neem contact op met de organisatie waar u wilt inloggen.

error-document-mismatch = Het document op de lezer is niet het document dat bij u geregistreerd staat.
    .title = Dit is niet het juiste document
    .action = Gebruik uw eigen, nieuwste document en begin opnieuw.

error-document-expired = De datum tot wanneer uw document geldig is, is voorbij.
    .title = Uw document is verlopen
    .action = Gebruik een document dat nog geldig is.

error-document-withheld = Volgens de registratie is dit document ingehouden.
    .title = Uw document is ingehouden
    .action = Neem contact op met de instantie die het document uitgaf.

error-document-invalidated = Volgens de registratie is dit document niet meer geldig. Dat volgt uit de wet.
    .title = Uw document is niet meer geldig
    .action = Gebruik een ander document, of neem contact op met uw gemeente.

error-document-missing = Volgens de registratie is dit document vermist.
    .title = Dit document is als vermist opgegeven
    .action = Gebruik een ander document. Hebt u het teruggevonden? Neem dan contact op met uw gemeente.

error-document-under-investigation = Volgens de registratie loopt er een onderzoek naar dit document.
    .title = Uw document wordt onderzocht
    .action = Neem contact op met uw gemeente.

error-register-unreachable = De inlogdienst kan nu niet nagaan of uw document geldig is.
    .title = De registratie is niet bereikbaar
    .action = Probeer het later opnieuw.

error-evidence-incomplete = De inlogdienst kreeg niet alles wat uw document moet laten zien.
    .title = Er ontbreekt een deel
    .action = Leg uw document opnieuw neer en begin opnieuw.

error-evidence-malformed = Wat de app stuurde, kon niet gelezen worden.
    .title = De inlogdienst begrijpt het antwoord niet
    .action = Begin opnieuw. Helpt dat niet, werk dan de app bij.

error-document-altered = De gegevens in de chip zijn niet die van de instantie die het document uitgaf.
    .title = De gegevens in uw document kloppen niet
    .action = Neem contact op met de instantie die het document uitgaf.

error-issuer-unknown = De inlogdienst kent de instantie niet die dit document uitgaf.
    .title = Dit document wordt hier niet herkend
    .action = Gebruik een ander document.

error-signature-wrong = De handtekening in de chip klopt niet.
    .title = De echtheid van uw document is niet vast te stellen
    .action = Neem contact op met de instantie die het document uitgaf.

error-signer-revoked = De handtekening in de chip is ingetrokken.
    .title = De echtheid van uw document is niet vast te stellen
    .action = Neem contact op met de instantie die het document uitgaf.

error-chip-not-genuine = De chip kon niet bewijzen dat hij de chip van dit document is.
    .title = De chip is niet echt
    .action = Neem contact op met de instantie die het document uitgaf.

error-login-expired = De controle duurde te lang, of is in een ander tabblad gestopt.
    .title = Deze controle is afgelopen
    .action = Begin opnieuw.

error-evidence-repeated = Elke poging telt maar één keer.
    .title = Deze poging is al beantwoord
    .action = Begin opnieuw met inloggen.

error-too-many-attempts = U hebt het te vaak achter elkaar geprobeerd.
    .title = Te veel pogingen
    .action = Wacht een uur en probeer het daarna opnieuw.

error-server-failed = De inlogdienst heeft een fout gemaakt.
    .title = Er ging iets mis bij de inlogdienst
    .action = Probeer het later opnieuw.
