"""Words that people hide on purpose. Used only to undo hiding: to be in this list accuses nobody, the model decides.

A hidden spelling (`f**k`, `lo-ser`, `id1ot`) is opened only if it fits a word here, so that innocent text with stars,
dashes and digits stays as it is. Words that turn up by joining innocent ones ("pen is", "as sin") are left out.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HIDDEN_WORDS: frozenset[str] = _words(
    # insults
    "pathetic worthless useless stupid stupider stupidest dumb dumbass idiot idiots idiotic moron morons moronic loser"
    " losers clown clowns freak freaks creep creeps creepy coward cowards imbecile failure trash garbage scum scumbag"
    " filth filthy vermin disgusting disgrace ugly fatty fatso brainless spineless clueless pitiful miserable retard"
    " retarded retards lunatic psycho weirdo pervert perv parasite parasites subhuman ignorant hypocrite jerk jerks"
    " pig pigs rat rats cockroach cockroaches animal animals liar liars twat twats wanker wankers tosser prick pricks"
    # vulgar words
    " fuck fucks fucked fucker fuckers fucking fuckin motherfucker motherfuckers motherfucking fuckface fuckwit shit"
    " shits shitty shithead bullshit bitch bitches bitchy bastard bastards asshole assholes arsehole arse ass jackass"
    " dick dicks dickhead cock cocks cocksucker cunt cunts pussy pussies slut sluts slutty whore whores tits boobs"
    " damn crap hell piss pissed hoe hoes thot thots jizz wank"
    # violence
    " kill kills killed killing killer murder murdered stab stabbed strangle hang yourself suicide die dies dead death"
    " rape raped rapist raping bomb bombs shoot shooting gun guns knife hurt hate hates hated kys behead lynch gas"
    # contempt for groups
    " nigger niggers nigga niggas faggot faggots fag fags dyke dykes tranny trannies kike kikes spic spics chink chinks"
    " gook gooks paki pakis wetback wetbacks coon coons raghead ragheads towelhead gypsy gypsies nazi nazis hitler"
    " jew jews muslim muslims islam gays lesbian lesbians homo homos queer queers immigrants refugees monkey monkeys"
    " terrorist terrorists savage savages"
)
"""Lower-case, without accents."""

_STARRED_OUT = (
    "fuck shit bitch ass cunt dick cock fucking fucked fucker bitches asshole shitty pussy whore slut bastard nigger"
    " nigga niggers niggas faggot faggots fag fags retard retarded motherfucker bullshit dickhead cunts whores sluts"
    " twat wanker prick rape raped kill suicide idiot stupid damn crap hell tits penis porn sex"
)
STARRED_OUT: tuple[str, ...] = tuple(_STARRED_OUT.split())
"""Words that people write with stars, the likeliest first: read even where most letters are stars."""

USUAL: dict[str, str] = {"f***": "fuck", "s***": "shit", "b****": "bitch", "f******": "fucking", "a**": "ass"}
"""Words that everybody reads from the first letter and the number of stars."""
