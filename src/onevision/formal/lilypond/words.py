"""The words of LilyPond that the checker knows."""

import re

DUTCH = re.compile(r"[a-g](?:isis|eses|ises|is|es|ih|eh|s|ses)?|as(?:es)?|es(?:es)?")
ENGLISH = re.compile(r"[a-g](?:ss|ff|s|f|x|-sharp|-flat|sharp|flat|qs|qf)?")
ITALIAN = re.compile(r"(?:do|re|mi|fa|sol|la|si)(?:dd|bb|d|b)?")
LANGUAGES = {"english": ENGLISH, "nederlands": DUTCH, "italiano": ITALIAN, "français": ITALIAN, "español": ITALIAN, "catalan": ITALIAN}
DURATIONS = {"1", "2", "4", "8", "16", "32", "64", "128", "256"}
MODES = ("major", "minor", "ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "locrian")
PLAIN = set(
    """f ff fff ffff p pp ppp pppp mf mp sf sfz sfp fp rfz fz n cresc decresc dim cr decr endcr enddecr < > ! ( ) [ ] staccato accent
    tenuto marcato portato staccatissimo fermata shortfermata longfermata trill prall mordent turn reverseturn upbow downbow flageolet
    open stopped snappizzicato thumb segno coda varcoda espressivo upprall downprall prallprall lineprall startTrillSpan stopTrillSpan
    startTextSpan stopTextSpan sustainOn sustainOff sostenutoOn sostenutoOff unaCorda treCorde glissando arpeggio laissezVibrer repeatTie
    breathe voiceOne voiceTwo voiceThree voiceFour oneVoice stemUp stemDown stemNeutral slurUp slurDown slurNeutral tieUp tieDown
    tieNeutral dynamicUp dynamicDown dynamicNeutral autoBeamOff autoBeamOn cadenzaOn cadenzaOff break noBreak pageBreak
    numericTimeSignature defaultTimeSignature hideNotes unHideNotes tiny small teeny normalsize huge melisma melismaEnd major minor ionian
    dorian phrygian lydian mixolydian aeolian locrian phrasingSlurUp phrasingSlurDown tupletUp tupletDown arpeggioArrowUp
    arpeggioArrowDown noBeam harmonic textLengthOn textLengthOff compressEmptyMeasures expandEmptyMeasures default fine section caesura
    shiftOn shiftOff mergeDifferentlyHeadedOn mergeDifferentlyDottedOn improvisationOn improvisationOff xNotesOn xNotesOff""".split()
)
"""Commands that stand alone."""

CONTEXTS = set(
    """Score Staff StaffGroup ChoirStaff PianoStaff GrandStaff Voice Lyrics ChordNames TabStaff TabVoice DrumStaff DrumVoice
    RhythmicStaff Dynamics FiguredBass Devnull NullVoice FretBoards NoteNames Timing CueVoice InnerStaffGroup VaticanaStaff
    MensuralStaff Global""".split()
)
CLEFS = re.compile(
    r"(treble|violin|G2?|alto|C|tenor|bass|F|soprano|mezzosoprano|baritone|french|subbass|varbaritone|percussion|tab|moderntab)"
    r"([_^][\[(]?\d+[\])]?)?"
)
ALIASES = {
    "times": "tuplet", "acciaccatura": "grace", "appoggiatura": "grace", "slashedGrace": "grace", "fixed": "relative", "context": "new",
    "addlyrics": "lyrics", "lyricmode": "lyrics", "chordmode": "chords", "unset": "revert", "set": "override", "hide": "revert",
    "omit": "revert", "absolute": "grace", "textMark": "mark", "notemode": "grace",
}  # fmt: skip
"""Commands that read like another."""
