"""What commands, menus and forms are called in other languages than English.

Discord shows people the words of their own client's language, and English where there are none.
A command is named by its name, an option by "command.option"; the bot itself only ever hears the
English names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Told = tuple[str, str]
"""A name, as it is typed, and one line of description."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language.

    Attributes:
        commands: Names and descriptions of commands and their options.
        menus: Names of the menu commands, by what they do.
        question: Label of the form's only field.
    """

    commands: Mapping[str, Told]
    menus: Mapping[str, str]
    question: str


THREAD = "thread"
THREAD_TOLD = "Another conversation of yours in this channel"
QUESTION = "What do you want to know about it?"
MENUS = {
    "ask": "Ask about this",
    "summary": "Summarise from here",
    "forget": "Forget this thread",
}
"""The menu commands of messages: the command that each calls, and its English name."""

_GERMAN = Words(
    commands={
        "ask": ("fragen", "Frag mich etwas nur für dich; sonst sieht es niemand"),
        "ask.question": ("frage", "Was du wissen möchtest"),
        "summary": ("zusammenfassung", "Diesen Thread zusammenfassen, nur für deine Augen"),
        "summary.share": ("teilen", "Allen im Thread zeigen"),
        "forget": ("vergessen", "Alles löschen, was ich über diesen Thread aufbewahre"),
        "stop": ("stopp", "Die Antwort beenden, die gerade entsteht; ihr Text bleibt"),
        "usage": ("verbrauch", "Nachrichten, Tokens und Kosten dieses Threads bisher"),
        "export": ("export", "Dieses Gespräch als Datei: Markdown und JSON"),
        "help": ("hilfe", "Was ich kann und wie man mit mir spricht"),
        "settings": ("einstellungen", "Wann ich in diesem Kanal antworte"),
        "imagine": ("bild", "Ein Bild nach deiner Beschreibung malen"),
        "leave": ("verlassen", "Ich halte mich aus diesem Thread heraus"),
        THREAD: ("thread", "Ein anderes deiner Gespräche in diesem Kanal"),
    },
    menus={
        "ask": "Dazu etwas fragen",
        "summary": "Ab hier zusammenfassen",
        "forget": "Diesen Thread vergessen",
    },
    question="Was möchtest du darüber wissen?",
)
_FRENCH = Words(
    commands={
        "ask": (
            "demander",
            "Une question rien que pour toi ; personne d'autre ne la voit",
        ),
        "ask.question": ("question", "Ce que tu veux savoir"),
        "summary": ("résumé", "Résumer ce fil, pour toi seul"),
        "summary.share": ("partager", "Le montrer à tout le monde dans le fil"),
        "forget": ("oublier", "Effacer tout ce que je garde de ce fil"),
        "stop": ("arrêter", "Interrompre la réponse en cours ; son texte reste"),
        "usage": ("consommation", "Messages, jetons et coût de ce fil jusqu'ici"),
        "export": ("exporter", "Cette conversation dans un fichier : Markdown et JSON"),
        "help": ("aide", "Ce que je sais faire et comment me parler"),
        "settings": ("réglages", "Quand je réponds dans ce salon"),
        "imagine": ("image", "Dessiner une image d'après ta description"),
        "leave": ("partir", "Je me retire de ce fil"),
        THREAD: ("fil", "Une autre de tes conversations dans ce salon"),
    },
    menus={
        "ask": "Poser une question là-dessus",
        "summary": "Résumer à partir d'ici",
        "forget": "Oublier ce fil",
    },
    question="Que veux-tu savoir à ce sujet ?",
)
_SPANISH = Words(
    commands={
        "ask": ("preguntar", "Pregúntame algo solo para ti; nadie más lo ve"),
        "ask.question": ("pregunta", "Lo que quieres saber"),
        "summary": ("resumen", "Resumir este hilo, solo para ti"),
        "summary.share": ("compartir", "Mostrarlo a todos en el hilo"),
        "forget": ("olvidar", "Borrar todo lo que guardo de este hilo"),
        "stop": ("detener", "Terminar la respuesta en curso; su texto se queda"),
        "usage": ("consumo", "Mensajes, tokens y coste de este hilo hasta ahora"),
        "export": ("exportar", "Esta conversación como archivo: Markdown y JSON"),
        "help": ("ayuda", "Qué sé hacer y cómo hablar conmigo"),
        "settings": ("ajustes", "Cuándo respondo en este canal"),
        "imagine": ("imagen", "Dibujar una imagen según tu descripción"),
        "leave": ("salir", "Me aparto de este hilo"),
        THREAD: ("hilo", "Otra de tus conversaciones en este canal"),
    },
    menus={
        "ask": "Preguntar sobre esto",
        "summary": "Resumir desde aquí",
        "forget": "Olvidar este hilo",
    },
    question="¿Qué quieres saber sobre esto?",
)
_JAPANESE = Words(
    commands={
        "ask": ("質問", "自分だけに見える質問をする"),
        "ask.question": ("内容", "知りたいこと"),
        "summary": ("要約", "このスレッドを自分だけに要約する"),
        "summary.share": ("共有", "スレッドの全員に見せる"),
        "forget": ("忘れる", "このスレッドについて保存した内容をすべて消す"),
        "stop": ("停止", "書いている途中の回答を終える(書いた分は残る)"),
        "usage": ("使用量", "このスレッドのメッセージ数、トークン数、費用"),
        "export": ("書き出し", "この会話をファイルで受け取る(Markdown と JSON)"),
        "help": ("ヘルプ", "できることと話しかけ方"),
        "settings": ("設定", "このチャンネルでいつ答えるか"),
        "imagine": ("画像", "説明をもとに画像を描く"),
        "leave": ("退出", "このスレッドに口を出さない"),
        THREAD: ("スレッド", "このチャンネルでの自分の別の会話"),
    },
    menus={
        "ask": "これについて質問",
        "summary": "ここから要約",
        "forget": "このスレッドを忘れる",
    },
    question="これについて何を知りたいですか?",
)
_PORTUGUESE = Words(
    commands={
        "ask": ("perguntar", "Pergunte algo só para você; ninguém mais vê"),
        "ask.question": ("pergunta", "O que você quer saber"),
        "summary": ("resumo", "Resumir este tópico, só para você"),
        "summary.share": ("compartilhar", "Mostrar a todos no tópico"),
        "forget": ("esquecer", "Apagar tudo o que guardo deste tópico"),
        "stop": ("parar", "Encerrar a resposta em andamento; o texto dela fica"),
        "usage": ("consumo", "Mensagens, tokens e custo deste tópico até agora"),
        "export": ("exportar", "Esta conversa como arquivo: Markdown e JSON"),
        "help": ("ajuda", "O que eu sei fazer e como falar comigo"),
        "settings": ("ajustes", "Quando eu respondo neste canal"),
        "imagine": ("imagem", "Desenhar uma imagem a partir da sua descrição"),
        "leave": ("sair", "Eu me retiro deste tópico"),
        THREAD: ("tópico", "Outra conversa sua neste canal"),
    },
    menus={
        "ask": "Perguntar sobre isto",
        "summary": "Resumir a partir daqui",
        "forget": "Esquecer este tópico",
    },
    question="O que você quer saber sobre isto?",
)

LANGUAGES: Mapping[str, Words] = {
    "de": _GERMAN,
    "es-419": _SPANISH,
    "es-ES": _SPANISH,
    "fr": _FRENCH,
    "ja": _JAPANESE,
    "pt-BR": _PORTUGUESE,
}
"""By Discord's names of locales."""


def localised(key: str) -> dict[str, dict[str, str]]:
    """The fields that translate a command ("summary") or an option ("summary.share").

    Empty where no language knows it.
    """
    known = {locale: words.commands.get(key) for locale, words in LANGUAGES.items()}
    told = {locale: found for locale, found in known.items() if found is not None}
    if not told:
        return {}
    return {
        "name_localizations": {locale: name for locale, (name, _) in told.items()},
        "description_localizations": {locale: line for locale, (_, line) in told.items()},
    }


def menu_names(command: str) -> dict[str, str]:
    """What the menu command of a command is called in other languages."""
    return {locale: words.menus[command] for locale, words in LANGUAGES.items()}


def form_words(locale: str) -> tuple[str, str]:
    """Title of the form, and label of its field, in the language of somebody's client."""
    words = LANGUAGES.get(locale)
    if words is None:
        return MENUS["ask"], QUESTION
    return words.menus["ask"], words.question
