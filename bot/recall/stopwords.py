"""Words that say nothing about what is looked for."""

from __future__ import annotations

ASKING = frozenset(
    """who whom whose what which when where why how whats whos hows wheres whens whys
    tell know remember recall please anybody anyone somebody someone""".split()
)
"""Those of which questions are made."""

COMMON = frozenset(
    """a an the this that these those there here and or but nor so if then else than as of at by
    for with about against between into through during before after above below to from up down in
    out on off over under again further once only own same too very just also
    i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his
    himself she her hers herself it its itself they them their theirs themselves
    am is are was were be been being have has had having do does did doing done will would shall
    should can could may might must ought let lets get got
    not no any some all both each few more most other such im ive youre theyre dont doesnt didnt
    isnt arent wasnt werent cant couldnt wont wouldnt shouldnt hasnt havent hadnt
    и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне
    было вот от меня еще нет о из ему кто что где когда почему какой какая какие это""".split()
)
"""Those that every sentence has."""

STOPWORDS = ASKING | COMMON
