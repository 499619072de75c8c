"""What intake's own tables hold, for the report on what is stored."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from intake.rules.privacy import Description, Form, Line, Topic, describe
from intake.rules.privacy_lives import (
    lasting,
    one_day,
    until_changed,
    until_purged,
    until_registered,
    while_present,
    with_its_conversation,
)

describe(
    Description(
        "intake.Message",
        Topic.CONVERSATION,
        _("Meldinger"),
        _("For at begge skal kunne lese samtalen mens den varer."),
        until_purged,
        (
            Line(("sealed",), _("Teksten, med en nøkkel som ligger et annet sted."), Form.SEALED),
            Line(
                ("conversation", "seq", "sender"), _("Hvilken samtale den er i, nummeret, og hvem av de to som skrev.")
            ),
            Line(("origin_id",), _("Et tilfeldig nummer, så en melding som sendes på nytt ikke kommer to ganger.")),
            Line(("sent_at",), _("Når den ble sendt, til nærmeste minutt.")),
        ),
    ),
    Description(
        "intake.Conversation",
        Topic.CONVERSATION,
        _("Samtaler"),
        _("For at samtalen skal finne fram til en rådgiver, og gå videre etter et brudd."),
        until_purged,
        (
            Line(("intro_sealed",), _("Svarene på spørsmålene før samtalen, hvis de ble besvart."), Form.SEALED),
            Line(
                ("token_hash",),
                _("Beviset på at samtalen hører til denne nettleseren. Selve beviset ligger bare der."),
                Form.HASHED,
            ),
            Line(("public_id", "epoch"), _("Tilfeldige nummer som skiller samtalen fra andre.")),
            Line(("helpline", "language"), _("Hvilken tjeneste og hvilket språk.")),
            Line(
                ("state", "head", "end_reason"),
                _("Hvor langt den er kommet, antall meldinger, og hvordan den sluttet."),
            ),
            Line(("counsellor",), _("Hvilken rådgiver som svarer.")),
            Line(("created_at", "claimed_at", "ended_at"), _("Når den begynte, ble besvart og sluttet.")),
            Line(("last_activity_at", "visitor_seen_at"), _("Når det sist ble skrevet, og når siden sist var åpen.")),
        ),
    ),
    Description(
        "sealing.SealKey",
        Topic.CONVERSATION,
        _("Nøkler"),
        _("For å låse opp samtalen. De ligger i en egen database som ikke sikkerhetskopieres, så sletting er endelig."),
        with_its_conversation,
        (
            Line(("subject_id",), _("Hvilken samtale nøkkelen hører til.")),
            Line(
                ("wrapped",),
                _("Nøkkelen, låst med en hovednøkkel som ligger i en fil utenfor databasene."),
                Form.SEALED,
            ),
            Line(("created_at",), _("Når den ble laget.")),
        ),
    ),
    Description(
        "intake.PendingContact",
        Topic.STATISTICS,
        _("Uregistrerte henvendelser"),
        _("For at en besvart samtale skal bli registrert i statistikken, også når teksten er slettet først."),
        until_registered,
        (
            Line(("conversation",), _("Hvilken samtale. Tomt når samtalen er slettet.")),
            Line(("helpline", "language"), _("Hvilken tjeneste og hvilket språk.")),
            Line(("counsellor",), _("Hvilken rådgiver som skal registrere den.")),
            Line(("started_at",), _("Når den begynte, til nærmeste kvarter.")),
            Line(
                ("duration_minutes", "waiting_minutes", "ended_on"),
                _("Minutter i samtale og i kø, og datoen den sluttet."),
            ),
        ),
    ),
    Description(
        "intake.Tally",
        Topic.STATISTICS,
        _("Tellere"),
        _("For å se når det trengs flere på vakt. Bare antall, aldri hvem."),
        lasting,
        (
            Line(
                ("helpline", "hour_at", "opened", "answered", "gave_up", "closed_door"),
                _("Hvor mange som kom, fikk svar, ga opp eller møtte en stengt dør, time for time."),
            ),
        ),
    ),
    Description(
        "sealing.Salt",
        Topic.ABUSE,
        _("Dagens salt"),
        _("For å gjøre en nettadresse om til et pseudonym som ingen kan regne tilbake. Nettadressen lagres aldri."),
        one_day,
        (
            Line(("day_on",), _("Hvilken dag det gjelder.")),
            Line(("wrapped",), _("Et tilfeldig tall, låst med hovednøkkelen."), Form.SEALED),
        ),
    ),
    Description(
        "intake.StaffPresence",
        Topic.STAFF,
        _("Hvem som er på vakt"),
        _("For å si sant om køen: om noen er der, og omtrent hvor lenge det tar."),
        while_present,
        (
            Line(
                ("helpline", "user", "available", "seen_at"),
                _("Hvem, på hvilken tjeneste, om det er åpnet for nye samtaler, og når vedkommende sist ble sett."),
            ),
        ),
    ),
    Description(
        "intake.ServiceClock",
        Topic.SET_UP,
        _("Tjenestens klokke"),
        _("For at ingenting skal slettes fordi en klokke går feil, eller fordi siden var nede."),
        until_changed,
        (
            Line(
                ("id", "round_at", "kept_at", "machine", "uptime_seconds"),
                _("Når det sist ble ryddet, og hvor lenge serveren hadde gått da."),
            ),
            Line(("open_at", "open_since_at"), _("Siden når tjenesten har svart uten avbrudd.")),
            Line(("held_back",), _("Hvor mange samtaler ryddingen lar være å slette inntil klokka er sjekket.")),
        ),
    ),
    Description(
        "intake.Helpline",
        Topic.SET_UP,
        _("Tjenester"),
        _("Det som står på sidene."),
        until_changed,
        (
            Line(
                (
                    "slug",
                    "name",
                    "tagline",
                    "about",
                    "welcome",
                    "closed_text",
                    "languages",
                    "time_zone",
                    "accent_colour",
                    "exit_url",
                    "embed_origins",
                ),
                _("Navn, tekster, språk, farge og adresser."),
            ),
            Line(("retention_hours",), _("Hvor mange timer samtaler lever, høyst 72.")),
            Line(
                ("queue_cap", "follows_public_holidays", "soft_closed_at"),
                _("Største kø, røde dager, og om det er stengt for nye nå."),
            ),
        ),
    ),
    Description(
        "intake.EmergencyContact",
        Topic.SET_UP,
        _("Nødnumre"),
        _("Det som står på sidene."),
        until_changed,
        (Line(("helpline", "position", "label", "number"), _("Hvem man kan ringe når det haster.")),),
    ),
    Description(
        "intake.IntroQuestion",
        Topic.SET_UP,
        _("Spørsmål før samtalen"),
        _("Det som står på sidene. Svarene ligger kryptert i samtalen."),
        until_changed,
        (
            Line(
                ("helpline", "key", "position", "kind", "label", "choices"), _("Spørsmålene og svarene man kan velge.")
            ),
        ),
    ),
    Description(
        "intake.OpeningHours",
        Topic.SET_UP,
        _("Åpningstider"),
        _("Det som står på sidene."),
        until_changed,
        (Line(("helpline", "weekday", "opens", "closes", "valid_from_on", "valid_until_on"), _("Når det er åpent.")),),
    ),
    Description(
        "intake.ExceptionDate",
        Topic.SET_UP,
        _("Unntaksdager"),
        _("Det som står på sidene."),
        until_changed,
        (Line(("helpline", "on", "opens", "closes", "reason"), _("Dager som ikke følger uka.")),),
    ),
)
