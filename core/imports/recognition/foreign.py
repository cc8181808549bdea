"""What fields are called in German, French, Spanish, Italian, Portuguese and Dutch; written as `names.plain` returns names."""


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


NAMES: dict[str, str] = {
    "created_at": (
        "zeit zeitpunkt zeitstempel datum datum_uhrzeit uhrzeit erstellt erstellt_am erstellungsdatum angelegt_am erzeugt_am "
        "eingegangen_am gesendet_am horodatage horodate date_heure date_et_heure date_creation date_de_creation cree_le "
        "envoye_le fecha fecha_hora fecha_y_hora fecha_creacion fecha_de_creacion creado_el marca_de_tiempo data_ora "
        "data_e_ora data_creazione creato_il data_hora data_criacao criado_em tijdstip tijdstempel datum_tijd aangemaakt_op"
    ),
    "user_id": (
        "kunde kunden_id kundennummer kunden_nr kundennr nutzer nutzer_id benutzer benutzer_id benutzername benutzerkennung "
        "anwender anwender_id utilisateur utilisateur_id id_utilisateur id_client client numero_client usager usuario "
        "usuario_id id_usuario cliente id_cliente cliente_id utente id_utente utente_id gebruiker gebruiker_id klant klant_id"
    ),
    "model": "modell ki_modell sprachmodell modellname modele nom_du_modele modele_ia modelo modelo_ia modello modelnaam",
    "provider": "anbieter fournisseur proveedor fornitore fornecedor aanbieder",
    "session_id": "sitzung sitzung_id sitzungs_id sitzungsnummer sesion sesion_id id_sesion sessione id_sessione sessao sessie",
    "conversation_id": (
        "gesprach gesprachs_id gesprach_id gespraech gespraechs_id unterhaltung unterhaltungs_id konversation conversacion "
        "id_conversation id_conversacion conversazione conversa gesprek"
    ),
    "input_tokens": (
        "eingabe_tokens eingabetokens tokens_eingabe prompt_token tokens_entree jetons_entree jetons_d_entree tokens_d_entree "
        "tokens_entrada tokens_de_entrada token_input token_di_input invoertokens"
    ),
    "output_tokens": (
        "ausgabe_tokens ausgabetokens tokens_ausgabe antwort_tokens tokens_sortie jetons_sortie jetons_de_sortie "
        "tokens_de_sortie tokens_salida tokens_de_salida tokens_saida token_output token_di_output uitvoertokens"
    ),
    "total_tokens": "tokens_gesamt gesamt_tokens tokens_insgesamt jetons tokens_totaux total_jetons tokens_totales",
    "total_latency_ms": (
        "dauer antwortzeit laufzeit latenz bearbeitungszeit gesamtdauer antwortdauer duree duree_totale temps_de_reponse "
        "temps_reponse latence duracion tiempo_respuesta tiempo_de_respuesta latencia durata tempo_di_risposta latenza duracao "
        "tempo_de_resposta duur responstijd"
    ),
    "first_token_ms": "zeit_bis_zum_ersten_token erstes_token premier_jeton temps_premier_jeton primer_token",
    "status": "zustand ergebnis statut etat resultat estado resultado stato esito toestand",
    "error_message": "fehler fehlermeldung fehlertext erreur message_erreur message_d_erreur mensaje_error errore foutmelding",
    "error_type": "fehlercode fehlertyp fehlerart code_erreur type_erreur type_d_erreur codigo_error codice_errore",
    "event_type": (
        "ereignis ereignistyp ereignisart vorgang aktion evenement type_evenement type_d_evenement evento tipo_evento "
        "tipo_de_evento accion azione gebeurtenis actie"
    ),
    "rating": "bewertung sterne zufriedenheit etoiles valoracion puntuacion estrellas valutazione avaliacao beoordeling",
    "comment": "kommentar anmerkung bemerkung commentaire remarque comentario commento opmerking",
    "started_at": "beginn begonnen_am gestartet_am gestartet startzeit debut demarre_le heure_debut inicio inizio starttijd",
    "completed_at": "ende beendet_am beendet endzeit abgeschlossen_am fin termine_le heure_fin fine eindtijd",
    "batch_job": "auftrag aufgabe tache tarea attivita taak",
    "email": "e_mail_adresse mail_adresse mailadresse adresse_e_mail courriel correo correo_electronico",
    "display_name": "vollstandiger_name nom_complet nombre_completo nome_completo",
    "title": "titel uberschrift titre titulo titolo",
    "content": "inhalt contenu contenido contenuto conteudo inhoud texte texto testo",
    "environment": "umgebung environnement entorno ambiente omgeving",
    "app": "anwendung aplicacion applicazione",
}
ROLES = "rolle sprecher absender locuteur auteur expediteur rol hablante remitente ruolo mittente papel afzender spreker"
TEXTS = "nachricht inhalt texto mensaje contenu texte testo messaggio mensagem bericht tekst"
ASKED = "frage anfrage nutzerfrage kundenfrage pregunta domanda pergunta vraag"
ANSWERED = "antwort antworttext reponse respuesta risposta resposta antwoord"
# A time of these is when something should happen or became true once, and not when the row was made.
NOT_WHEN = frozenset(
    words(
        "due deadline expiry expires expire expiration until birth birthday birthdate born dob renewal target eta scheduled "
        "schedule planned promised planning appointment valid delivery expected frist faellig fallig falligkeit gultig gueltig "
        "bis termin liefertermin geburt geburtsdatum geburtstag ablauf ablaufdatum wiedervorlage echeance limite naissance "
        "expiration prevue vencimiento caducidad nacimiento vence plazo scadenza nascita vencimento nascimento prazo "
        "vervaldatum geboortedatum uiterlijk deadline"
    )
)
# What is counted in these is no number of tokens.
NOT_TOKENS = frozenset(
    words(
        "char chars character characters zeichen zeichenzahl buchstaben byte bytes word words wort worter woerter caractere "
        "caracteres caratteri mots palabras parole tekens lines zeilen"
    )
)
LENGTHS = frozenset(words("length len lange laenge longueur longitud lunghezza comprimento lengte size grosse groesse taille"))
# Which side of an exchange a length is of.
ASKED_WORDS = frozenset(words("input prompt in question query request eingabe anfrage frage entree entrada ingresso pregunta"))
ANSWER_WORDS = frozenset(
    [
        "output",
        "out",
        "completion",
        "response",
        "answer",
        "generated",
        "generation",
        "reply",
        "ausgabe",
        "antwort",
        "sortie",
        "reponse",
        "salida",
        "respuesta",
    ]
)
