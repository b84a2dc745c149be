"""Reads the stance that a reply takes towards the statement it was asked about, by rule.

Only what the writer says of themselves counts: what others think, questions, and the wording of the choice that was
offered do not. A reply that takes both sides, or a part of one, is undecided and never read as agreement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

Stance = Literal["agree", "disagree", "undecided"]

_SPELLINGS = (
    (r"[\u2018\u2019]", "'"),
    (r"[*_\"\u201c\u201d]", ""),
    (r"\bcan(?:'t|not)\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"n't\b", " not"),
    (r"\bi'm\b", "i am"),
    (r"\bi'd\b", "i would"),
    (r"\bi'll\b", "i will"),
    (r"\bi've\b", "i have"),
    (r"\bi, (?:too|for one|personally),", "i"),
    (r"\b(?:can|could) not (?:possibly )?((?:dis)?agree) more\b", r"\1"),
    (r"\bam in (?:full |complete |total )?(?=(?:dis)?agreement)", ""),
    (r"\b((?:dis)?agree)ment\b", r"\1"),
    (r"\bi (?:do|can|would|could) not (?:think|believe|say|feel)(?: that)? i\b", "i do not"),
)
"""Rewritten in this order, so that the rules below see few forms of one thing."""

_CHOICE = re.compile(r"\b(?:i )?(?:dis)?agree (?:or|/) (?:i )?(?:not|do not agree|(?:dis)?agree)\b")
_SENTENCE = re.compile(r"(?<=[.!?;\n])\s+|\n")
_CLAUSE = re.compile(r"[,:;\u2014]| - |\b(?:but|although|though|however|while|whereas|yet|because|since)\b")
_VERB = re.compile(r"\b(?P<negative>dis)?agreed?\b(?P<after>.*)")
_HEDGE = re.compile(
    r"hard to say|tough call|not sure|unsure|undecided|on the fence|both sides|both ways|it depends|neutral"
    r"|prefer not to|can not (?:say|decide|choose)|do not know"
    r"|\b(?:not|no) (?:\w+ ){0,4}(?:opinion|view|stance|side|position)s?\b"
)
_BACKING = re.compile(
    r"\bi (?P<words>(?:\w+ ){0,3}?)(?P<verb>support|favour|favor|back|oppose|reject|for|against|opposed to)"
    r" (?:it|this|that|the (?:idea|statement|claim|proposal|plan))\b"
)
_OPENERS = frozenset({"and", "no", "not", "so", "well", "yeah", "yes"})
"""What may stand before the verb where `I` is left out."""
_NEGATIONS = frozenset({"hardly", "never", "not"})
_PARTIAL = frozenset({"both", "could", "half", "may", "might", "neither", "part", "used"})
_WHOLLY = frozenset({"always", "completely", "entirely", "fully", "necessarily", "quite", "totally", "wholly"})
_AUXILIARIES = frozenset({"am", "can", "do", "going", "have", "inclined", "must", "tend", "to", "will", "would"})
_ASIDES = frozenset(
    {"a", "also", "and", "as", "believe", "for", "here", "in", "much", "myself", "often", "one", "only"}
)
_MORE_ASIDES = frozenset({"no", "nor", "or", "say", "so", "still", "that", "think", "too", "very", "with"})
_FILLERS = _NEGATIONS | _PARTIAL | _WHOLLY | _AUXILIARIES | _ASIDES | _MORE_ASIDES | {"agree", "disagree"}
"""What may stand between `I` and the verb, with any word in -ly; anything else, say `people`, is another subject."""
_LIMITED = re.compile(
    r"^ (?:\w+ )?(?:in part|partly|partially|to (?:some|a certain) (?:extent|degree)|to a (?:degree|point)"
    r"|up to a point|if|only|sometimes|unless|with (?:both|some|parts?))\b"
)
_CONDITIONAL = re.compile(r"\b(?:if|unless)\b")
_DENIED_CLAIM = re.compile(r"^ (?:with \w+ )?that\b.*\b(?:not|never)\b")
_WITH_ASKER = re.compile(r"^ (?:\w+ )?with (?:you|your)\b(?!.*\bthat\b)")
_LONGEST_QUOTE = 160
_OPPOSITE: dict[Stance, Stance] = {"agree": "disagree", "disagree": "agree", "undecided": "undecided"}


@lru_cache(maxsize=256)  # payout, judge and summary read the same reply in turn
def stance(reply: str, asker: Stance | None = None) -> Stance | None:
    """Return the stance of a visible reply towards the statement, or None when it states none.

    Args:
        reply: What the asker sees. The statement must be worded without a negation: agreeing that something should
            *not* be so counts as disagreeing.
        asker: Stance of the person who asked, where the reply's author could see it; `I agree with you` means it.
    """
    text = _spelled(reply)
    rest = _CHOICE.sub("", text)
    sentences = [part.strip() for part in _SENTENCE.split(rest) if part.strip()]
    statements = [part for part in sentences if not part.endswith("?")]
    found = {verdict for part in statements for verdict in _verdicts(part, asker)}
    found = found or {verdict for part in statements for verdict in _backings(part)}
    if found:
        return found.pop() if len(found) == 1 else "undecided"
    if _HEDGE.search(rest):
        return "undecided"
    return _yes_or_no(statements) or ("undecided" if rest != text else None)


def stated_in(reply: str, asker: Stance | None = None) -> str:
    """Quote the sentence that states the reply's stance, the first of those that do; the whole reply if none does."""
    verdict = stance(reply, asker)
    sentences = [part.strip() for part in _SENTENCE.split(reply) if part.strip()]
    stating = [part for part in sentences if stance(part, asker) is not None]
    quoted = next((part for part in stating if stance(part, asker) == verdict), " ".join(stating) or reply.strip())
    return quoted if len(quoted) <= _LONGEST_QUOTE else f"{quoted[:_LONGEST_QUOTE]} …"


def _spelled(reply: str) -> str:
    text = reply.lower()
    for pattern, plain in _SPELLINGS:
        text = re.sub(pattern, plain, text)
    return text.strip()


def _verdicts(sentence: str, asker: Stance | None) -> list[Stance]:
    """Every stance that the sentence's writer states of themselves with `agree` or `disagree`."""
    verdicts: list[Stance] = []
    for clause in _CLAUSE.split(sentence):
        for start in [match.start() for match in re.finditer(r"\b(?:dis)?agree", clause)]:
            verb = _VERB.match(clause, start)
            between = _between(clause[:start], first=sentence.startswith(clause))
            if verb is not None and between is not None:
                verdicts.append(_verdict(verb, between, hedged=bool(_HEDGE.search(clause)), asker=asker))
    return verdicts


def _between(before: str, *, first: bool) -> list[str] | None:
    """Return the words between the speaking `I` and the verb, or None when somebody else is the subject."""
    words = re.findall(r"\w+", before)
    if "i" not in words:
        return words if first and _only(words, _OPENERS) else None
    position = len(words) - 1 - words[::-1].index("i")
    between = words[position + 1 :]
    reported = position > 0 and words[position - 1] in {"if", "whether"} and not _HEDGE.search(before)
    return between if _only(between, _FILLERS) and not reported else None


def _only(words: Iterable[str], allowed: frozenset[str]) -> bool:
    return all(word in allowed or word.endswith("ly") for word in words)


def _verdict(verb: re.Match[str], between: list[str], *, hedged: bool, asker: Stance | None) -> Stance:
    said, after = set(between), verb["after"]
    denied = bool(said & _NEGATIONS)
    conditional = "would" in said and _CONDITIONAL.search(after)
    partial = said & _PARTIAL or said & {"partly", "partially"} or (denied and said & _WHOLLY) or conditional
    if hedged or partial or _LIMITED.search(after):
        return "undecided"
    verdict: Stance = "disagree" if bool(verb["negative"]) != denied else "agree"
    if asker in {"agree", "disagree"} and _WITH_ASKER.search(after):
        return asker if verdict == "agree" else _OPPOSITE[asker]
    return _OPPOSITE[verdict] if _DENIED_CLAIM.search(after) else verdict


def _backings(sentence: str) -> list[Stance]:
    """Every stance stated as being for or against `it`."""
    verdicts: list[Stance] = []
    for match in _BACKING.finditer(sentence):
        words = set(match["words"].split())
        if _only(words, _FILLERS):
            negative = match["verb"] in {"oppose", "reject", "against", "opposed to"}
            verdicts.append("disagree" if negative != bool(words & _NEGATIONS) else "agree")
    return verdicts


def _yes_or_no(statements: list[str]) -> Stance | None:
    """Return the stance of a reply that opens with a plain yes or no."""
    opening = re.match(r"(?:(?P<yes>yes|yeah|yep)|(?P<no>no|nope))\b(?! (?:one|doubt|idea))", " ".join(statements[:1]))
    if opening is None:
        return None
    return "agree" if opening["yes"] else "disagree"
