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

GLUE: frozenset[str] = _words(
    "you your youre ur u r are a an the and so such is it to go get i me my we they he she all off up of in on no not"
    " nobody everyone likes like hates want wants here just shut stop please what that this will be who"
)
"""Common words between hidden ones, needed to cut a run of spaced letters into words."""
