"""Letters that look like plain Latin ones: of Latin script itself (always folded) and of other alphabets."""

from __future__ import annotations

_LATIN_SHAPES: dict[str, str] = {
    "a": "ᴀɑɐ∀",
    "ae": "ᴁæ",
    "b": "ʙɓƀƃƅƄ",
    "c": "ᴄƈɕↄ",
    "d": "ᴅđɗɖð",
    "e": "ᴇɘǝəɛɜ",
    "f": "ꜰƒ",
    "g": "ɢɡɠǥ",
    "h": "ʜɦħ",
    "i": "ɪɨıį",
    "j": "ᴊɉʝ",
    "k": "ᴋƙʞ",
    "l": "ʟɫłɬƚ",
    "m": "ᴍɯɱ",
    "n": "ɴɲŋƞ",
    "o": "ᴏøɵɔ",
    "p": "ᴘƥþ",
    "q": "ǫʠ",
    "r": "ʀɹɾɽɍ",
    "s": "ꜱʂȿ",
    "ss": "ß",
    "t": "ᴛŧƭʇʈ",
    "u": "ᴜʉʊ",
    "v": "ᴠʌʋ",
    "w": "ᴡʍ",
    "y": "ʏʎƴɏ",
    "z": "ᴢʐƶ",
}
_SIGN_SHAPES: dict[str, str] = dict(zip("aceilorsuxy", "ª¢€¡£º®§µ×¥", strict=True))
_OTHER_SCRIPTS: dict[str, str] = {
    "a": "аӑӓαάԱ",
    "b": "ьвъβҍЬ",
    "c": "сςϲҫ",
    "d": "ԁժδд",
    "e": "еёҽεέєҿ",
    "f": "ғϝ",
    "g": "ԍգց",
    "h": "һнհңҺ",
    "i": "іїιίϊɩ",
    "j": "јյϳ",
    "k": "кκќқҡҝ",
    "l": "Ӏӏⅼ",
    "m": "мϻ",
    "n": "пηήиռո",
    "o": "оοόσөօ٥०০໐",
    "p": "рρҏ",
    "q": "ԛզ",
    "r": "гяґ",
    "s": "ѕտ",
    "t": "тτҭ",
    "u": "υύцսύ",
    "v": "νѵ",
    "w": "ԝωшщա",
    "x": "хχҳ",
    "y": "уүγўұ",
    "z": "зʒ",
    "A": "АΑᎪ",
    "B": "ВΒᏴ",
    "C": "СᏟϹ",
    "D": "Ꭰ",
    "E": "ЕΕᎬЁ",
    "G": "ԌᏀ",
    "H": "НΗᎻ",
    "I": "ІΙЇ",
    "J": "ЈᎫ",
    "K": "КΚᏦ",
    "L": "Ꮮ",
    "M": "МΜᎷ",
    "N": "ΝИ",
    "O": "ОΟӨ",
    "P": "РΡᏢ",
    "Q": "Ԛ",
    "R": "ЯᏒ",
    "S": "ЅᏚ",
    "T": "ТΤᎢ",
    "U": "Ս",
    "V": "ѴᏙ",
    "W": "ԜᏔШ",
    "X": "ХΧ",
    "Y": "УΥҮ",
    "Z": "ΖᏃ",
}


def _table(shapes: dict[str, str]) -> dict[int, str]:
    return {ord(char): plain for plain, chars in shapes.items() for char in chars}


LATIN_SHAPES = _table(_LATIN_SHAPES)
"""Small capitals, phonetic letters, strokes: a translation table that is safe on any text."""
SIGN_SHAPES = _table(_SIGN_SHAPES)
"""Signs of money and law: letters only where they touch letters."""
OTHER_SCRIPTS = _table(_OTHER_SCRIPTS)
"""Cyrillic, Greek, Armenian and Cherokee twins: only for words that mix them with Latin letters or stand among such."""
TWINS: frozenset[str] = frozenset("асеорхуіїјѕԁԛԝһӏАВСЕНІЈКМОРЅТХУοονυαιρκΑΒΕΖΗΙΚΜΝΟΡΤΥΧցհոսօԱ")
"""Those of them that nobody can tell from Latin: a whole word of other letters is folded only if it has no others."""
