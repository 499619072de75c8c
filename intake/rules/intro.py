"""The optional intro answers, sealed with the conversation's key before they reach the database."""

from __future__ import annotations

import json

from intake.errors import Malformed
from intake.models import Conversation, Helpline, IntroQuestion
from intake.models.texts import in_language
from intake.sealing.cipher import Cipher
from intake.sealing.key_store import KeyDestroyed, open_key

ANSWER_CHARACTERS = 1000


def check_intro(helpline: Helpline, answers: object) -> dict[str, str]:
    """The answers to questions that the helpline asks, without empty ones. Raises `Malformed`."""
    if not isinstance(answers, dict):
        raise Malformed
    if not answers:
        return {}
    questions = {question.key: question for question in helpline.intro_questions.all()}
    checked = {}
    for key, answer in answers.items():
        if key not in questions or not isinstance(answer, str) or not is_answer(questions[key], answer):
            raise Malformed
        if answer.strip():
            checked[key] = answer.strip()
    return checked


def is_answer(question: IntroQuestion, answer: str) -> bool:
    if question.kind == IntroQuestion.Kind.CHOICE:
        return answer == "" or answer in {choice["value"] for choice in question.choices}
    return len(answer) <= ANSWER_CHARACTERS and is_storable(answer)


def is_storable(text: str) -> bool:
    """Whether `text` is Unicode that can be written down: no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def seal_intro(answers: dict[str, str], *, cipher: Cipher, conversation: Conversation) -> bytes:
    return cipher.seal(json.dumps(answers, ensure_ascii=False).encode(), place=_place(conversation))


def read_intro(conversation: Conversation) -> list[tuple[str, str]]:
    """(question, answer) in the active language, in the helpline's order. Empty when purged or not asked."""
    if conversation.intro_sealed is None:
        return []
    try:
        cipher = open_key(conversation.public_id)
    except KeyDestroyed:
        return []
    answers: dict[str, str] = json.loads(cipher.open(bytes(conversation.intro_sealed), place=_place(conversation)))
    questions = conversation.helpline.intro_questions.all()
    return [(in_language(q.label), _answer_text(q, answers[q.key])) for q in questions if q.key in answers]


def _answer_text(question: IntroQuestion, answer: str) -> str:
    labels = {choice["value"]: choice["label"] for choice in question.choices}
    return in_language(labels[answer]) if answer in labels else answer


def _place(conversation: Conversation) -> bytes:
    return b"intro" + conversation.public_id.bytes
